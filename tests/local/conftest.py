"""One embedded AWS a test session, on free ports, in a home of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from signals.local import process
from tests.support.embedded import Aws, free_port


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Local]:
    home = tmp_path_factory.mktemp("embedded-aws")
    yield process.start(home, aws_port=free_port(), port=free_port())
    process.stop(home)


@pytest.fixture
def name() -> str:
    """A name no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session")
def aws(local: process.Local) -> Aws:
    return Aws(local.aws_url)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own; whatever runs there is stopped."""
    yield tmp_path
    process.stop(tmp_path)
