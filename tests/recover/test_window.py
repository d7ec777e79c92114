"""What a replay covers: each minute of each known outage that no completed replay covers, and no other."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from signals.recover.window import Evidence, Outage, windows

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
spans = st.lists(st.tuples(st.integers(60, 2_000), st.integers(1, 400)), max_size=5).map(
    lambda pairs: [(NOW - ago * MINUTE, NOW - max(ago - length, 30) * MINUTE) for ago, length in pairs]
)


def _minutes(intervals: list[tuple[datetime, datetime]]) -> set[datetime]:
    return {start + n * MINUTE for start, end in intervals for n in range(int((end - start) / MINUTE))}


@settings(max_examples=200, deadline=None)
@given(spans, spans, st.booleans())
def test_each_minute_of_each_outage_is_in_the_plan_or_was_replayed(
    alarms: list[tuple[datetime, datetime]], replayed: list[tuple[datetime, datetime]], whole: bool
) -> None:
    evidence = Evidence(NOW, None, alarm=alarms, alarm_delay=5 * MINUTE, replayed=replayed)
    found = windows(evidence, whole=whole)
    if not alarms:
        assert found is None
        return
    assert found is not None
    # The metric breached five minutes before the alarm said so, its first signals up to five before that; and
    # afterwards the endpoint takes up to ten to move back.
    outages = _minutes([(start - 10 * MINUTE, end + 10 * MINUTE) for start, end in alarms])
    assert _minutes([*found.windows]) == outages - (set() if whole else _minutes(replayed))
    assert list(found.windows) == sorted(found.windows)


def test_what_the_archive_no_longer_has_is_called_lost_and_the_rest_is_planned() -> None:
    alarm = [(NOW - timedelta(days=4), NOW - timedelta(days=2))]
    found = windows(Evidence(NOW, timedelta(days=3), alarm=alarm))
    assert found is not None
    ((start, end),) = found.windows
    assert (start, end) == (NOW - timedelta(days=3), alarm[0][1] + 10 * MINUTE)
    assert any(note.startswith("LOST") for note in found.notes)
    kept = windows(Evidence(NOW, timedelta(days=30), alarm=alarm))
    assert kept is not None and not any(note.startswith("LOST") for note in kept.notes)


def test_an_outage_that_goes_on_is_planned_until_now_and_says_so() -> None:
    for end in (None, NOW - 60 * MINUTE):
        found = windows(Evidence(NOW, None, alarm=[(NOW - 120 * MINUTE, end)]))
        assert found is not None
        assert any("has not ended" in note for note in found.notes) == (end is None)
        assert found.windows[-1][1] == (NOW if end is None else end + 10 * MINUTE)


def test_what_somebody_tells_is_all_that_counts() -> None:
    given_ = Outage(NOW - 90 * MINUTE, NOW - 30 * MINUTE, False, "as told")
    found = windows(Evidence(NOW, None, alarm=[(NOW - 900 * MINUTE, NOW - 800 * MINUTE)], given=given_))
    assert found is not None
    assert found.windows == ((given_.start, given_.end),)
