"""The proof: whatever fails, for however long, an acknowledged signal reaches the lake, or a named limit was exceeded.

Each schedule is data: faults, signals, and replays started by mistake. Hypothesis makes them up, shrinks
what fails and prints how to repeat it.
"""

import os
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, event, find, given, note, seed, settings
from hypothesis import strategies as st

from components.resource_types import ASYNC_CONFIG
from signals.model.clock import MINUTE_S
from signals.model.faults import Fault, FaultKind
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.recording.resources import Recording
from tests.model.support import PRIMARY, SECONDARY, SEED, platform_of, without

SCHEDULES = int(os.environ.get("SIGNALS_SCHEDULES", "1500"))
_proof = settings(
    max_examples=SCHEDULES,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Faults that AWS may have. A deleted bus loses what is put on it, which the proof cannot exclude.
_KINDS = [kind for kind in FaultKind if kind is not FaultKind.BUS_MISSING]
_WHOLE = (FaultKind.INVERTED, FaultKind.EVENTBRIDGE, FaultKind.STALLED, FaultKind.REPLICATION)
_OF_FUNCTIONS = (FaultKind.FUNCTION_ERRORS, FaultKind.THROTTLED, FaultKind.LAMBDA_API)
_FUNCTIONS = ["enrichment", "ingest", "republish", "return_path", "profile", None]
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
    """What fails, when signals are sent (s), which replays are started by mistake, and the seed of the rest."""

    faults: list[Fault]
    sent_s: list[float]
    mistakes: list[Replay]
    seed: int


@st.composite
def faults(draw: st.DrawFn, longest_days: float) -> Fault:
    kind = draw(st.sampled_from(_KINDS))
    # Many begin at nearly the same time: it is together that they are worst.
    start = draw(st.one_of(st.integers(_START, _START + 15), st.integers(_START, int(longest_days * 24 * 60))))
    end = start + draw(durations(longest_days))
    rate = 1.0 if kind in _WHOLE else draw(st.sampled_from([1.0, 0.5, 0.1]))
    of = draw(st.sampled_from(_FUNCTIONS)) if kind in _OF_FUNCTIONS else None
    return Fault(kind, draw(st.sampled_from([PRIMARY, SECONDARY])), start * MINUTE_S, end * MINUTE_S, rate, of)


@st.composite
def schedules(draw: st.DrawFn, longest_days: float) -> Schedule:
    failing = draw(st.lists(faults(longest_days), min_size=1, max_size=5))
    longest = int(longest_days * 24 * 60)

    def moment() -> float:
        """A time that matters: soon after a fault began or ended, or somewhere within it; or any."""
        fault = draw(st.sampled_from([*failing, None]))
        if fault is None:
            return draw(st.integers(1, longest)) * MINUTE_S
        within = draw(st.sampled_from([0.0, 0.0, 0.3, 0.7, 1.0]))
        return fault.start_s + within * (fault.end_s - fault.start_s) + draw(st.integers(-60, 600))

    sent_s = [moment() for _ in range(draw(st.integers(1, 8)))]
    mistakes = [
        Replay(moment(), start_s := moment(), start_s + draw(durations(longest_days)) * MINUTE_S, draw(st.booleans()))
        for _ in range(draw(st.integers(0, 2)))
    ]
    return Schedule(failing, sent_s, mistakes, draw(st.integers(0, 2**16)))


def run(schedule: Schedule) -> tuple[Platform, Operator]:
    """Send, fail, err, and then follow the documented procedure."""
    platform = platform_of(None, schedule.faults, sent_s=schedule.sent_s, seed=schedule.seed)
    operator = Operator(platform)
    for mistake in schedule.mistakes:
        do = partial(operator.replay, mistake.start_s, mistake.end_s, filtered=mistake.filtered)
        platform.clock.at(mistake.at_s, do)
    end_s = max([fault.end_s for fault in schedule.faults] + schedule.sent_s)
    operator.recover(end_s)
    return platform, operator


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


@pytest.mark.long
@_proof
@seed(SEED)
@given(schedules(35))
def test_every_acknowledged_signal_is_in_the_lake_or_the_limit_that_was_exceeded_has_a_name(schedule: Schedule) -> None:
    platform, operator = run(schedule)
    _observe(schedule, platform, operator)
    for identity in platform.ledger.lost:
        dropped = platform.ledger.dropped[identity]
        assert any(copy.limit for copy in dropped), f"{identity} is lost, and no limit says why: {dropped}"


@pytest.mark.long
@_proof
@seed(SEED)
@given(schedules(5))
def test_no_acknowledged_signal_is_lost_while_every_limit_is_far(schedule: Schedule) -> None:
    # At most 10 days of faults: less than a queue (14 days) or an archive (30) keeps what it has.
    platform, operator = run(schedule)
    _observe(schedule, platform, operator)
    assert not platform.ledger.lost, (platform.ledger.dropped, operator.steps)


@settings(_proof, max_examples=50)
@seed(SEED)
@given(schedules(5))
def test_a_run_is_the_same_every_time(schedule: Schedule) -> None:
    first, second = (run(schedule)[0].ledger for _ in range(2))
    assert (first.lake, first.counts, first.moments) == (second.lake, second.counts, second.moments)


@pytest.mark.slow
def test_the_search_itself_finds_a_loss_in_a_stack_without_a_failure_destination() -> None:
    nowhere = without((ASYNC_CONFIG, f"processing-{PRIMARY}-enrichment-async"))

    def loses(schedule: Schedule) -> bool:
        return any("there is no on-failure destination" in why for why in _reasons(schedule, nowhere))

    # Raises if there is none among so many.
    found = find(schedules(5), loses, settings=settings(_proof, max_examples=3_000, phases=[Phase.generate]))
    assert any(fault.kind in (*_OF_FUNCTIONS, FaultKind.PARTIAL, FaultKind.EVENTBRIDGE) for fault in found.faults)


def _reasons(schedule: Schedule, recording: Recording) -> list[str]:
    platform = platform_of(recording, schedule.faults, sent_s=schedule.sent_s, seed=schedule.seed)
    platform.clock.run()
    return [copy.why for identity in platform.ledger.lost for copy in platform.ledger.dropped[identity]]
