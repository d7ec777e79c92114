"""What `status` says of a stack."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signals.observe.health import last_report
from signals.observe.status import status
from signals.recover.drains import drains
from signals.stack import Stack
from signals.terminal.console import plain
from tests.support.hand_made import PRIMARY, SECONDARY


def test_the_healthy_endpoint_points_to_the_primary(hand_made: Stack) -> None:
    endpoint = status(hand_made).endpoint
    assert endpoint is not None
    assert (endpoint.name, endpoint.active_region, endpoint.replication) == ("hand-made", PRIMARY, "ENABLED")
    assert endpoint.health_check.healthy
    assert not endpoint.health_check.inverted


def test_the_inverted_endpoint_points_to_the_secondary(hand_made: Stack) -> None:
    endpoint = status(hand_made).endpoint
    assert endpoint is not None
    route53 = hand_made.aws.client("route53", PRIMARY)
    route53.update_health_check(HealthCheckId=endpoint.health_check.id, Inverted=True)
    try:
        inverted = status(hand_made).endpoint
    finally:
        route53.update_health_check(HealthCheckId=endpoint.health_check.id, Inverted=False)
    assert inverted is not None
    assert (inverted.active_region, inverted.health_check.inverted) == (SECONDARY, True)


def test_both_regions_show_their_buses_archive_and_queues(hand_made: Stack) -> None:
    found = status(hand_made)
    primary, secondary = found.regions[PRIMARY], found.regions[SECONDARY]
    assert (primary.role, secondary.role) == ("primary", "secondary")
    assert [bus.name for bus in primary.buses] == ["hand-made-ingress"]
    assert primary.archive is None
    assert secondary.archive is not None
    assert secondary.archive.events == 1
    assert {queue.name: queue.visible for queue in primary.queues} == {
        "hand-made-orders": 0,
        "hand-made-orders-dlq": 2,
        "hand-made-quarantine": 1,
        "hand-made-spool": 1,
    }, "the queue of the stack hand-made-dev must not be counted"
    assert {queue.name for queue in primary.queues if queue.is_failure_queue} == {
        "hand-made-orders-dlq",
        "hand-made-quarantine",
    }


def test_status_as_json_has_what_programs_rely_on(hand_made: Stack) -> None:
    found: dict[str, Any] = json.loads(json.dumps(status(hand_made), default=plain))
    assert found["write_key"] == "local-write-key"
    assert found["endpoint"]["active_region"] == PRIMARY
    assert set(found["regions"]) == {PRIMARY, SECONDARY}
    assert {"url", "deployed", "stack"} <= found.keys()
    [quarantine] = [q for q in found["regions"][PRIMARY]["queues"] if q["name"] == "hand-made-quarantine"]
    assert quarantine == {"name": "hand-made-quarantine", "visible": 1, "in_flight": 0, "troubled": True}


AT = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("points", "healthy", "said"),
    [
        ([(AT, 1.0)], True, "Success: HealthCheckStatus was 1 at 12:00 UTC"),
        ([(AT, 0.0)], False, "Failure: HealthCheckStatus was 0 at 12:00 UTC"),
        ([(AT + timedelta(minutes=2), 0.0), (AT, 1.0)], False, "Failure: HealthCheckStatus was 0 at 12:02 UTC"),
        ([(AT, 0.0), (AT + timedelta(minutes=1), 1.0)], True, "Success: HealthCheckStatus was 1 at 12:01 UTC"),
    ],
)
def test_the_last_minute_of_the_metric_decides(points: list[tuple[datetime, float]], healthy: bool, said: str) -> None:
    assert last_report(points) == (healthy, (said,))


def test_without_a_value_nothing_has_been_reported() -> None:
    assert last_report([]) == (None, ())


def test_the_check_is_read_from_the_metric_and_not_by_a_call_that_is_for_development(
    hand_made: Stack,
) -> None:
    asked: list[str] = []
    route53 = hand_made.aws.client("route53", PRIMARY)
    route53.meta.events.register("before-call.route53.*", lambda model, **_: asked.append(model.name))
    endpoint = status(hand_made).endpoint
    assert endpoint is not None
    assert endpoint.health_check.reports[0].startswith("Success: HealthCheckStatus was 1 at")
    assert asked == ["GetHealthCheck"]


def test_a_spool_that_no_function_reads_is_told_on_this_machine_too(hand_made: Stack) -> None:
    [drain] = drains(hand_made, {PRIMARY: status(hand_made).regions[PRIMARY].queues})
    assert (drain.queue, drain.messages, drain.seconds, drain.in_time) == ("hand-made-spool", 1, None, False)
    assert drain.retention_s > 0
