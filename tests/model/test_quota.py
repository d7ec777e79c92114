"""Invocations beyond the account's quota wait, live ones too: a replay that leaves no room causes a failover."""

from dataclasses import dataclass

import pytest

from components.aws_quotas import INVOCATIONS
from signals.model.capacity import Invocations, Limits
from signals.model.clock import HOUR_S, MINUTE_S, VirtualClock
from signals.model.operator import Operator
from signals.model.platform import Platform
from tests.model.support import PRIMARY, SECONDARY, hours, platform_of

# Live signals take two thirds of the default quota; one of the model's stands for those of 40 s.
APART_S, PER_SIGNAL = 40.0, 3
WEIGHT = 4_550 * APART_S
REPLAYED_H, LIVE_H = 0.5, 3.0


def platform_at_two_thirds(quota: float | None = None) -> Platform:
    limits = Limits(INVOCATIONS.raised_to(quota), APART_S, replayed=1 + 25 * PER_SIGNAL)
    count = round(LIVE_H * HOUR_S / APART_S)
    options = {"signal_weight": WEIGHT, "signals_per_event": 25.0, "limits": limits}
    return platform_of(None, sent_s=hours(0, LIVE_H, count), **options)


@dataclass(frozen=True)
class Outcome:
    routed: list[str]
    longest_wait_s: float
    lost: list[str]
    copies: int


def replayed(*, paced: bool, quota: float | None = None) -> Outcome:
    """What a replay of an hour does beside live signals."""
    platform = platform_at_two_thirds(quota)
    platform.clock.run((REPLAYED_H + 0.5) * HOUR_S)
    Operator(platform, paced=paced).replay(0, REPLAYED_H * HOUR_S)
    platform.clock.run()
    ledger = platform.ledger
    routed = [moment.text for moment in ledger.moments if moment.kind == "routed"]
    waited = platform.capacity[PRIMARY].longest_wait_s
    return Outcome(routed, waited, ledger.lost, sum(map(len, ledger.lake.values())) - len(ledger.lake))


def test_a_replay_as_fast_as_the_return_path_can_causes_a_failover() -> None:
    outcome = replayed(paced=False)
    assert outcome.routed == [f"the endpoint sends to {SECONDARY}", f"the endpoint sends to {PRIMARY}"]
    assert outcome.longest_wait_s > 5 * MINUTE_S
    assert outcome.lost == []


def test_a_paced_replay_delays_nothing_and_all_of_it_arrives() -> None:
    outcome = replayed(paced=True)
    assert outcome.routed == []
    assert outcome.longest_wait_s < 1
    assert outcome.lost == []
    assert outcome.copies == REPLAYED_H * HOUR_S / APART_S


def test_with_a_quota_that_was_raised_the_same_replay_causes_none() -> None:
    outcome = replayed(paced=False, quota=1_000_000)
    assert (outcome.routed, outcome.longest_wait_s < 1) == ([], True)


@pytest.mark.parametrize(("a_second", "waits_s"), [(50.0, 0.0), (100.0, 0.0), (150.0, 30.0)])
def test_what_is_beyond_the_quota_waits(a_second: float, waits_s: float) -> None:
    clock = VirtualClock()
    invocations = Invocations(100.0, 10.0, clock)
    for second in range(0, 60, 10):
        clock.run(second)
        invocations.create(a_second * 10)
    clock.run(60)
    assert invocations.wait_s == pytest.approx(waits_s)
    assert invocations.created == pytest.approx(60 * a_second)
    clock.run(60 + waits_s)
    assert invocations.wait_s == 0


def test_live_signals_take_two_thirds_of_the_quota_here() -> None:
    platform = platform_at_two_thirds()
    platform.clock.run(HOUR_S)
    share = platform.capacity[PRIMARY].created / HOUR_S / INVOCATIONS.of(PRIMARY)
    assert share == pytest.approx(2 / 3, abs=0.02)
