"""Outages in which signals were lost by operators who did as they were told: the plan of a replay must find each."""

import itertools

import pytest

from signals.model.clock import HOUR_S, MINUTE_S
from signals.model.faults import Fault, FaultKind
from signals.model.operator import Operator
from signals.model.platform import Platform
from tests.model.support import PRIMARY, SECONDARY, hours, platform_of

DOWN, CUT = FaultKind.EVENTBRIDGE, FaultKind.REPLICATION
Piece = tuple[float, float]


def after(faults: list[Fault], pause_s: float = 488.0, *, replay: bool = True) -> Platform:
    """What became of the signals sent before, during and after some faults, once the runbook has been followed."""
    end_s = max(fault.end_s for fault in faults)
    sent_s = hours(0.2, end_s / HOUR_S + 1, 160)
    platform = platform_of(None, faults, sent_s=sent_s, longest_pause_s=pause_s)
    Operator(platform).recover(max(end_s, *sent_s), replay=replay)
    return platform


def out(*pieces: Piece, kind: FaultKind = DOWN, region: str = PRIMARY) -> list[Fault]:
    return [Fault(kind, region, start * HOUR_S, end * HOUR_S) for start, end in pieces]


CUT_BOTH_WAYS = [*out((1, 40), kind=CUT), *out((1, 40), kind=CUT, region=SECONDARY)]
KNOWN = {
    "40 h with one recovery of 7 minutes 2 h before its end": out((1, 39), (39 + 7 / 60, 41)),
    "30 h, and a relapse of 20 minutes 3 h later": out((1, 31), (34, 34 + 1 / 3)),
    "0.33 h to 0.72 h and 0.82 h to 24.43 h": out((0.33, 0.72), (0.82, 24.43)),
    "replication cut from 1 h to 40 h, an outage from 10 h to 20 h": [*CUT_BOTH_WAYS, *out((10, 20))],
    "replication cut for longer than the alarm": [*out((9, 50), kind=CUT, region=SECONDARY), *out((10, 10.5))],
    "an hour out of every two, for two days": out(*((hour, hour + 1) for hour in range(1, 48, 2))),
    "50 minutes out of every 24 hours": out(*((day * 24 + 1, day * 24 + 1.83) for day in range(3))),
    "accepted and not delivered, then refused": [*out((1, 4), kind=FaultKind.STALLED), *out((4, 34))],
}


@pytest.mark.parametrize("pause_s", [60.0, 300.0, 488.0])
@pytest.mark.parametrize("faults", KNOWN.values(), ids=KNOWN)
def test_the_plan_finds_all_of_it(faults: list[Fault], pause_s: float) -> None:
    platform = after(faults, pause_s)
    assert len(platform.ledger.acknowledged) == 160
    assert platform.ledger.lost == []


def test_outages_of_all_lengths_with_replication_cut_in_all_ways() -> None:
    for cut, start, length in itertools.product((1, 3, 5, 30), (2, 9), (0.5, 2, 20)):
        faults = [*out((1, 1 + cut), kind=CUT, region=SECONDARY), *out((start, start + length))]
        assert after(faults).ledger.lost == [], (cut, start, length)


@pytest.mark.parametrize("faults", [KNOWN["30 h, and a relapse of 20 minutes 3 h later"], out((1, 9))])
def test_without_the_replay_they_are_lost(faults: list[Fault]) -> None:
    assert after(faults, 60.0, replay=False).ledger.lost


def test_a_second_plan_leaves_out_what_the_first_replayed() -> None:
    faults = out((1, 31), (50, 60))
    platform = platform_of(None, faults, sent_s=hours(0.2, 61, 160))
    operator = Operator(platform)
    for hour in (32, 62):
        platform.clock.run(hour * HOUR_S)
        operator.replay_as_planned()
        platform.clock.run(hour * HOUR_S + 30 * MINUTE_S)
    platform.clock.run()
    assert platform.ledger.lost == []
    first, second = [step.partition("came in from ")[2].split() for step in operator.steps]
    assert (first[0], second[0]) == ("2026-01-01T00:55Z", "2026-01-03T01:55Z")
