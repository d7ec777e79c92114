from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack_files import stack_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings_of() -> Callable[[str], dict[str, Any]]:
    """A stack's settings as a mapping to change."""
    return stack_settings


@pytest.fixture(scope="session")
def prod() -> Recording:
    return record("prod")


@pytest.fixture(scope="session")
def dev() -> Recording:
    return record("dev")


@pytest.fixture(scope="session")
def local() -> Recording:
    return record("local")


@pytest.fixture(scope="session", params=["prod", "dev", "local"])
def platform(request: pytest.FixtureRequest) -> Recording:
    """Each stack in turn: what every stack must have."""
    return request.getfixturevalue(request.param)
