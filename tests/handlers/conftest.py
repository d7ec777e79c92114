"""AWS as moto plays it, and functions started in it as Lambda would."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from moto import mock_aws

from handlers.shared import clients
from tests.handlers.support import ACCOUNT, REGION, SOURCES

Start = Callable[[str], ModuleType]


@pytest.fixture
def function_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The environment of every function in the primary Region."""
    (tmp_path / "sources.json").write_text(json.dumps(SOURCES))
    queue = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # moto knows the Regional host only; the request is still signed and sent for the endpoint id.
        "AWS_ENDPOINT_URL_EVENTBRIDGE": f"https://events.{REGION}.amazonaws.com",
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "LOG_LEVEL": "INFO",
        "ACCOUNT_ID": ACCOUNT,
        "EVENT_BUS_NAME": "signals-ingress",
        "EVENT_ENDPOINT_ID": "abcde.veo",
        "DATA_BUS_NAME": "signals-data",
        "SPOOL_QUEUE_URL": f"{queue}/signals-spool",
        "QUARANTINE_QUEUE_URL": f"{queue}/signals-quarantine",
        "MAX_SIGNAL_BYTES": "131072",
        "STATE_TABLE": "signals-profile-state",
        "IDEMPOTENCY_TABLE": "signals-profile-idempotency",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def aws(function_environment: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001
    """An AWS with nothing in it."""
    with mock_aws():
        yield


@pytest.fixture
def start(function_environment: pytest.MonkeyPatch) -> Iterator[Start]:  # noqa: ARG001
    """Starts a function as a cold start does: its handler module is imported again."""
    started = []

    def cold_start(name: str) -> ModuleType:
        module = f"handlers.{name}.handler"
        sys.modules.pop(module, None)
        started.append(module)
        return importlib.import_module(module)

    yield cold_start
    for module in started:
        sys.modules.pop(module, None)


@pytest.fixture
def made_clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The AWS clients of the functions that this test starts."""
    made: list[Any] = []
    create = clients._session.create_client

    def create_and_keep(*args: Any, **options: Any) -> Any:
        made.append(create(*args, **options))
        return made[-1]

    monkeypatch.setattr(clients._session, "create_client", create_and_keep)
    return made


@pytest.fixture
def requests() -> Iterator[list[dict[str, Any]]]:
    """Every PutEvents of the functions that this test starts, as it is sent."""
    seen: list[dict[str, Any]] = []
    watched = "provide-client-params.eventbridge.PutEvents", lambda params, **_: seen.append(params)
    clients._session.register(*watched)
    yield seen
    clients._session.unregister(*watched)
