"""Starting, continuing and cancelling replays, against an EventBridge that answers from a script."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.setting_groups import RETURN_PATH_CONCURRENCY
from signals.errors import Failed
from signals.observe.archives import ArchiveWindow
from signals.observe.queues import QueueStatus
from signals.recover import pace, plan, replay
from tests.recover.support import ScriptedStack

END = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Events:
    """Replays that end when a slice has waited for them."""

    def __init__(self) -> None:
        self.replays: dict[str, str] = {}
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self.ends_as = "COMPLETED"

    def list_replays(self, NamePrefix: str = "") -> dict[str, Any]:  # noqa: N803
        found = [name for name in self.replays if name.startswith(NamePrefix)]
        return {"Replays": [{"ReplayName": name, "State": self.replays[name]} for name in found]}

    def start_replay(self, **request: Any) -> None:
        assert request["ReplayName"] not in self.replays
        self.requests.append(request)
        self.replays[request["ReplayName"]] = "RUNNING"
        self.most_at_once = max(self.most_at_once, sum(state == "RUNNING" for state in self.replays.values()))

    def cancel_replay(self, ReplayName: str) -> None:  # noqa: N803
        if self.replays[ReplayName] == "STARTING":
            raise ClientError({"Error": {"Code": "IllegalStatusException", "Message": ""}}, "CancelReplay")
        self.replays[ReplayName] = "CANCELLED"

    def end_one(self, _: float = 0) -> None:
        name = next(name for name, state in self.replays.items() if state == "RUNNING")
        self.replays[name] = self.ends_as


class ReturnPath:
    """The mapping of the return path's function."""

    def __init__(self, concurrency: int = RETURN_PATH_CONCURRENCY) -> None:
        self.set = [concurrency]
        self.batches = [10]

    def list_event_source_mappings(self, EventSourceArn: str) -> dict[str, Any]:  # noqa: N803
        assert EventSourceArn.endswith(":hand-made-return")
        scaling = {"MaximumConcurrency": self.set[-1]}
        return {
            "EventSourceMappings": [{"UUID": "the-mapping", "BatchSize": self.batches[-1], "ScalingConfig": scaling}]
        }

    def update_event_source_mapping(self, UUID: str, BatchSize: int, ScalingConfig: dict[str, int]) -> None:  # noqa: N803
        assert UUID == "the-mapping"
        self.batches.append(BatchSize)
        self.set.append(ScalingConfig["MaximumConcurrency"])


class Metrics:
    """CloudWatch's last minutes: invocations a second and latency (ms)."""

    def __init__(self, invocations: float = 0, latency_ms: float = 50) -> None:
        self.invocations, self.latency_ms = invocations, latency_ms

    def get_metric_statistics(self, MetricName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if MetricName == "InvocationsCreated":
            return {"Datapoints": [{"Sum": self.invocations * 60}]}
        return {"Datapoints": [{"Average": self.latency_ms}]}


@pytest.fixture
def events(scripted: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> Events:
    scripted.answers.update({"events": Events(), "lambda": ReturnPath(), "cloudwatch": Metrics()})
    monkeypatch.setattr(replay, "queue_statuses", lambda *_: [])
    found: Events = scripted.answers["events"]
    return found


def planned(hours: float = 30) -> plan.Plan:
    start = END - timedelta(hours=hours)
    return plan.Plan(
        stack="cloud",
        id="a-plan",
        outage_start=start,
        outage_end=END,
        ongoing=False,
        found_by="as told",
        start=start,
        end=END,
        whole=False,
        slices=tuple(plan.slices("hand-made-return", [(start, END)])),
        archives={"us-east-1": ArchiveWindow(events=1, size_bytes=1, exact=False, how="")},
        duplicates=None,
        signals=None,
        drained_per_second=200,
        backlog_limit=1_000,
        put_events_limit=None,
        ready_at=END,
        duration_s=1,
        cost_usd={},
        notes=(),
    )


def test_never_more_than_ten_replays_run_and_all_are_started(scripted: ScriptedStack, events: Events) -> None:
    started = replay.start(scripted, planned(), sleep=events.end_one)
    assert len(started) == 30
    assert events.most_at_once == 10


def test_every_replay_goes_to_the_return_paths_rule_alone(scripted: ScriptedStack, events: Events) -> None:
    replay.start(scripted, planned(), sleep=events.end_one)
    rule = "arn:aws:events:us-east-1:000000000000:rule/hand-made-ingress/hand-made-return"
    assert [request["Destination"]["FilterArns"] for request in events.requests] == [[rule]] * 30


def test_a_second_start_continues_where_the_first_was_interrupted(scripted: ScriptedStack, events: Events) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.start(scripted, planned(), sleep=interrupt)
    assert len(events.requests) == 10
    replay.start(scripted, planned(), sleep=events.end_one)
    assert len(events.requests) == len({request["ReplayName"] for request in events.requests}) == 30
    assert replay.start(scripted, planned(), sleep=events.end_one) == []


def test_what_failed_or_was_cancelled_is_replayed_whole_under_another_name(
    scripted: ScriptedStack, events: Events
) -> None:
    one = planned(hours=1 / 60)
    (part,) = one.slices
    events.replays = {part.name: "CANCELLED", f"{part.name}-2": "FAILED"}
    assert replay.start(scripted, one) == [f"{part.name}-3"]
    assert (events.requests[0]["EventStartTime"], events.requests[0]["EventEndTime"]) == (part.start, part.end)


def test_what_fails_again_at_once_is_not_tried_for_ever(scripted: ScriptedStack, events: Events) -> None:
    events.ends_as = "FAILED"
    with pytest.raises(Failed, match="describe-replay"):
        replay.start(scripted, planned(), sleep=events.end_one)
    assert len(events.requests) == 10


def test_a_full_return_queue_holds_the_next_slice(
    scripted: ScriptedStack, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    depth, told = [5_000], []
    monkeypatch.setattr(
        replay, "queue_statuses", lambda *_: [QueueStatus("hand-made-return", depth[0], 0, is_failure_queue=False)]
    )

    def drain(_: float) -> None:
        assert events.requests == []
        depth[0] = 10

    replay.start(scripted, planned(hours=0.1), on_event=told.append, sleep=drain)
    assert "5000 messages are in the return queue" in told[0]
    assert len(events.requests) == 6


def test_a_primary_near_its_quota_holds_the_next_slice(
    scripted: ScriptedStack, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, told = [8_000 * 60], []
    monkeypatch.setattr(scripted.aws, "metric_sum", lambda *_: calls[0])

    def calmer(_: float) -> None:
        assert events.requests == []
        calls[0] = 100 * 60

    limited = planned(hours=0.1).model_copy(update={"put_events_limit": 7_000.0})
    replay.start(scripted, limited, on_event=told.append, sleep=calmer)
    assert any("8000 PutEvents a second" in text for text in told)
    assert len(events.requests) == 6


def test_a_replay_that_another_run_has_started_is_not_an_error(
    scripted: ScriptedStack, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, raced = events.start_replay, []

    def another_was_first(**request: Any) -> None:
        start(**request)
        if not raced:
            raced.append(request["ReplayName"])
            code = {"Code": "ResourceAlreadyExistsException", "Message": ""}
            raise ClientError({"Error": code}, "StartReplay")

    monkeypatch.setattr(events, "start_replay", another_was_first)
    replay.start(scripted, planned(), sleep=events.end_one)
    assert raced and len(events.requests) == 30


def test_the_archives_lag_is_waited_out(scripted: ScriptedStack, events: Events) -> None:
    class AwakeError(Exception):
        pass

    def sleep(seconds: float) -> None:
        assert 0 < seconds <= 5
        raise AwakeError

    early = planned().model_copy(update={"ready_at": datetime.now(UTC) + timedelta(minutes=9)})
    with pytest.raises(AwakeError):
        replay.start(scripted, early, sleep=sleep)
    assert events.requests == []


def test_cancel_stops_what_runs_and_only_what_is_ours(scripted: ScriptedStack, events: Events) -> None:
    events.replays = {
        "hand-made-return-a": "RUNNING",
        "hand-made-return-b": "COMPLETED",
        "hand-made-return-c": "STARTING",
        "somebody-elses": "RUNNING",
    }
    assert replay.cancel(scripted) == ["hand-made-return-a"]
    assert events.replays["somebody-elses"] == "RUNNING"


@pytest.mark.parametrize(
    ("before", "invocations", "latency_ms", "after"),
    [
        # 18,750 a second by default, a tenth of them kept free; one at a time takes 40 events, of 51 each.
        (50, 0, 50, 50),
        (50, 16_875, 50, 50),
        (50, 17_000, 50, 49),
        (50, 60_000, 50, 28),
        (50, 200_000, 50, 2),
        (2, 16_875 - 2_040, 50, 3),
        (2, 0, 50, 10),
        (30, 0, 50, 38),
        (50, 0, 29_000, 2),
    ],
)
def test_the_return_path_works_as_much_as_the_primarys_invocations_leave_room_for(
    scripted: ScriptedStack, before: int, invocations: float, latency_ms: float, after: int
) -> None:
    mapping = ReturnPath(before)
    scripted.answers.update({"lambda": mapping, "cloudwatch": Metrics(invocations, latency_ms)})
    said = pace.Pace(scripted, waiting=lambda: 1).adjust()
    assert mapping.set[-1] == after
    assert bool(said) == (before != after)


def test_when_nothing_is_replayed_yet_it_begins_with_two_messages_at_a_time(scripted: ScriptedStack) -> None:
    mapping = ReturnPath()
    scripted.answers.update({"lambda": mapping, "cloudwatch": Metrics(12_500)})
    said = pace.Pace(scripted, waiting=lambda: 0).adjust()
    assert (mapping.set[-1], mapping.batches[-1]) == (2, 1)
    assert "works 2 at a time in batches of 1, as" in str(said)


def throttled(*minutes: tuple[float, int, bool, float, float]) -> None:
    """Follow a throttle of 18,750 invocations a second and 3 consumers (76 an event, 304 a message at a time).

    Args:
        minutes: When; how many messages are right then; whether any wait; invocations a second, and latency (ms).
    """
    throttle, messages = pace.Throttle(18_750, 3, 30_000), pace.Throttle.MOST
    for minute, wanted, waiting, created, latency_ms in minutes:
        messages = throttle.at_a_time(minute * 60, messages, waiting=waiting, created=created, latency_ms=latency_ms)
        assert messages == wanted, minute


def test_it_works_more_only_once_the_metrics_tell_of_its_last_change() -> None:
    throttled(
        (0, 2, False, 12_500, 50), (6, 2, True, 12_500, 50), (7, 16, True, 12_500, 50), (13, 16, True, 12_500, 50)
    )


def test_what_the_metrics_tell_of_an_empty_queue_is_no_room() -> None:
    throttled((0, 2, False, 12_500, 50), (7, 16, True, 12_500, 50), (14, 16, False, 12_500, 50))


def test_what_is_slow_is_at_once_the_least() -> None:
    throttled((0, 2, False, 12_500, 50), (7, 16, True, 12_500, 50), (8, 2, True, 12_500, 10_001))


def test_the_pace_follows_once_a_minute_and_is_as_deployed_at_the_end(
    scripted: ScriptedStack, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = scripted.answers["lambda"] = ReturnPath()
    scripted.answers["cloudwatch"] = Metrics(60_000)
    said: list[str] = []
    replay.start(scripted, planned(), on_event=said.append, sleep=events.end_one)
    assert len(mapping.set) == 2, "one look in all those polls"
    assert any(f"works {mapping.set[-1]} at a time" in text for text in said)
    for name in events.replays:
        events.replays[name] = "COMPLETED"
    monkeypatch.setattr(replay.time, "sleep", lambda _: None)
    list(replay.watch(scripted, planned()))
    assert mapping.set[-1] == RETURN_PATH_CONCURRENCY


def test_a_quota_that_was_raised_leaves_more_room(scripted: ScriptedStack) -> None:
    mapping = ReturnPath()
    scripted.answers.update({"lambda": mapping, "cloudwatch": Metrics(60_000)})
    assert pace.Pace(scripted, waiting=lambda: 1, invocations_quota=100_000).adjust() is None
