"""No alarm while nothing is wrong, however quiet; and each alarm when what it is for happens."""

from collections.abc import Sequence
from itertools import product

import pytest

from components import resource_types as types
from signals.model.clock import DAY_S, HOUR_S, MINUTE_S
from signals.model.faults import Fault, FaultKind
from tests.model.cloudwatch import CloudWatch
from tests.model.support import PRIMARY, SECONDARY, changed, platform_of, recorded

BOTH = (PRIMARY, SECONDARY)


def alarms_of(stack: str, faults: Sequence[Fault], sent_s: Sequence[float], until_s: float) -> set[str]:
    """Names of the alarms that were in ALARM, each after its Region, without the stack's own name."""
    recording = recorded(stack)
    platform = platform_of(recording, faults, sent_s=sent_s)
    watch = CloudWatch(recording, platform, until_s)
    platform.clock.run(until_s)
    return {f"{region} {name.removeprefix(f'signals-{stack}-')}" for region, name in watch.in_alarm()}


def out(kind: FaultKind, regions: Sequence[str] = BOTH, *, hours: float, of: str | None = None) -> list[Fault]:
    return [Fault(kind, region, MINUTE_S, MINUTE_S + hours * HOUR_S, of=of) for region in regions]


@pytest.mark.parametrize("stack", ["prod", "dev", "local"])
@pytest.mark.parametrize("sent_s", [(), [n * 600.0 for n in range(1, 150)]], ids=["no signals", "one in ten minutes"])
def test_nothing_alarms_in_a_day_in_which_nothing_is_wrong(stack: str, sent_s: Sequence[float]) -> None:
    assert alarms_of(stack, [], sent_s, 26 * HOUR_S) == set()


STEADY = [n * 20.0 for n in range(1, 1_000)]  # a signal every 20 s for 5.5 hours
TROUBLE: dict[str, tuple[list[Fault], set[str]]] = {
    "the endpoint refuses": (
        out(FaultKind.EVENTBRIDGE, hours=2),
        {
            *(f"{region} {name}" for region, name in product(BOTH, ("spool-waits", "spool-holds-messages"))),
            *(f"{region} probe-missing" for region in BOTH),
            f"{PRIMARY} ingress-latency",
        },
    ),
    "neither the endpoint nor the spool takes signals": (
        [*out(FaultKind.EVENTBRIDGE, hours=1), *out(FaultKind.SQS, hours=1)],
        {f"{region} ingest-unavailable" for region in BOTH},
    ),
    "a function is throttled": (
        out(FaultKind.THROTTLED, [PRIMARY], hours=1, of="enrichment"),
        {f"{PRIMARY} enrichment-throttled"},
    ),
    "a function gives up": (
        out(FaultKind.FUNCTION_ERRORS, [PRIMARY], hours=1, of="enrichment"),
        {f"{PRIMARY} enrichment-dropped", f"{PRIMARY} enrichment-failed-holds-messages"},
    ),
    "a function gives up and its failure queue is down": (
        [*out(FaultKind.FUNCTION_ERRORS, [PRIMARY], hours=1), *out(FaultKind.SQS, [PRIMARY], hours=1)],
        {f"{PRIMARY} enrichment-lost"},
    ),
    "Firehose refuses": (out(FaultKind.LAKE, [PRIMARY], hours=1), {f"{PRIMARY} lake-throttled"}),
}


@pytest.mark.parametrize(("faults", "expected"), TROUBLE.values(), ids=TROUBLE)
def test_an_alarm_goes_off_when_what_it_is_for_happens(faults: list[Fault], expected: set[str]) -> None:
    assert expected - alarms_of("prod", faults, STEADY, 6 * HOUR_S) == set()


def test_what_a_rule_and_its_dead_letter_queue_refuse_for_a_day_is_an_alarm() -> None:
    faults = out(FaultKind.SQS, [PRIMARY], hours=30)
    assert f"{PRIMARY} orders-undelivered" in alarms_of("prod", faults, STEADY, 32 * HOUR_S)


def test_minutes_of_a_failover_are_no_wait_that_is_too_long() -> None:
    faults = out(FaultKind.EVENTBRIDGE, [PRIMARY], hours=8 / 60)
    found = alarms_of("prod", faults, STEADY, 6 * HOUR_S)
    assert f"{PRIMARY} spool-holds-messages" in found
    assert not [name for name in found if name.endswith("-waits")]


def test_a_queue_that_nobody_reads_is_an_alarm_after_two_days() -> None:
    recording = recorded("prod")
    platform = platform_of(recording, sent_s=[HOUR_S, HOUR_S])
    (queue,) = [q for q in platform.queues.values() if q.plan.name == "signals-prod-orders"]
    queue.on_message = lambda _when_s: None
    watch = CloudWatch(recording, platform, 3 * DAY_S)
    platform.clock.run(3 * DAY_S)
    assert watch.in_alarm()[PRIMARY, "signals-prod-orders-waits"] in range(48 * 60 + 60, 48 * 60 + 75)


def test_a_threshold_that_a_quiet_stack_breaches_is_seen() -> None:
    """The test above can fail."""
    nervous = changed(types.ALARM, "probe-missing-us-east-1", lambda i: i.update(threshold=2))
    platform = platform_of(nervous)
    watch = CloudWatch(nervous, platform, HOUR_S)
    platform.clock.run(HOUR_S)
    assert set(watch.in_alarm()) == {(SECONDARY, "signals-prod-probe-missing")}
