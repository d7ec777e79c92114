"""Failover, replay and redrive on the deployed local stack."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signals.observe import archives
from signals.recover import failover, redrive, replay, replays
from signals.recover.plan import make_plan
from tests.e2e.test_signals import arrival
from tests.support.deployed import Deployment, order, reconnect, wait_for

PRIMARY, SECONDARY = "us-west-2", "us-east-1"


@pytest.fixture(autouse=True)
def _restored(deployment: Deployment):
    yield
    failover.stop(deployment.stack)


def test_failover_moves_probes_and_signals_to_the_secondary_and_back(deployment: Deployment) -> None:
    before = json.loads(deployment.run("failover", "status", "--json").stdout)
    assert (before["region"], before["settled"], before["way_back"]) == (PRIMARY, True, None)
    assert before["probe"]["seen_in"] == [PRIMARY, SECONDARY]
    started = json.loads(deployment.run("failover", "start", "--json").stdout)
    assert (started["region"], started["held"]) == (SECONDARY, True)
    assert started["way_back"] == "signals failover stop --stack local"
    reconnect(deployment.stack)
    signal = order()
    deployment.send(signal)
    [archived] = arrival(deployment, signal, "archive")
    assert archived.note == "entered here"
    stopped = json.loads(deployment.run("failover", "stop", "--json").stdout)
    assert (stopped["region"], stopped["held"]) == (PRIMARY, False)


def test_the_canary_puts_a_probe_through_the_endpoint_without_being_asked(deployment: Deployment) -> None:
    def seen(region: str) -> bool:
        dimensions = {"EventBusName": deployment.stack.names.ingress_bus, "RuleName": deployment.stack.names.probe}
        now = datetime.now(UTC)
        events = ("AWS/Events", "Invocations", dimensions, now - timedelta(hours=1), now + timedelta(minutes=1))
        return bool(deployment.stack.aws.metric_sum(region, *events))

    def invoked() -> bool:
        functions = deployment.status()["regions"][SECONDARY]["functions"]
        return any(f["name"].endswith("-canary") and f["invocations"] and not f["errors"] for f in functions)

    wait_for("the canary was not invoked", invoked, seconds=90)
    for region in (PRIMARY, SECONDARY):
        wait_for(f"no probe came to {region}", lambda region=region: seen(region))  # type: ignore[misc]


def test_a_replay_does_what_its_plan_says_and_reconciles(deployment: Deployment) -> None:
    stack = deployment.stack

    def replayed() -> list[Any]:
        """Replays, of a drill before this test, of a minute that is not over: they would count as made."""
        return [each for each in replays.into_return_path(stack) if each["EventEndTime"] > datetime.now(UTC)]

    wait_for("a replay ends in the future", lambda: not replayed(), seconds=70)
    failover.start(stack)
    reconnect(stack)
    began = datetime.now(UTC).replace(microsecond=0)
    signals = [order() for _ in range(5)]
    for signal in signals:
        deployment.send(signal)
        arrival(deployment, signal, "lake")
    time.sleep(1)
    planned = make_plan(stack, began, datetime.now(UTC), whole=True)
    held = archives.archived_events(stack, SECONDARY)
    expected = archives.within(held, planned.spans)
    assert planned.archives[SECONDARY].events == len(expected) >= 5
    assert planned.signals == planned.duplicates
    assert {signal["id"] for signal in signals} <= archives.archived_signal_ids(expected)

    result = deployment.run("replay", "start", planned.id, "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["reconciled"] == {
        "exact": True,
        "unit": "signals",
        "archived": planned.signals,
        "arrived": planned.signals,
        "missing": [],
        "complete": True,
        "how": "by id, in the lake or the quarantine",
    }
    assert found["last"]["states"] == {"COMPLETED": len(planned.slices)}
    assert found["last"]["failed"] == 0
    # Each signal of the window came once more, and by the return path: its batch is marked.
    for signal in signals:
        wait_for(
            f"{signal['id']} is not in the lake twice",
            lambda signal=signal: len(arrival(deployment, signal, "lake")) >= 2,  # type: ignore[misc]
        )
    assert archives.archived_events(stack, SECONDARY) == held, "what comes back is not replicated and archived again"
    assert replay.start(stack, planned) == [], "a second start has nothing to do"
    assert {part.start for part in planned.slices} <= {start for start, _ in replays.covered(stack)}


def test_no_probe_or_heartbeat_is_archived(deployment: Deployment) -> None:
    failover.status(deployment.stack)
    assert {event["source"] for event in archives.archived_events(deployment.stack, SECONDARY)} <= {"signals.ingest"}


def test_what_a_function_failed_on_is_sent_back_and_processed(deployment: Deployment) -> None:
    """The record is put where Lambda would put it: enrichment itself has no fault to be given."""
    stack, name = deployment.stack, f"{deployment.stack.settings.name}-enrichment"
    signal = order()
    detail = {
        "batch_id": "redriven",
        "source": "demo",
        "received_at": "2026-03-01T12:00:00.000Z",
        "region": PRIMARY,
        "client": {},
        "signals": [signal],
    }
    event = {
        "account": stack.settings.account_id,
        "source": "signals.ingest",
        "detail-type": "Signal Batch",
        "detail": detail,
    }
    live = stack.aws.client("lambda", PRIMARY).get_alias(FunctionName=name, Name="live")["AliasArn"]
    record = {
        "requestContext": {"functionArn": live, "condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responsePayload": {"errorType": "NothingDeliveredError", "errorMessage": "the data bus took none"},
    }
    sqs = stack.aws.client("sqs", PRIMARY)
    url = sqs.get_queue_url(QueueName=f"{name}-failed")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(record))
    [group] = json.loads(deployment.run("redrive", "--json").stdout)
    assert (group["queue"], group["reason"], group["count"]) == (f"{name}-failed", "NothingDeliveredError", 1)
    shown = json.loads(deployment.run("redrive", "show", f"{name}-failed", "--json").stdout)
    assert json.loads(shown[0]["body"]) == record
    [sent] = json.loads(deployment.run("redrive", "send", f"{name}-failed", "--json").stdout)
    assert (sent["to"], sent["problem"]) == (live, None)
    arrival(deployment, signal, "lake")
    assert redrive.groups(stack) == []
