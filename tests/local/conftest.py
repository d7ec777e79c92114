"""Clients of the session's embedded AWS, which tests.support.hand_made starts."""

import uuid

import pytest

from signals.local import process
from tests.support.embedded import Aws


@pytest.fixture
def name() -> str:
    """A name no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session")
def aws(embedded: process.Local) -> Aws:
    return Aws(embedded.aws_url)
