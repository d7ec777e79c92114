"""How long the spool and the return queue take to drain, and whether SQS keeps their messages that long."""

import io
import json
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from signals.cli.app import app
from signals.cli.views import observe as views
from signals.observe.queues import QueueStatus
from signals.observe.status import StackStatus
from signals.recover.drains import Drain, drains
from tests.recover.support import ScriptedStack
from tests.support.hand_made import PRIMARY, SECONDARY

DAY_S = 86_400
SPOOL, RETURN = "hand-made-spool", "hand-made-return"


class Sqs:
    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"QueueUrls": [f"https://sqs/{name}" for name in (SPOOL, RETURN)]}]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"MessageRetentionPeriod": str(14 * DAY_S)}}


class Metrics:
    def __init__(self, **values: float) -> None:
        self.values = values

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        value = self.values.get(asked["MetricName"])
        return {"Datapoints": [] if value is None else [{asked["Statistics"][0]: value}]}


class Functions:
    """A function that takes ten messages fifty times at once, and the account's own concurrency."""

    state = "Enabled"

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": 5_000}}

    def list_event_source_mappings(self, **_: str) -> dict[str, Any]:
        scaling = {"MaximumConcurrency": 50}
        return {"EventSourceMappings": [{"BatchSize": 10, "ScalingConfig": scaling, "State": self.state}]}


def found(stack: ScriptedStack, name: str, messages: int, *, state: str = "Enabled", **metrics: float) -> list[Drain]:
    functions = Functions()
    functions.state = state
    stack.answers.update({"sqs": Sqs(), "cloudwatch": Metrics(**metrics), "lambda": functions})
    queue = QueueStatus(name, messages - 1 if messages else 0, 1 if messages else 0, is_failure_queue=False)
    return drains(stack, {PRIMARY: [], SECONDARY: [queue]})


@pytest.mark.parametrize("name", [SPOOL, RETURN])
def test_what_waits_drains_as_fast_as_the_invocations_quota_leaves_room_for(scripted: ScriptedStack, name: str) -> None:
    [drain] = found(scripted, name, 1_000_000, InvocationsCreated=9_000 * 60.0, ApproximateAgeOfOldestMessage=DAY_S)
    # An event of 25 signals with two consumers takes 51 invocations; a tenth of the quota stays free.
    assert drain.per_second == pytest.approx((0.9 * 18_750 - 9_000) / 51)
    assert drain.limit == "EventBridge's invocations throttle limit, 18,750 invocations a second"
    assert drain.seconds == pytest.approx(1_000_000 / drain.per_second)
    assert (drain.region, drain.messages, drain.oldest_s, drain.retention_s) == (
        SECONDARY,
        1_000_000,
        DAY_S,
        14 * DAY_S,
    )
    assert drain.in_time


def test_what_expires_before_it_has_drained_is_not_in_time(scripted: ScriptedStack) -> None:
    busy = {"InvocationsCreated": 16_000 * 60.0}
    [drain] = found(scripted, SPOOL, 10_000_000, **busy, ApproximateAgeOfOldestMessage=10 * DAY_S)
    assert drain.seconds is not None
    assert 4 * DAY_S < drain.seconds < 14 * DAY_S
    assert not drain.in_time
    assert found(scripted, SPOOL, 10_000_000, **busy)[0].in_time, "of young messages"


def test_what_nothing_drains_is_said_to_stay(scripted: ScriptedStack) -> None:
    [full] = found(scripted, SPOOL, 10, InvocationsCreated=18_000 * 60.0)
    [disabled] = found(scripted, RETURN, 10, state="Disabled")
    for drain in (full, disabled):
        assert (drain.per_second, drain.seconds, drain.in_time) == (0, None, False)
    assert "invocations" in full.limit
    assert "disabled" in disabled.limit


def test_empty_queues_and_those_of_consumers_are_not_asked_for(scripted: ScriptedStack) -> None:
    assert found(scripted, SPOOL, 0) == []
    assert found(scripted, "hand-made-orders", 5) == []


def shown(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> str:
    file = io.StringIO()
    monkeypatch.setattr(views, "out", Console(file=file, width=300))
    views.print_drains([drain])
    return file.getvalue()


def test_status_says_hours_and_how_long_sqs_keeps_them(
    scripted: ScriptedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = {"InvocationsCreated": 9_000 * 60.0, "ApproximateAgeOfOldestMessage": DAY_S}
    assert shown(found(scripted, SPOOL, 2_000_000, **live)[0], monkeypatch) == (
        "hand-made-spool (us-east-1): 2,000,000 messages drain in about 3.6 h once EventBridge takes them "
        "(154 a second: EventBridge's invocations throttle limit, 18,750 invocations a second); "
        "SQS keeps them 14.0 days, the oldest is 24.0 h old\n"
    )
    stuck = shown(found(scripted, RETURN, 10, state="Disabled")[0], monkeypatch)
    assert "10 messages do not drain: no function reads it" in stuck


def test_status_as_json_has_what_drains_beside_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    drain = Drain(SECONDARY, SPOOL, 5, 200.0, "as fast as its function", 0.025, None, 14.0 * DAY_S)
    empty = StackStatus("local", True, None, None, {}, None)
    monkeypatch.setattr("signals.cli.commands.observe.look", lambda _: empty)
    monkeypatch.setattr("signals.cli.commands.observe.drains", lambda *_: [drain])
    found = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    assert found.keys() == empty.as_json().keys() | {"draining"}
    assert found["draining"][0]["in_time"]
    assert found["draining"][0]["queue"] == SPOOL
