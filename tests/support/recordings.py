from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from signals.recording.record import record
from signals.recording.resources import Recording

ROOT = Path(__file__).parents[2]


@cache
def stack_settings(stack: str) -> Mapping[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["signals:settings"]


@pytest.fixture
def settings_of() -> Callable[[str], dict[str, Any]]:
    """A stack's settings as a mapping to change."""
    return lambda stack: copy.deepcopy(dict(stack_settings(stack)))


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
