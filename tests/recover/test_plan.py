"""What has to be replayed after an outage, and in which slices."""

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.settings import load_settings
from signals.errors import Failed, Misuse
from signals.recover import plan, storage
from signals.recover.live import account_quotas
from signals.recover.outage import alarm_periods, outage_windows
from tests.recover.support import ScriptedStack

PROFILE = {"name": "profile", "kind": "function", "handler": "profile", "mode": "active-active"}
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HOUR = timedelta(hours=1)
LIVE = ("InvocationsCreated", "PutEventsApproximateCallCount", "ConcurrentExecutions")


class Alarms:
    """CloudWatch with a history, and with no metric but those of what could not be delivered."""

    def __init__(self, *history: tuple[datetime, str]) -> None:
        self.history = history
        self.undelivered: dict[str, list[datetime]] = {}
        self.live: dict[str, float] = {}
        self.invocations: dict[str, dict[datetime, float]] = {}  # by rule

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
        if asked["MetricName"] in LIVE:
            value = self.live.get(asked["MetricName"])
            return {"Datapoints": [] if value is None else [{asked["Statistics"][0]: value}]}
        if asked["MetricName"] == "Invocations":
            assert (asked["Namespace"], asked["Statistics"]) == ("AWS/Events", ["Sum"])
            assert asked["Period"] == 3_600 and asked["StartTime"].minute == 0
            names = {dimension["Name"]: dimension["Value"] for dimension in asked["Dimensions"]}
            assert names["EventBusName"] == "hand-made-ingress"
            counted = self.invocations.get(names["RuleName"], {})
            return {"Datapoints": [{"Timestamp": at, "Sum": count} for at, count in counted.items()]}
        return {"Datapoints": [{"Sum": 600.0}, {"Sum": 400.0}]}


class Archives:
    replays: Sequence[dict[str, Any]] = ()

    def list_replays(self, NamePrefix: str) -> dict[str, Any]:  # noqa: N803
        assert NamePrefix == "hand-made-return-"
        return {"Replays": [{"ReplayStartTime": NOW, **replay} for replay in self.replays]}

    def describe_archive(self, **_: str) -> dict[str, Any]:
        return {"EventCount": 10_000, "SizeBytes": 20_000_000, "CreationTime": datetime.now(UTC) - 100 * HOUR}


class Mappings:
    concurrency = 1_000

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self.concurrency}}

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


def test_the_archives_totals_are_a_check_and_change_nothing(cloud: ScriptedStack) -> None:
    class Fewer(Archives):
        def describe_archive(self, **_: str) -> dict[str, Any]:
            return {**super().describe_archive(), "EventCount": 7_000}

    alike = plan.make_plan(cloud, NOW - 40 * HOUR, NOW - HOUR)
    cloud.answers["events in us-west-2"] = Fewer()
    planned = plan.make_plan(cloud, NOW - 40 * HOUR, NOW - HOUR)
    assert "7,000 events are in the primary's archive and 10,000 in the secondary's" in " ".join(planned.notes)
    assert planned.windows == alike.windows


def test_cost_and_duration_follow_from_the_events(cloud: ScriptedStack) -> None:
    planned = plan.make_plan(cloud, NOW - 40 * HOUR, NOW - HOUR)
    assert planned.drained_per_second == 200
    assert planned.duration_s == 1_000 / 200
    assert (planned.events_per_second, planned.binding, planned.feasible) == (200, "return path", True)
    assert planned.cost_usd["replay"] == pytest.approx(0.001)


class Busy(Archives):
    """An archive with a day's 400 million signals for each day of a hundred, 25 to an event of 25 kB."""

    def describe_archive(self, **_: str) -> dict[str, Any]:
        events = 100 * 16_000_000
        made = datetime.now(UTC) - timedelta(days=100)
        return {"EventCount": events, "SizeBytes": events * 25_000, "CreationTime": made}


@pytest.fixture
def busy(cloud: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> ScriptedStack:
    """A primary in which 400 million signals a day are live: for each, two consumers."""
    cloud.answers["events"] = Busy()
    cloud.answers["cloudwatch"].live = {"InvocationsCreated": 185 * 52 * 60.0}
    monkeypatch.setattr(cloud.aws, "metric_sum", lambda *_: None)
    return cloud


def test_the_plan_states_how_long_a_replay_takes_beside_live_signals_and_which_quota_binds(busy: ScriptedStack) -> None:
    planned = plan.make_plan(busy, NOW - 31 * HOUR, NOW - HOUR)
    assert planned.archives["us-east-1"].events == pytest.approx(20e6, rel=1e-4)
    # Nine tenths of 18,750 invocations a second, without those of live signals, at 51 for a replayed event.
    rate = (0.9 * 18_750 - 185 * 52) / 51
    assert planned.events_per_second == pytest.approx(rate)
    assert planned.duration_s == pytest.approx(20e6 / rate, rel=1e-4)
    assert planned.duration_s > 39 * 3_600, "the return path alone would take 28 h"
    assert planned.binding == "invocations"
    assert planned.limit == "EventBridge's invocations throttle limit, 18,750 invocations a second"
    assert planned.live_share["invocations"] == pytest.approx(185 * 52 / 18_750)


def test_a_raised_quota_makes_the_plan_faster_until_something_else_binds(busy: ScriptedStack) -> None:
    planned = plan.make_plan(busy, NOW - 31 * HOUR, NOW - HOUR, invocations_quota=100_000)
    assert (planned.events_per_second, planned.limit) == (200, "return path")
    busy.answers["lambda"].concurrency = 200
    busy.answers["cloudwatch"].live["ConcurrentExecutions"] = 170
    planned = plan.make_plan(busy, NOW - 31 * HOUR, NOW - HOUR, invocations_quota=100_000)
    assert planned.limit == "Lambda's concurrent executions, 200 executions at a time"
    assert planned.events_per_second == pytest.approx((180 - 170) / 0.25)
    busy.answers["cloudwatch"].live["PutEventsApproximateCallCount"] = 740 * 60
    planned = plan.make_plan(busy, NOW - 31 * HOUR, NOW - HOUR, invocations_quota=100_000, put_events_quota=900)
    assert planned.binding == "put_events"
    # Ten events to a request of the return path's, ten signals to one of enrichment's.
    assert planned.events_per_second == pytest.approx((0.9 * 900 - 740) / 3.1)


def test_where_live_signals_leave_nothing_of_a_quota_the_plan_says_that_it_cannot_be_done(busy: ScriptedStack) -> None:
    busy.answers["cloudwatch"].live["InvocationsCreated"] = 17_500 * 60.0
    planned = plan.make_plan(busy, NOW - 31 * HOUR, NOW - HOUR)
    assert (planned.feasible, planned.events_per_second, planned.binding) == (False, None, "invocations")
    json.loads(json.dumps(planned.as_json(), allow_nan=False))


def test_while_the_primary_fails_the_live_load_is_what_came_in_not_what_its_metrics_show(busy: ScriptedStack) -> None:
    busy.answers["cloudwatch"].live = dict.fromkeys(LIVE, 0.0)
    over = plan.make_plan(busy, NOW - 31 * HOUR, NOW - HOUR)
    assert over.binding == "return path", "nothing else is live any more"
    planned = plan.make_plan(busy, NOW - 31 * HOUR)
    assert planned.ongoing
    assert planned.events_per_second == pytest.approx((0.9 * 18_750 - 185.2 * 52) / 51, rel=0.001)


def test_a_replay_that_the_archives_retention_overtakes_is_told(busy: ScriptedStack) -> None:
    late = plan.make_plan(busy, NOW - timedelta(days=29), NOW - timedelta(days=27))
    assert "before the archive deletes what came in first" in " ".join(late.notes)
    assert "deletes what came in first" not in " ".join(plan.make_plan(busy, NOW - 31 * HOUR, NOW - HOUR).notes)


def test_who_may_not_ask_for_the_accounts_limits_plans_with_awss_defaults(busy: ScriptedStack) -> None:
    class Closed(Mappings):
        def get_account_settings(self) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAccountSettings")

    busy.answers["lambda"] = Closed()
    assert account_quotas(busy)["lambda_concurrency"].of("us-west-2") == 1_000


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


@pytest.mark.parametrize(("rule", "of"), [("hand-made-probe", "probes"), ("hand-made-enrichment", "signal batches")])
def test_the_hours_in_which_the_primary_received_fewer_than_the_secondary_are_planned(
    cloud: ScriptedStack, rule: str, of: str
) -> None:
    raw = {**cloud.raw, "consumers": [*cloud.raw["consumers"], PROFILE]}
    stack = ScriptedStack("cloud", load_settings(raw), raw)
    stack.__dict__["aws"] = cloud.aws
    primary, secondary, first = Alarms(), Alarms(), NOW.replace(minute=0) - 50 * HOUR
    cloud.answers.update({"cloudwatch in us-west-2": primary, "cloudwatch in us-east-1": secondary})
    full = {first + n * HOUR: 60.0 for n in range(40)}
    primary.invocations[rule] = secondary.invocations[rule] = full
    with pytest.raises(Failed, match="as many events as the secondary in each hour for which CloudWatch counted both"):
        outage_windows(stack, None, None)
    lacking = first + 7 * HOUR
    primary.invocations[rule] = {at: count for at, count in full.items() if at != lacking}
    planned = plan.make_plan(stack)
    assert planned.windows == ((lacking - timedelta(minutes=5), lacking + timedelta(minutes=70)),)
    assert planned.found_by == "hours in which the primary received fewer than the secondary"
    assert any(f"received 0 {of} and the secondary 60" in note for note in planned.notes), planned.notes
    primary.invocations, secondary.invocations = secondary.invocations, primary.invocations
    with pytest.raises(Failed):
        outage_windows(stack, None, None)


def test_signals_are_compared_only_where_both_regions_have_a_rule_that_counts_them(cloud: ScriptedStack) -> None:
    primary, secondary = Alarms(), Alarms()
    cloud.answers.update({"cloudwatch in us-west-2": primary, "cloudwatch in us-east-1": secondary})
    primary.invocations["hand-made-enrichment"] = {NOW.replace(minute=0) - 9 * HOUR: 5.0}
    secondary.invocations["hand-made-enrichment"] = {NOW.replace(minute=0) - 9 * HOUR: 60.0}
    with pytest.raises(Failed):
        outage_windows(cloud, None, None)


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
