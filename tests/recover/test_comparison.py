"""What both Regions received, hour by hour: which hours the plan of a replay adds, and which it cannot compare."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.recover.comparison import BATCHES, PROBES, Hour, hours, lacking
from signals.recover.window import Evidence, windows

NOW = datetime(2026, 3, 1, 12, 20, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Counts = Mapping[int, float]


def received(primary: Counts, secondary: Counts, of: str = BATCHES) -> list[Hour]:
    """Hours by their number since the start."""
    dated = [{START + n * HOUR: count for n, count in counts.items()} for counts in (primary, secondary)]
    return hours(of, dated[0], dated[1], NOW)


def numbers(found: list[Hour]) -> list[int]:
    return [int((hour.start - START) / HOUR) for hour in found]


@pytest.mark.parametrize("of", [PROBES, BATCHES])
def test_an_hour_in_which_the_primary_received_fewer_is_planned_with_a_margin_and_its_reason(of: str) -> None:
    both = dict.fromkeys(range(12), 60.0)
    found = windows(Evidence(NOW, None, received=received({**both, 5: 40}, both, of)))
    assert found is not None
    assert found.windows == ((START + 5 * HOUR - 5 * MINUTE, START + 6 * HOUR + 10 * MINUTE),)
    assert found.outage.found_by == "hours in which the primary received fewer than the secondary"
    assert f"from 2026-03-01 05:00 to 2026-03-01 06:00 the primary received 40 {of} and the secondary 60" in " ".join(
        found.notes
    )


def test_a_completed_replay_makes_such_an_hour_good() -> None:
    counts = received({5: 40}, {5: 60})
    evidence = Evidence(NOW, None, received=counts, replayed=[(START, START + 10 * HOUR)])
    found = windows(evidence)
    assert found is not None and found.windows == ()
    assert found.notes[-1].startswith("completed replays cover 2026-03-01 04:55")  # what `replay watch` tells
    whole = windows(evidence, whole=True)
    assert whole is not None and whole.windows


def test_an_hour_without_a_count_in_the_primary_lacks_all_that_the_secondary_counted() -> None:
    assert numbers(lacking(received({4: 60, 6: 60}, dict.fromkeys((4, 5, 6), 60)))) == [5]


def test_an_hour_without_a_count_in_the_secondary_is_not_comparable_and_said_to_be_so() -> None:
    counts = received({**dict.fromkeys(range(12), 60.0), 8: 10}, dict.fromkeys((0, 1, 2, 8), 60.0))
    assert [hour.comparable for hour in counts] == [n in (0, 1, 2, 8) for n in range(12)]
    found = windows(Evidence(NOW, None, received=counts))
    assert found is not None
    assert len(found.windows) == 1
    assert any(
        "in 8 hours from 2026-03-01 03:00 to 2026-03-01 12:00 both Regions cannot be compared" in note
        for note in found.notes
    )


def test_where_no_rule_of_the_secondary_counts_signals_the_plan_says_so() -> None:
    noted = []
    for more in ([], received({5: 60}, {5: 60})):
        found = windows(Evidence(NOW, None, received=[*received({5: 40}, {5: 60}, PROBES), *more]))
        assert found is not None
        noted.append(any("compared by probes alone" in note for note in found.notes))
    assert noted == [True, False]


def test_an_hour_that_cloudwatch_may_not_have_counted_yet_is_left_for_later() -> None:
    assert numbers(received({10: 60, 11: 1, 12: 1}, {10: 60, 11: 60, 12: 20})) == [10, 11]
    dated = {START + 11 * HOUR: 60.0}
    assert hours(PROBES, {}, dated, START + 12 * HOUR + 14 * MINUTE) == []


def test_what_came_late_between_two_hours_that_lack_some_hides_nothing() -> None:
    assert numbers(lacking(received({4: 0, 5: 185, 6: 20}, dict.fromkeys((4, 5, 6), 60)))) == [4, 5, 6]
    # After the last it is what was tried until then: the hour's own, and of hours that are known to lack some.
    assert numbers(lacking(received({4: 0, 5: 185, 6: 60}, dict.fromkeys((4, 5, 6), 60)))) == [4]
    assert numbers(lacking(received({4: 0, 5: 60, 6: 20}, dict.fromkeys((4, 5, 6), 60)))) == [4, 6]
    # What a replay brought back is no sign of anything by itself.
    assert numbers(lacking(received({4: 60, 5: 900, 6: 60}, dict.fromkeys((4, 5, 6), 60)))) == []


counts_an_hour = st.one_of(st.integers(0, 60), st.integers(0, 700_000))


def test_two_events_fewer_are_tolerated_in_a_quiet_hour_and_three_are_not() -> None:
    assert numbers(lacking(received({4: 3, 5: 2}, {4: 5, 5: 5}))) == [5]


def test_late_probes_at_the_end_say_nothing_of_batches_that_lack_some() -> None:
    probes = received({10: 0, 11: 120}, {10: 60, 11: 60}, PROBES)
    batches = received({10: 20, 11: 60}, {10: 60, 11: 60}, BATCHES)
    assert numbers(lacking([*probes, *batches])) == [10, 10]


@settings(max_examples=200, deadline=None)
@given(counts_an_hour, st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=13, max_size=13))
def test_a_healthy_stack_plans_nothing_whatever_is_on_its_way_at_an_edge_and_which_data_point_is_lost(
    sent: int, drawn: list[tuple[float, bool]]
) -> None:
    """Replication holds up to 30 s of an hour's events at its end, and one of the hour's data points is lost."""
    late = [int(sent / 120 * share) for share, _ in drawn]
    primary = {n: sent - late[n + 1] + late[n] - drawn[n][1] * (sent // 60) for n in range(12)}
    secondary = dict.fromkeys(primary, sent)
    for of in (PROBES, BATCHES):
        assert windows(Evidence(NOW, None, received=received(primary, secondary, of))) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 100), min_size=12, max_size=12),
    st.lists(st.integers(0, 100), min_size=12, max_size=12),
    st.lists(st.tuples(st.integers(60, 700), st.integers(1, 300)), max_size=3),
)
def test_the_comparison_only_ever_adds_to_the_plan(
    first: list[int], second: list[int], alarms: list[tuple[int, int]]
) -> None:
    periods = [(NOW - ago * MINUTE, NOW - max(ago - length, 30) * MINUTE) for ago, length in alarms]
    alone = windows(Evidence(NOW, None, alarm=periods))
    counts = received(dict(enumerate(first)), dict(enumerate(second)))
    both = windows(Evidence(NOW, None, alarm=periods, received=counts))
    planned = () if both is None else both.windows
    for start, end in () if alone is None else alone.windows:
        assert any(since <= start and end <= until for since, until in planned)
