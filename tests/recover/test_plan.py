"""What has to be replayed after an outage, and in which slices."""

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signals.errors import Failed, Misuse
from signals.recover import plan, storage
from signals.recover.outage import alarm_periods, outage_windows
from tests.recover.support import ScriptedStack

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HOUR = timedelta(hours=1)


class Alarms:
    """CloudWatch with a history, and with no metric but those of what could not be delivered."""

    def __init__(self, *history: tuple[datetime, str]) -> None:
        self.history = history
        self.undelivered: dict[str, list[datetime]] = {}

    def get_paginator(self, name: str) -> Any:
        assert name == "describe_alarm_history"
        return self

    def paginate(self, **asked: str) -> list[dict[str, Any]]:
        assert asked["HistoryItemType"] == "StateUpdate"
        known = self.history if asked["AlarmName"] == "hand-made-ingress-latency" else ()
        data = [(at, json.dumps({"newState": {"stateValue": state}})) for at, state in known]
        return [{"AlarmHistoryItems": [{"Timestamp": at, "HistoryData": text} for at, text in data]}]

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        assert (asked["EndTime"] - asked["StartTime"]).total_seconds() / asked["Period"] <= 1_440
        if asked["MetricName"] in ("InvocationsFailedToBeSentToDlq", "DestinationDeliveryFailures"):
            of = asked["Dimensions"][-1]["Value"]
            return {"Datapoints": [{"Timestamp": at, "Sum": 1.0} for at in self.undelivered.get(of, ())]}
        return {"Datapoints": [{"Sum": 600.0}, {"Sum": 400.0}]}


class Archives:
    replays: Sequence[dict[str, Any]] = ()

    def list_replays(self, NamePrefix: str) -> dict[str, Any]:  # noqa: N803
        assert NamePrefix == "hand-made-return-"
        return {"Replays": [{"ReplayStartTime": NOW, **replay} for replay in self.replays]}

    def describe_archive(self, **_: str) -> dict[str, Any]:
        return {"EventCount": 10_000, "SizeBytes": 20_000_000, "CreationTime": NOW - 100 * HOUR}


class Mappings:
    def list_event_source_mappings(self, **_: str) -> dict[str, Any]:
        return {"EventSourceMappings": [{"BatchSize": 10, "ScalingConfig": {"MaximumConcurrency": 5}}]}


@pytest.fixture
def cloud(scripted: ScriptedStack) -> ScriptedStack:
    scripted.answers.update({"cloudwatch": Alarms(), "events": Archives(), "lambda": Mappings()})
    return scripted


def test_an_outage_is_replayed_whole_since_nobody_sees_what_replication_delivered(cloud: ScriptedStack) -> None:
    for length in (0.5, 2, 10, 30):
        start, end = NOW - length * HOUR - HOUR, NOW - HOUR
        planned = plan.make_plan(cloud, start, end)
        assert (planned.start, planned.end, planned.windows) == (start, end, ((start, end),))
        assert planned.ready_at == planned.end + timedelta(minutes=10)
        assert "no metric shows what replication delivered" in " ".join(planned.notes)


def test_what_the_archive_no_longer_has_is_called_lost(cloud: ScriptedStack) -> None:
    planned = plan.make_plan(cloud, NOW - timedelta(days=40), NOW - HOUR)
    assert planned.start >= NOW - timedelta(days=30, minutes=1)
    assert any(note.startswith("LOST") for note in planned.notes)


def test_on_aws_counts_are_called_what_they_are(cloud: ScriptedStack) -> None:
    counted = plan.make_plan(cloud, NOW - 40 * HOUR, NOW - HOUR).archives["us-east-1"]
    assert (counted.events, counted.size_bytes, counted.exact) == (1_000, 2_000_000, False)
    assert counted.how.startswith("at most")


def test_cost_and_duration_follow_from_the_events(cloud: ScriptedStack) -> None:
    planned = plan.make_plan(cloud, NOW - 40 * HOUR, NOW - HOUR)
    assert planned.drained_per_second == 200
    assert planned.duration_s == 1_000 / 200
    assert planned.cost_usd["replay"] == pytest.approx(0.001)


def test_slices_cover_the_window_without_a_gap_ten_of_them_or_one_an_hour() -> None:
    for length in (timedelta(minutes=1), timedelta(minutes=7), 6 * HOUR, 30 * HOUR, timedelta(days=30)):
        found = plan.slices("signals-return", [(NOW - length, NOW)])
        assert found[0].start == NOW - length
        assert found[-1].end == NOW
        assert all(one.end == other.start for one, other in itertools.pairwise(found))
        assert len(found) <= 10 or max(part.end - part.start for part in found) == HOUR
        assert len({part.name for part in found}) == len(found)


def test_names_of_replays_follow_from_the_window_and_fit() -> None:
    # StartReplay: at most 64 characters; a stack's name has 24 at most, and a tenth attempt needs three.
    (part,) = plan.slices(f"{'s' * 24}-return", [(NOW - timedelta(minutes=1), NOW)])
    assert part == plan.slices(f"{'s' * 24}-return", [(NOW - timedelta(minutes=1), NOW)])[0]
    assert len(part.name) + len("-10") <= 64


def test_the_plan_is_kept_and_found_again(cloud: ScriptedStack) -> None:
    planned = plan.make_plan(cloud, NOW - 31 * HOUR, NOW - HOUR)
    assert plan.load_plan(cloud) == plan.load_plan(cloud, planned.id) == planned
    assert (storage.folder(cloud) / f"replay-{planned.id}.json").is_file()
    with pytest.raises(Misuse, match=planned.id):
        plan.load_plan(cloud, "another")


def test_without_times_every_outage_that_is_not_made_good_is_taken(cloud: ScriptedStack) -> None:
    history = [(90, "ALARM"), (80, "OK"), (40, "ALARM"), (5, "OK")]
    cloud.answers["cloudwatch"] = Alarms(*((NOW - hours * HOUR, state) for hours, state in history))
    # Five minutes until the alarm says so, and five to be sure; ten until all signals go to the primary again.
    lead, tail = timedelta(minutes=10), timedelta(minutes=10)
    both = ((NOW - 90 * HOUR - lead, NOW - 80 * HOUR + tail), (NOW - 40 * HOUR - lead, NOW - 5 * HOUR + tail))
    assert outage_windows(cloud, None, None).windows == both
    cloud.answers["events"].replays = [
        {
            "EventStartTime": both[0][0],
            "EventEndTime": both[0][1],
            "State": "COMPLETED",
            "ReplayName": "hand-made-return-1",
        }
    ]
    planned = plan.make_plan(cloud)
    assert planned.windows == both[1:]
    assert any("completed replays cover" in note for note in planned.notes)
    assert plan.make_plan(cloud, whole=True).windows == both


@pytest.mark.parametrize("of", ["hand-made-enrichment", "hand-made-orders", "hand-made-return"])
def test_what_no_dead_letter_queue_could_take_is_replayed_and_so_is_what_an_earlier_replay_brought(
    cloud: ScriptedStack, of: str
) -> None:
    alarms = cloud.answers["cloudwatch"] = Alarms((NOW - 90 * HOUR, "ALARM"), (NOW - 80 * HOUR, "OK"))
    outage = outage_windows(cloud, None, None).windows
    done = {"EventStartTime": outage[0][0], "EventEndTime": outage[0][1], "State": "COMPLETED", "ReplayName": "x"}
    cloud.answers["events"].replays = [{**done, "ReplayStartTime": NOW - 60 * HOUR}]
    assert outage_windows(cloud, None, None).windows == ()
    alarms.undelivered[of] = [NOW - 40 * HOUR]
    assert outage_windows(cloud, None, None).windows == (*outage, (NOW - 70 * HOUR, NOW - 39 * HOUR))
    cloud.answers["events"].replays = [{**done, "ReplayStartTime": NOW - 30 * HOUR}]
    assert outage_windows(cloud, None, None).windows == ((NOW - 70 * HOUR, NOW - 39 * HOUR),)


def test_an_alarm_that_stays_makes_an_outage_that_has_not_ended() -> None:
    assert alarm_periods([(NOW, "ALARM"), (NOW - HOUR, "OK"), (NOW + HOUR, "INSUFFICIENT_DATA")]) == [(NOW, NOW + HOUR)]
    assert alarm_periods([(NOW, "ALARM")]) == [(NOW, None)]
    assert alarm_periods([]) == []


def test_an_alarm_that_began_before_its_history_began_then_at_the_latest() -> None:
    assert alarm_periods([(NOW, "OK<ALARM")], NOW - 720 * HOUR) == [(NOW - 720 * HOUR, NOW)]
    assert alarm_periods([(NOW, "OK<INSUFFICIENT_DATA")], NOW - 720 * HOUR) == []


def test_an_outage_nobody_knows_of_has_to_be_told(cloud: ScriptedStack) -> None:
    with pytest.raises(Failed, match=r"--from, --to"):
        outage_windows(cloud, None, None)
    with pytest.raises(Misuse):
        outage_windows(cloud, NOW, NOW - HOUR)
