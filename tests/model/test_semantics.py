"""What AWS does, piece by piece, against what its documentation says."""

from statistics import mean

import pytest

from signals.model import alarm
from signals.model.clock import DAY_S, HOUR_S, MINUTE_S
from signals.model.event import Pattern
from signals.model.faults import Fault, FaultKind
from signals.model.iam import Policy
from signals.model.operator import Operator
from signals.model.targets import RetrySchedule
from tests.model.support import PRIMARY, SECONDARY, hours, plan, platform_of

ALARM = plan().endpoint.alarm
CHECK = plan().endpoint.health_check
FINE, SLOW = 50.0, 31_000.0


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{"source": ["signals.ingest"]}', True),
        ('{"source": [{"anything-but": ["signals.heartbeat"]}]}', True),
        ('{"source": [{"prefix": "signals."}], "replay-name": [{"exists": false}]}', True),
        ('{"replay-name": [{"exists": true}]}', False),
        ('{"detail": {"n": [{"numeric": [">", 1]}]}}', True),
        ('{"detail": {"n": [{"numeric": [">", 2]}]}}', False),
    ],
)
def test_patterns_match_as_the_user_guide_says(pattern: str, matches: bool) -> None:
    event = {"source": "signals.ingest", "detail-type": "t", "account": "1", "region": PRIMARY, "detail": {"n": 2}}
    assert Pattern(pattern).matches(event) is matches


def test_an_explicit_deny_beats_an_allow_and_a_condition_must_hold() -> None:
    allow = {"Effect": "Allow", "Action": "events:Put*", "Resource": "arn:aws:events:*:1:event-bus/b"}
    only = {**allow, "Condition": {"StringEquals": {"events:source": ["a", "b"]}}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    bus = "arn:aws:events:us-west-2:1:event-bus/b"
    assert Policy((allow,)).allows("events:PutEvents", bus)
    assert not Policy(
        (
            allow,
            deny,
        )
    ).allows("events:PutEvents", bus)
    assert Policy((only,)).allows("events:PutEvents", bus, {"events:source": "b"})
    assert not Policy((only,)).allows("events:PutEvents", bus, {"events:source": "c"})
    assert not Policy((only,)).allows("events:PutEvents", bus)
    assert not Policy((allow,)).allows("events:PutEvents", bus + "2")


def test_a_condition_operator_that_is_not_known_is_an_error_and_not_a_guess() -> None:
    odd = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Odd": {"aws:SecureTransport": "x"}}}
    with pytest.raises(KeyError):
        Policy((odd,)).allows("events:PutEvents", "arn")


@pytest.mark.parametrize(
    ("averages", "in_alarm"),
    [
        ([SLOW] * 5, True),
        ([None] * 5, True),
        ([SLOW, None, SLOW, None, SLOW], True),
        ([SLOW, SLOW, FINE, SLOW, SLOW], False),
        ([30_000.0] * 5, False),
    ],
)
def test_missing_minutes_breach_and_the_threshold_itself_does_not(averages: list[float | None], in_alarm: bool) -> None:
    assert alarm.is_in_alarm(ALARM, averages) is in_alarm
    assert alarm.is_healthy(CHECK, ALARM, averages, last=True) is not in_alarm


@pytest.mark.parametrize(("says", "healthy"), [("Healthy", True), ("Unhealthy", False), ("LastKnownStatus", True)])
def test_without_any_data_the_check_says_what_it_was_told_to_say(says: str, healthy: bool) -> None:
    check = {**CHECK, "insufficientDataHealthStatus": says}
    assert alarm.is_healthy(check, ALARM, [None] * 5, last=True) is healthy


def test_inverting_inverts_the_status_and_disabling_makes_it_healthy() -> None:
    assert not alarm.is_healthy({**CHECK, "invertHealthcheck": True}, ALARM, [FINE] * 5, last=True)
    assert alarm.is_healthy(CHECK, ALARM, [SLOW] * 5, last=True, inverted=True)
    assert alarm.is_healthy({**CHECK, "disabled": True}, ALARM, [SLOW] * 5, last=True)


def test_failover_takes_360_seconds_on_average_and_never_more_than_420() -> None:
    taken = []
    for seed in range(120):
        begins_s = HOUR_S + seed / 2
        platform = platform_of(None, [Fault(FaultKind.EVENTBRIDGE, PRIMARY, begins_s, 3 * HOUR_S)], seed=seed)
        platform.clock.run()
        routed = (m.seconds for m in platform.ledger.moments if m.kind == "routed" and m.text.endswith(SECONDARY))
        taken.append(next(routed) - begins_s)
    assert max(taken) <= 420
    assert 345 < mean(taken) < 375


def test_a_target_is_tried_185_times_in_24_hours_and_not_again() -> None:
    retries, times, now = RetrySchedule(), [], 0.0
    while (again := retries.next_try(0.0, now, 86_400, 185)) is not None:
        times.append(again)
        now = again
    assert len(times) == 185
    assert 86_000 < times[-1] <= 86_400
    assert retries.next_try(0.0, 3_000, 3_600, 185) is not None
    assert retries.next_try(0.0, 3_600, 3_600, 185) is None
    assert retries.given_up(0.0, 3_600, 185) <= 3_600
    assert retries.next_try(0.0, 0.0, 86_400, 0) is None


@pytest.mark.parametrize(("longest_pause_s", "hours"), [(60, 3), (300, 14.8), (488, 24)])
def test_how_long_185_tries_take_depends_on_pauses_that_aws_does_not_tell(longest_pause_s: float, hours: float) -> None:
    assert RetrySchedule(longest_pause_s).given_up(0.0, 86_400, 185) / HOUR_S == pytest.approx(hours, abs=0.3)


def test_a_function_that_fails_is_tried_twice_more_after_one_and_two_minutes() -> None:
    def delivered(failing_s: float) -> tuple[int, int]:
        fault = Fault(FaultKind.FUNCTION_ERRORS, PRIMARY, HOUR_S, HOUR_S + failing_s, of="enrichment")
        platform = platform_of(None, [fault], sent_s=[HOUR_S])
        platform.clock.run()
        return len(platform.ledger.lake), platform.ledger.counts["dead letters"]

    assert delivered(179) == (1, 0)
    assert delivered(181) == (0, 1)


def test_a_throttled_function_is_tried_for_six_hours() -> None:
    def delivered(throttled_h: float) -> tuple[int, int]:
        fault = Fault(FaultKind.THROTTLED, PRIMARY, HOUR_S, (1 + throttled_h) * HOUR_S, of="enrichment")
        platform = platform_of(None, [fault], sent_s=[HOUR_S])
        platform.clock.run()
        return len(platform.ledger.lake), platform.ledger.counts["dead letters"]

    assert delivered(5.9) == (1, 0)
    assert delivered(6.1) == (0, 1)


def test_replication_gives_up_after_24_hours() -> None:
    def replicated(cut_h: float) -> int:
        platform = platform_of(
            None, [Fault(FaultKind.REPLICATION, PRIMARY, HOUR_S, (1 + cut_h) * HOUR_S)], sent_s=[HOUR_S]
        )
        platform.clock.run()
        return len(platform.archives_of(SECONDARY, plan().endpoint.bus)[0].held())

    assert (replicated(23.5), replicated(24.5)) == (1, 0)


def test_a_replay_misses_what_came_in_during_the_last_ten_minutes() -> None:
    platform = platform_of(None, sent_s=[HOUR_S + 7, HOUR_S + 9 * MINUTE_S])
    platform.clock.run(HOUR_S + 15 * MINUTE_S)
    Operator(platform).replay(0, 2 * HOUR_S)
    platform.clock.run()
    assert sorted(map(len, platform.ledger.lake.values())) == [1, 2]


def test_a_replay_keeps_to_its_window_and_its_archive_keeps_what_was_replayed_once() -> None:
    platform = platform_of(None, sent_s=hours(1, 5, 40))
    platform.clock.run(6 * HOUR_S)
    Operator(platform).replay(2 * HOUR_S, 3 * HOUR_S)
    platform.clock.run()
    assert platform.ledger.duplicates == 10
    assert len(platform.archives_of(SECONDARY, plan().endpoint.bus)[0].held()) == 40


def test_moving_to_a_dead_letter_queue_does_not_make_a_message_younger() -> None:
    down = [Fault(FaultKind.EVENTBRIDGE, region, HOUR_S, 3 * DAY_S) for region in (PRIMARY, SECONDARY)]
    platform = platform_of(None, down, sent_s=[2 * HOUR_S])
    platform.clock.run(3 * DAY_S)
    (dead,) = (
        queue for queue in platform.queues.values() if queue.plan.name == "signals-prod-spool-dlq" and queue.messages
    )
    assert dead.waiting()[0].sent_s == pytest.approx(2 * HOUR_S)
    platform.clock.run(14 * DAY_S + 3 * HOUR_S)
    assert not dead.waiting()


def test_what_is_put_on_a_missing_bus_is_answered_and_gone() -> None:
    gone = [Fault(FaultKind.BUS_MISSING, PRIMARY, HOUR_S, 2 * HOUR_S)]
    platform = platform_of(None, gone, sent_s=hours(1, 1.5, 5))
    platform.clock.run()
    assert (len(platform.ledger.acknowledged), len(platform.ledger.lake)) == (5, 0)


def test_targets_that_are_invoked_twice_make_duplicates_and_lose_nothing() -> None:
    twice = [Fault(FaultKind.DUPLICATES, PRIMARY, HOUR_S, 2 * HOUR_S)]
    platform = platform_of(None, twice, sent_s=hours(1.1, 1.5, 5))
    platform.clock.run()
    assert (len(platform.ledger.lake), platform.ledger.duplicates) == (5, 15)
    for region in (PRIMARY, SECONDARY):  # the consumer's items are the same however often they are written
        assert len(platform.tables.items(region, "signals-prod-profile-state")) == 5
