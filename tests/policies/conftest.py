from __future__ import annotations

import pytest

from signals.record import record
from signals.recording import Recording


@pytest.fixture(scope="session")
def prod() -> Recording:
    return record("prod")


@pytest.fixture(scope="session", params=["local", "dev", "prod"])
def platform(request: pytest.FixtureRequest) -> Recording:
    return record(request.param)
