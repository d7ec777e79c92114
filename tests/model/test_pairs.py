"""Which two things that fail at once lose signals: those in losing_pairs.yaml, and each of their losses names both.

Each pair fails for 16 days, longer than SQS keeps a message (14), while the archive still has all (30). What one of the
two loses alone after such a time, when the operator comes only then, is in the list without a second.
"""

import json
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from signals.model.clock import DAY_S, HOUR_S
from signals.model.faults import Fault, FaultKind
from signals.model.run import culprits
from signals.model.traffic import signal
from tests.model.support import LOSING_AT_ONCE, PRIMARY, SECONDARY, Place, places, platform_of
from tests.model.test_proof import Schedule, missing, run
from tests.model.test_wrong_settings import through

LISTED = yaml.safe_load(Path(__file__).with_name("losing_pairs.yaml").read_text("utf-8"))
ALONE, PAIRS = (
    set(LISTED["alone"]),
    {frozenset((one, two)) for one, others in LISTED["pairs"].items() for two in others},
)
_PLACES = [place for place in places() if place[0] is not FaultKind.BUS_MISSING]
_SENT_S = [HOUR_S + 60, 2 * HOUR_S, 20 * HOUR_S, 5 * DAY_S]
_DAYS = 16


def thing(place: Place) -> str:
    return _fault(place, _DAYS).thing


def _fault(place: Place, days: float) -> Fault:
    kind, region, of = place
    return Fault(kind, region, HOUR_S, HOUR_S + days * DAY_S, of=of)


def loses(*failing: Place, days: float = _DAYS) -> bool:
    """Whether a consumer misses a signal after all of these failed at once."""
    schedule = Schedule([_fault(place, days) for place in failing], _SENT_S, [], [], 488.0, 0)
    return bool(missing(run(schedule)[0]))


def test_alone_nothing_loses_in_thirteen_days_and_in_sixteen_only_what_is_listed() -> None:
    assert [thing(place) for place in _PLACES if loses(place, days=13)] == []
    assert {thing(place) for place in _PLACES if loses(place)} == ALONE


@pytest.mark.long
@pytest.mark.parametrize("one", [place for place in _PLACES if thing(place) not in ALONE], ids=thing)
def test_a_pair_that_loses_is_listed_and_in_thirteen_days_only_those_that_retries_do_not_outlast(one: Place) -> None:
    rest = [place for place in _PLACES if thing(place) not in ALONE]
    pairs = [(one, two) for first, two in combinations(rest, 2) if first == one]
    lost = [pair for pair in pairs if loses(*pair)]
    assert [pair for pair in lost if frozenset(map(thing, pair)) not in PAIRS] == []
    # What loses in thirteen days loses in sixteen.
    soon = [pair for pair in lost if loses(*pair, days=13)]
    assert [pair for pair in soon if frozenset(map(thing, pair)) not in LOSING_AT_ONCE] == []


@pytest.mark.parametrize(
    "two",
    [(FaultKind.REPLICATION, PRIMARY, None), (FaultKind.EVENTBRIDGE, SECONDARY, None)],
    ids=thing,
)
def test_a_loss_to_a_pair_names_both_and_not_what_had_ended_before(two: Place) -> None:
    one = (FaultKind.SQS, PRIMARY, None)
    assert {thing(one), thing(two)} in PAIRS
    over = Fault(FaultKind.LAKE, PRIMARY, HOUR_S, 1.5 * HOUR_S)
    faults = [_fault(one, _DAYS), _fault(two, _DAYS), over]
    platform = through(None, faults, [2 * HOUR_S, 20 * HOUR_S], replay=True)
    assert set(culprits(platform)) == {f"{thing(two)} + {thing(one)}"}


def test_a_copy_that_waited_until_a_limit_died_of_what_failed_meanwhile_another_of_what_fails_now() -> None:
    sqs, lake = _fault((FaultKind.SQS, PRIMARY, None), 1), _fault((FaultKind.LAKE, PRIMARY, None), 5)
    platform = platform_of(None, [sqs, lake])
    platform.clock.run(3 * DAY_S)
    platform.ledger.acknowledged["s-1"] = (HOUR_S, PRIMARY)
    text = json.dumps(signal(1, "2026-01-01T00:01:00Z"))
    platform.drop(text, "at once")
    assert platform.ledger.failing("s-1") == ("lake us-west-2",)
    platform.drop(text, "kept", limit_s=2.5 * DAY_S)
    assert platform.ledger.failing("s-1") == ("lake us-west-2", "sqs us-west-2")


def test_without_a_loss_nothing_is_named() -> None:
    platform = through(None, [_fault((FaultKind.EVENTBRIDGE, PRIMARY, None), 1)], _SENT_S, replay=True)
    assert culprits(platform) == {}


def test_a_thing_is_named_with_its_region_and_function() -> None:
    names = {thing((FaultKind.SQS, SECONDARY, None)), thing((FaultKind.THROTTLED, PRIMARY, "enrichment"))}
    assert names == {"sqs us-east-1", "throttled us-west-2 of enrichment"}
    assert platform_of(None, [_fault((FaultKind.SQS, SECONDARY, None), 1)]).faults.failing(0, HOUR_S - 1) == ()
