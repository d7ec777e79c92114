"""The proof: what one Region, service or function fails at, in any pieces, no consumer misses once recovery has ended.

A signal that was acknowledged is in the lake and with every other consumer that has it where nothing fails. Whoever
recovers knows what AWS shows: histories of alarms, completed replays, queues. Each schedule is data: faults, signals,
when the operator looks, replays started by mistake, and how long EventBridge pauses between tries, which AWS does not
publish. Hypothesis makes them up, shrinks what fails and prints how to repeat it. Failures of several things at once
are drawn too; what is lost then died of a named limit that the trouble outlasted, or of a pair in losing_pairs.yaml.
The fewest things that cost it are named: `--hypothesis-show-statistics` counts them, test_pairs.py has every pair.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, combinations, product

import pytest
from hypothesis import HealthCheck, assume, event, given, note, seed, settings
from hypothesis import strategies as st

from components import resource_types as types
from signals.model.blueprint import DEFAULT_AGE_S, DEFAULT_ATTEMPTS
from signals.model.bus import LAG_S
from signals.model.clock import HOUR_S, MINUTE_S
from signals.model.faults import OF_FUNCTIONS, Fault, FaultKind
from signals.model.ledger import ids_in
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.model.traffic import Clients, signal
from signals.recording.resources import Recording
from tests.model.support import LOSING_AT_ONCE, PRIMARY, SECONDARY, SEED, changed, places, platform_of, recorded

SCHEDULES = int(os.environ.get("SIGNALS_SCHEDULES", "1500"))
# `make test` takes a sample.
_EXAMPLES = pytest.mark.parametrize(
    "examples", [40, pytest.param(SCHEDULES, marks=pytest.mark.long)], ids=["sample", "all"]
)
_proof = settings(
    max_examples=SCHEDULES,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Faults that AWS may have. A deleted bus loses what is put on it, which the proof cannot exclude.
_PLACES = [place for place in places() if place[0] is not FaultKind.BUS_MISSING]
_KINDS = list(dict.fromkeys(kind for kind, _, _ in _PLACES))
_WHOLE = (FaultKind.INVERTED, FaultKind.EVENTBRIDGE, FaultKind.STALLED, FaultKind.REPLICATION)
_OF_A_REGION = (FaultKind.EVENTBRIDGE, FaultKind.API, FaultKind.SQS, FaultKind.LAMBDA_API, FaultKind.LAKE)
_FUNCTIONS = list(dict.fromkeys(of for _, _, of in _PLACES))
_START = 20  # minutes until the routing has settled


def durations(longest_days: float) -> st.SearchStrategy[int]:
    """Minutes, short ones and long ones alike."""
    longest = int(longest_days * 24 * 60)
    return st.one_of(st.integers(1, 30), st.integers(30, 60 * 30), st.integers(60 * 24, longest))


@dataclass(frozen=True)
class Replay:
    """A replay of what came in from `start_s` to `end_s`, started at `at_s`."""

    at_s: float
    start_s: float
    end_s: float
    filtered: bool


@dataclass(frozen=True)
class Schedule:
    """What fails and what is done about it; times and pauses in seconds.

    Args:
        looks_s: When the operator plans and starts a replay, before the last.
        mistakes: Replays that nobody needed.
        pause_s: The longest between two tries of EventBridge.
        seed: Of the rest.
    """

    faults: list[Fault]
    sent_s: list[float]
    looks_s: list[float]
    mistakes: list[Replay]
    pause_s: float
    seed: int

    @property
    def end_s(self) -> float:
        """When the last fault has ended and the last signal is sent."""
        return max([fault.end_s for fault in self.faults] + self.sent_s)


@st.composite
def faults(draw: st.DrawFn, longest_days: float) -> Fault:
    kind, region, of = draw(st.sampled_from(_PLACES))
    # Many begin at nearly the same time: it is together that they are worst.
    start = draw(st.one_of(st.integers(_START, _START + 15), st.integers(_START, int(longest_days * 24 * 60))))
    end = start + draw(durations(longest_days))
    rate = 1.0 if kind in _WHOLE else draw(st.sampled_from([1.0, 0.5, 0.1]))
    return Fault(kind, region, start * MINUTE_S, end * MINUTE_S, rate, of)


@st.composite
def one_thing(draw: st.DrawFn, longest_days: float) -> list[Fault]:
    """One Region, one service or one function fails, in one to four pieces."""
    subject = draw(st.sampled_from(["region", "service", "function"]))
    regions = draw(st.sampled_from([(PRIMARY,), (SECONDARY,), (PRIMARY, SECONDARY)]))
    functions = [None]
    if subject == "region":
        regions, kinds = draw(st.sampled_from([(PRIMARY,), (SECONDARY,)])), list(_OF_A_REGION)
    elif subject == "service":
        kinds = [draw(st.sampled_from(_KINDS))]
    else:
        kinds, functions = [draw(st.sampled_from(OF_FUNCTIONS))], [draw(st.sampled_from(_FUNCTIONS))]
    # A fault that is not all or nothing is one of a service or a function.
    rate = 1.0 if subject == "region" or kinds[0] in _WHOLE else draw(st.sampled_from([1.0, 0.5, 0.1]))
    found, at = [], draw(st.integers(_START, _START + 120))
    for _ in range(draw(st.integers(1, 4))):
        end = at + draw(durations(longest_days / 4))
        found += [
            Fault(kind, region, at * MINUTE_S, end * MINUTE_S, rate, of)
            for kind, region, of in product(kinds, regions, functions)
            if (kind, region, of) in _PLACES
        ]
        at = end + draw(durations(longest_days / 4))
    assume(found)
    return found


@st.composite
def schedules(draw: st.DrawFn, longest_days: float, *, single: bool = False) -> Schedule:
    several = st.lists(faults(longest_days), min_size=1, max_size=5)
    failing = draw(one_thing(longest_days) if single else several)
    longest = int(longest_days * 24 * 60)

    def moment() -> float:
        """A time that matters: soon after a fault began or ended, or somewhere within it; or any."""
        fault = draw(st.sampled_from([*failing, None]))
        if fault is None:
            return draw(st.integers(1, longest)) * MINUTE_S
        within = draw(st.sampled_from([0.0, 0.0, 0.3, 0.7, 1.0]))
        return fault.start_s + within * (fault.end_s - fault.start_s) + draw(st.integers(-60, 600))

    return Schedule(
        faults=failing,
        sent_s=[moment() for _ in range(draw(st.integers(1, 8)))],
        looks_s=[moment() for _ in range(draw(st.integers(0, 2)))],
        mistakes=[
            Replay(moment(), at := moment(), at + draw(durations(longest_days)) * MINUTE_S, draw(st.booleans()))
            for _ in range(draw(st.integers(0, 2)))
        ],
        pause_s=draw(st.sampled_from([60.0, 300.0, 488.0])),
        seed=draw(st.integers(0, 2**16)),
    )


def run(schedule: Schedule, recording: Recording | None = None) -> tuple[Platform, Operator]:
    """Send, fail, err, and follow the documented procedure."""
    platform = platform_of(
        recording,
        schedule.faults,
        sent_s=schedule.sent_s,
        mixed=True,
        strays=True,
        seed=schedule.seed,
        longest_pause_s=schedule.pause_s,
    )
    operator = Operator(platform)
    for mistake in schedule.mistakes:
        do = partial(operator.replay, mistake.start_s, mistake.end_s, filtered=mistake.filtered)
        platform.clock.at(mistake.at_s, do)
    for look_s in schedule.looks_s:
        platform.clock.at(look_s, operator.replay_as_planned)
    operator.recover(schedule.end_s)
    return platform, operator


@cache
def owed(number: int) -> frozenset[str]:
    """Who has the signals of the model's nth request where nothing fails."""
    platform = platform_of(None)
    platform.clock.at(MINUTE_S, lambda: Clients(platform).send(PRIMARY, signal(number, "2026-01-01T00:01:00Z")))
    platform.clock.run()
    return frozenset(consumer for consumer, ids in platform.ledger.reached.items() if f"s-{number}" in ids)


def unkept(platform: Platform) -> list[str]:
    """Malformed signals that the bus took, and that are not in a quarantine for somebody to see."""
    kept = {
        identity
        for queue in platform.queues.values()
        if queue.plan.name.endswith("-quarantine")
        for message in queue.waiting()
        for identity in ids_in(message.body)
    }
    return [identity for identity in platform.ledger.acknowledged if identity.startswith("q-") and identity not in kept]


def missing(platform: Platform) -> list[tuple[str, str]]:
    """Signals that were acknowledged and a consumer does not have, with the consumer; it is owed no malformed one."""
    ledger = platform.ledger
    found = []
    for identity in ledger.acknowledged:
        if identity.startswith("q-"):
            continue
        consumers = owed(int(identity.split("-")[1]))
        assert consumers
        found += [(identity, consumer) for consumer in consumers if identity not in ledger.reached[consumer]]
    return found


def _observe(schedule: Schedule, platform: Platform, operator: Operator) -> None:
    """What `--hypothesis-show-statistics` shows: how often the worst cases occurred."""
    note(str(schedule))
    counts = platform.ledger.counts
    for seen in ("batches spooled", "replication gave up: 24 hours or 185 retries were over", "dead letters"):
        event(f"{seen}: {counts[seen] > 0}")
    event(f"redriven: {any('redrive' in step for step in operator.steps)}")
    event(f"replayed: {any('replay' in step for step in operator.steps)}")
    event(f"routed away: {counts[f'routed to {SECONDARY}'] > 0}")
    event(f"duplicates: {platform.ledger.duplicates > 0}")
    event(f"lost to a limit: {bool(platform.ledger.lost)}")


def _one_thing_loses_nothing(schedule: Schedule) -> None:
    platform, operator = run(schedule)
    _observe(schedule, platform, operator)
    assert not missing(platform), (missing(platform), platform.ledger.dropped, operator.steps)
    assert not unkept(platform), (unkept(platform), platform.ledger.dropped)
    # What a function keeps for its last steps is enough for them.
    assert not platform.ledger.counts["time-outs"]


def _what_is_lost_died_of_a_limit(schedule: Schedule) -> None:
    platform, operator = run(schedule)
    _observe(schedule, platform, operator)
    for (identity, consumer), things in _culprits_told(schedule, platform).items():
        assert platform.ledger.failing(identity), f"nothing is named that cost {identity} its copies"
        if _listed(things, platform, identity):
            continue
        came_s = schedule.end_s + LAG_S + HOUR_S
        # A copy that died after the operator came excuses nothing.
        dropped = [copy for copy in platform.ledger.dropped[identity] if copy.at_s <= came_s]
        last = max(dropped, key=lambda copy: copy.at_s, default=None)
        why = f"{consumer} misses {identity} where {' + '.join(things)} fail"
        assert last and last.limit_s, f"{why}, and no limit says why: {dropped}"
        # The operator comes when all is over.
        trouble_s = came_s - platform.ledger.acknowledged[identity][0]
        assert last.limit_s <= trouble_s, f"{why} after {trouble_s} s: {dropped}"


def _listed(things: tuple[str, ...], platform: Platform, identity: str) -> bool:
    """Whether a signal was lost to a listed pair, after all of EventBridge's retries."""
    tried_s = platform.retries.given_up(0.0, DEFAULT_AGE_S, DEFAULT_ATTEMPTS)
    last_s = max((copy.at_s for copy in platform.ledger.dropped[identity]), default=0.0)
    outlasted = last_s - platform.ledger.acknowledged[identity][0] >= tried_s
    return outlasted and frozenset(things) in LOSING_AT_ONCE


def culprits(schedule: Schedule, platform: Platform) -> dict[tuple[str, str], tuple[str, ...]]:
    """By signal and consumer that misses it after this schedule, the fewest things that lose it without the others."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    lost, things = set(missing(platform)), sorted({fault.thing for fault in schedule.faults})
    for failing in chain(*(combinations(things, number) for number in range(1, len(things) + 1))):
        if not lost - found.keys():
            break
        alone = replace(schedule, faults=[fault for fault in schedule.faults if fault.thing in failing])
        found |= dict.fromkeys((lost - found.keys()) & set(missing(run(alone)[0])), failing)
    assert found.keys() == lost, "what was lost is lost again in the same run"
    return found


def _culprits_told(schedule: Schedule, platform: Platform) -> dict[tuple[str, str], tuple[str, ...]]:
    """The same, and `--hypothesis-show-statistics` counts them."""
    found = culprits(schedule, platform)
    for failing in {*found.values()}:
        event(f"lost to: {' + '.join(failing)}")
    return found


def test_what_an_archive_no_longer_has_when_the_operator_comes_died_of_its_retention() -> None:
    # EventBridge is out for longer than it tries, and the next signal, and somebody who looks, come 30 days later.
    down = Fault(FaultKind.EVENTBRIDGE, PRIMARY, 1_200, 12_420)
    late = Schedule([down], sent_s=[2_603_400.0, 1_200.0], looks_s=[], mistakes=[], pause_s=60.0, seed=0)
    assert missing(run(late)[0])
    _holds(_what_is_lost_died_of_a_limit, st.just(late), 1)


@pytest.mark.long
@_proof
@seed(SEED)
@given(schedules(5))
def test_nothing_is_lost_where_several_things_fail_while_every_limit_is_far(schedule: Schedule) -> None:
    # At most 10 days of faults: less than a queue (14 days) or an archive (30) keeps what it has.
    platform, operator = run(schedule)
    _observe(schedule, platform, operator)
    found = _culprits_told(schedule, platform)
    unlisted = {loss: things for loss, things in found.items() if not _listed(things, platform, loss[0])}
    assert not unlisted, (unlisted, platform.ledger.dropped, operator.steps)


@pytest.mark.parametrize("things", sorted(map(sorted, LOSING_AT_ONCE)), ids=" + ".join)
def test_a_listed_pair_loses_in_the_proof_and_is_named_by_it(things: list[str]) -> None:
    failing = [place for place in _PLACES if Fault(place[0], place[1], 0, 0, of=place[2]).thing in things]
    faults = [Fault(kind, region, HOUR_S, 30 * HOUR_S, of=of) for kind, region, of in failing]
    other = Fault(FaultKind.API, SECONDARY, HOUR_S, 30 * HOUR_S)
    schedule = Schedule([*faults, other], [2 * HOUR_S, 3 * HOUR_S], [], [], 488.0, 0)
    platform, _ = run(schedule)
    assert set(culprits(schedule, platform).values()) == {tuple(things)}
    assert all(_listed(tuple(things), platform, identity) for identity, _ in missing(platform))
    assert {platform.ledger.failing(identity) for identity, _ in missing(platform)} == {(str(other.thing), *things)}


def _holds(claim: Callable[[Schedule], None], drawn: st.SearchStrategy[Schedule], examples: int) -> None:
    settings(_proof, max_examples=examples)(seed(SEED)(given(drawn)(claim)))()


@_EXAMPLES
def test_where_one_thing_fails_every_consumer_gets_every_acknowledged_signal(examples: int) -> None:
    _holds(_one_thing_loses_nothing, schedules(9, single=True), examples)


@_EXAMPLES
def test_what_is_lost_died_of_a_named_limit_that_the_trouble_outlasted(examples: int) -> None:
    _holds(_what_is_lost_died_of_a_limit, schedules(35), examples)


@settings(_proof, max_examples=15)
@seed(SEED)
@given(schedules(5))
def test_a_run_is_the_same_every_time(schedule: Schedule) -> None:
    first, second = (run(schedule)[0].ledger for _ in range(2))
    assert (first.lake, first.counts, first.moments) == (second.lake, second.counts, second.moments)


# Each thing that may fail, for longer than anything but a queue or an archive waits: enough to see what holds it up.
WITNESSES = [
    Schedule(
        [Fault(kind, region, HOUR_S, 31 * HOUR_S, of=of) for region in (PRIMARY, SECONDARY)], sent, [], [], 488.0, 0
    )
    for sent in [[HOUR_S + 60, 2 * HOUR_S, 20 * HOUR_S]]
    for kind in _KINDS
    for of in (_FUNCTIONS if kind in OF_FUNCTIONS else [None])
]
# And a replay into a queue that refuses.
WITNESSES.append(
    Schedule(
        [
            Fault(FaultKind.EVENTBRIDGE, PRIMARY, HOUR_S, 31 * HOUR_S),
            Fault(FaultKind.SQS, SECONDARY, 31.5 * HOUR_S, 61 * HOUR_S),
        ],
        sent_s=[2 * HOUR_S],
        looks_s=[32 * HOUR_S],
        mistakes=[],
        pause_s=488.0,
        seed=0,
    )
)
# And a replay into a primary that is down again.
WITNESSES.append(
    Schedule(
        [Fault(FaultKind.EVENTBRIDGE, PRIMARY, hour * HOUR_S, until * HOUR_S) for hour, until in ((1, 4), (4.5, 6))],
        sent_s=[2 * HOUR_S],
        looks_s=[4.6 * HOUR_S],
        mistakes=[],
        pause_s=488.0,
        seed=0,
    )
)
# And queues that are down, where nothing else shows it: no malformed signal that the quarantine cannot take.
WITNESSES.append(
    Schedule(
        [Fault(FaultKind.SQS, region, HOUR_S, 31 * HOUR_S) for region in (PRIMARY, SECONDARY)],
        sent_s=[HOUR_S + 60, 2 * HOUR_S],
        looks_s=[],
        mistakes=[],
        pause_s=488.0,
        seed=0,
    )
)
# Where signals would have nowhere to go. What both Regions have is taken away in both: one makes up for the other.
Place = tuple[str, str, str]
_SIGNALS = ("enrichment", "profile", "lake", "orders", "return")


def _places(type_: str, key: str) -> dict[str, list[Place]]:
    """By what of the platform it is, the resources of a type that signals go through and that have an input."""
    found: dict[str, list[Place]] = {}
    for resource in recorded().resources(type_):
        what = next((what for what in _SIGNALS if what in resource.name), None)
        if what and key in resource.inputs:
            found.setdefault(f"no {key} of {what}", []).append((type_, key, resource.name))
    return found


_DESTINATIONS = _places(types.ASYNC_CONFIG, "destinationConfig")
_DEAD_LETTERS = _places(types.TARGET, "deadLetterConfig")
WORSE = {
    "no failure destination": list(chain(*_DESTINATIONS.values())),
    "no dead-letter queue of a rule": list(chain(*_DEAD_LETTERS.values())),
    **_DESTINATIONS,
    **_DEAD_LETTERS,
}


def _without(*places: Place) -> Recording:
    """The recording without one input each of some resources."""
    recording = recorded()
    for type_, key, name in places:
        recording = changed(type_, name, lambda inputs, key=key: inputs.pop(key, None), recording)  # type: ignore[misc]
    return recording


def test_no_witness_loses_anything_as_it_is() -> None:
    for schedule in WITNESSES:
        platform, _ = run(schedule)
        assert not missing(platform), schedule
        assert not unkept(platform), schedule


@pytest.mark.parametrize("places", WORSE.values(), ids=WORSE)
def test_the_proof_fails_where_a_signal_has_nowhere_to_go(places: list[Place]) -> None:
    recording = _without(*places)
    assert any(missing(run(schedule, recording)[0]) for schedule in WITNESSES)
