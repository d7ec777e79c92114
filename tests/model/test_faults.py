"""Every fault that can be drawn does something, wherever it can be drawn; and what AWS does while a service is down."""

import pytest

from signals.model.clock import HOUR_S
from signals.model.faults import OF_FUNCTIONS, Fault, FaultKind
from signals.model.operator import Operator
from tests.model.support import PRIMARY, SECONDARY, Place, hours, places, plan, platform_of

# Both Regions' EventBridge is down, so that the spools fill; then the primary's alone, and what came in is replayed.
_BUSY = [
    Fault(FaultKind.EVENTBRIDGE, PRIMARY, HOUR_S, 1.3 * HOUR_S),
    Fault(FaultKind.EVENTBRIDGE, SECONDARY, HOUR_S, 1.3 * HOUR_S),
    Fault(FaultKind.EVENTBRIDGE, PRIMARY, 2 * HOUR_S, 4 * HOUR_S),
]


def seen(*faults: Fault) -> object:
    """What became of some signals in a busy day with these faults too."""
    platform = platform_of(None, [*_BUSY, *faults], sent_s=[*hours(1, 1.2, 6), *hours(2, 5, 12)])
    operator = Operator(platform)
    platform.clock.at(10 * HOUR_S, operator.replay_as_planned)
    operator.recover(40 * HOUR_S)
    ledger = platform.ledger
    # Heartbeats are sent one by one only around the beginnings and ends of faults.
    counts = {
        what: n for what, n in ledger.counts.items() if "heartbeat" not in what and what != "PutEvents that failed"
    }
    return ledger.lake, ledger.reached, ledger.acknowledged, counts, ledger.dropped, platform.probes.history


def _named(place: Place) -> str:
    return " ".join(filter(None, place))


@pytest.mark.parametrize("place", places(), ids=_named)
def test_a_fault_does_something_wherever_it_can_be_drawn(place: Place) -> None:
    kind, region, of = place
    assert seen(Fault(kind, region, 0.5 * HOUR_S, 39 * HOUR_S, of=of)) != seen()


_NOWHERE: list[Place] = [
    (kind, region, None)
    for kind in FaultKind
    for region in (PRIMARY, SECONDARY)
    if (kind, region, None) not in places()
] + [
    (kind, PRIMARY, of)
    for kind in OF_FUNCTIONS
    for of in sorted({function.folder for function in plan().functions})
    if (kind, PRIMARY, of) not in places()
]


@pytest.mark.parametrize("place", _NOWHERE, ids=_named)
def test_a_fault_that_is_not_drawn_somewhere_does_nothing_there(place: Place) -> None:
    kind, region, of = place
    assert seen(Fault(kind, region, 0.5 * HOUR_S, 39 * HOUR_S, of=of)) == seen()


def test_eventbridge_tries_nothing_again_while_it_is_down_itself() -> None:
    # A rule's tries end after 3 hours here: made while EventBridge is down, they would end in the dead-letter queue.
    down = [Fault(FaultKind.STALLED, PRIMARY, 1.2 * HOUR_S, 40 * HOUR_S)]
    no_lambda = [Fault(FaultKind.LAMBDA_API, PRIMARY, HOUR_S, 39 * HOUR_S, of="enrichment")]
    platform = platform_of(None, down + no_lambda, sent_s=[1.1 * HOUR_S], longest_pause_s=60.0)
    platform.clock.run()
    assert (len(platform.ledger.lake), platform.ledger.counts["dead letters"]) == (1, 0)


def test_what_a_dead_letter_queue_cannot_take_is_dropped_and_replayed_as_the_plan_says() -> None:
    down = [Fault(FaultKind.SQS, PRIMARY, HOUR_S, 31 * HOUR_S)]
    platform = platform_of(None, down, sent_s=hours(1, 3, 30))
    operator = Operator(platform)
    platform.clock.run(31 * HOUR_S)
    assert any(
        "the dead-letter queue is down" in drop.why for drops in platform.ledger.dropped.values() for drop in drops
    )
    operator.recover(31 * HOUR_S, replay=False)
    assert len(platform.ledger.reached["signals-prod-orders"]) < 20
    operator.replay_as_planned()
    platform.clock.run()
    assert len(platform.ledger.reached["signals-prod-orders"]) == 20


def test_what_a_failure_destination_cannot_take_is_dropped() -> None:
    down = [
        Fault(FaultKind.SQS, PRIMARY, HOUR_S, 3 * HOUR_S),
        Fault(FaultKind.FUNCTION_ERRORS, PRIMARY, HOUR_S, 3 * HOUR_S, of="enrichment"),
    ]
    platform = platform_of(None, down, sent_s=hours(1, 2, 10))
    platform.clock.run(4 * HOUR_S)
    assert any("destination is down" in drop.why for drops in platform.ledger.dropped.values() for drop in drops)
    Operator(platform).recover(4 * HOUR_S)
    assert len(platform.ledger.lake) == 10


def test_a_queue_of_asynchronous_invocations_ages_out_after_six_hours() -> None:
    throttled = [Fault(FaultKind.THROTTLED, PRIMARY, HOUR_S, 9 * HOUR_S, of="enrichment")]
    platform = platform_of(None, throttled, sent_s=[1.5 * HOUR_S, 4 * HOUR_S])
    platform.clock.run(10 * HOUR_S)
    # The first is too old by 7.5 h; the second is tried until Lambda has concurrency again.
    assert (len(platform.ledger.lake), platform.ledger.counts["dead letters"]) == (1, 1)


def test_a_replay_that_fails_is_started_again_and_is_not_taken_for_complete() -> None:
    failing = [*_BUSY, Fault(FaultKind.REPLAY, SECONDARY, 9 * HOUR_S, 12 * HOUR_S)]
    platform = platform_of(None, failing, sent_s=hours(2, 5, 12))
    operator = Operator(platform)
    platform.clock.run(10 * HOUR_S)
    operator.replay_as_planned()
    platform.clock.run(11 * HOUR_S)
    assert platform.ledger.counts["replays that failed"] > 0
    assert platform.archives_of(SECONDARY, plan().endpoint.bus)[0].replayed == []
    platform.clock.run(14 * HOUR_S)
    assert platform.archives_of(SECONDARY, plan().endpoint.bus)[0].replayed != []
    assert platform.ledger.duplicates > 0
