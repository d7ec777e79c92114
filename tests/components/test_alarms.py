"""Every alarm tells somebody, looks at what there is, and has its section of the runbook."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from components.names import (
    age_alarm,
    destination_alarm,
    dropped_alarm,
    messages_alarm,
    throttled_alarm,
    undelivered_alarm,
)
from components.parts.references import Reference
from components.resource_types import ALARM, ASYNC_CONFIG, COMPOSITE_ALARM, FUNCTION, QUEUE, RULE, STREAM
from policies import rules  # noqa: F401 - makes them known
from policies.rule import violations
from policies.view import recorded
from signals.recording.record import record
from signals.recording.resources import Recording, Resource
from signals.stack_files import stack_settings
from tests.support.metrics import Senders
from tests.support.reading import referred
from tests.support.recordings import ROOT

TOPICS = {region: f"arn:aws:sns:{region}:111122223333:pager" for region in ("us-west-2", "us-east-1")}


def test_every_alarm_notifies_its_own_regions_topic(settings_of: Callable[[str], dict[str, Any]]) -> None:
    told = record("dev", {**settings_of("dev"), "alarm_topics": TOPICS})
    alarms = told.resources(ALARM)
    assert {alarm.region for alarm in alarms} == set(TOPICS)
    for alarm in (*alarms, *told.resources(COMPOSITE_ALARM)):
        assert alarm.inputs["alarmActions"] == [TOPICS[str(alarm.region)]], alarm.name


def test_a_stack_may_say_aloud_that_its_alarms_tell_nobody(settings_of: Callable[[str], dict[str, Any]]) -> None:
    quiet = record("prod", {**settings_of("prod"), "alarm_topics": "none"})
    for alarm in (*quiet.resources(ALARM), *quiet.resources(COMPOSITE_ALARM)):
        assert (alarm.inputs["alarmActions"], alarm.inputs["actionsEnabled"]) == ([], False), alarm.name
    assert violations(recorded(quiet)) == []


def test_a_stack_that_says_nothing_keeps_its_alarms_as_they_were(dev: Recording) -> None:
    for alarm in (*dev.resources(ALARM), *dev.resources(COMPOSITE_ALARM)):
        assert alarm.inputs["alarmActions"] == []
        assert "actionsEnabled" not in alarm.inputs


def test_prods_alarms_notify_the_topics_that_its_settings_name(prod: Recording) -> None:
    topics = stack_settings("prod").get("alarm_topics", {})
    for alarm in (*prod.resources(ALARM), *prod.resources(COMPOSITE_ALARM)):
        topic = topics.get(alarm.region)
        assert alarm.inputs.get("alarmActions") == ([topic] if topic else []), alarm.name
        assert alarm.inputs.get("actionsEnabled", True), alarm.name


def test_one_message_in_a_queue_that_should_be_empty_is_an_alarm_within_a_minute(platform: Recording) -> None:
    metric = "ApproximateNumberOfMessagesVisible"
    alarms = [alarm.inputs for alarm in platform.resources(ALARM) if alarm.inputs["metricName"] == metric]
    assert len(alarms) >= 8
    for alarm in alarms:
        asked = "metricName statistic period evaluationPeriods threshold comparisonOperator treatMissingData"
        assert {key: alarm[key] for key in asked.split()} == {
            "metricName": "ApproximateNumberOfMessagesVisible",
            "statistic": "Maximum",
            "period": 60,
            "evaluationPeriods": 1,
            "threshold": 0,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "notBreaching",
        }


def watched(recording: Recording) -> set[tuple[str | None, str]]:
    """Region and name of every alarm on a metric."""
    return {(alarm.region, alarm.inputs["name"]) for alarm in recording.resources(ALARM)}


def test_every_alarm_looks_at_a_metric_that_something_of_the_stack_sends(platform: Recording) -> None:
    senders = Senders(platform)
    for alarm in platform.resources(ALARM):
        i = alarm.inputs
        assert senders.problem(alarm.region, i["namespace"], i["metricName"], i.get("dimensions") or {}) is None, i[
            "name"
        ]


@pytest.mark.parametrize(
    ("namespace", "metric", "dimensions", "says"),
    [
        ("AWS/SQS", "ApproximateNumberOfMessages", {"QueueName": "signals-prod-spool"}, "has no"),
        (
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            {"QueueName": "signals-prod-spol"},
            "no QueueName signals-prod-spol",
        ),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "signals-prod-return"}, "in us-west-2"),
        ("AWS/Events", "Invocations", {"RuleName": "signals-prod-probe"}, "has no"),
        (
            *("AWS/Events", "Invocations", {"EventBusName": "signals-prod-data", "RuleName": "signals-prod-probe"}),
            "there is no rule",
        ),
        ("Signals", "UnavailableSignal", {"FunctionName": "signals-prod-ingest"}, "counts no UnavailableSignal"),
        ("AWS/Route53", "HealthCheckStatus", {"HealthCheckId": "failover-check"}, "us-east-1 alone"),
    ],
)
def test_a_metric_that_nothing_sends_is_seen(
    prod: Recording, namespace: str, metric: str, dimensions: dict[str, str], says: str
) -> None:
    """The test above can fail."""
    assert says in str(Senders(prod).problem("us-west-2", namespace, metric, dimensions))


def _headings(text: str) -> set[str]:
    """How links name the headings of a page: GitHub's anchors."""
    lines = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).strip().replace(" ", "-") for line in lines}


def test_every_alarm_has_its_section_of_the_runbook(platform: Recording) -> None:
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8")
    for alarm in (*platform.resources(ALARM), *platform.resources(COMPOSITE_ALARM)):
        _, _, anchor = alarm.inputs["alarmDescription"].partition("docs/runbook.md#")
        assert anchor in _headings(runbook), alarm.name
        name = str(alarm.inputs.get("name") or alarm.inputs.get("alarmName"))
        section = re.split(r"^## ", runbook, flags=re.MULTILINE)[1:]
        (found,) = [part for part in section if anchor in _headings(f"## {part}")]
        pages = re.search(r"Pages: (.+?)(?:\n\n|\Z)", found, re.DOTALL)
        assert pages, anchor
        assert any(name.endswith(end) for end in re.findall(r"`…-([a-z-]+)`", pages.group(1))), name


def test_what_rules_cannot_deliver_and_functions_give_up_on_is_watched_wherever_it_is_signals(
    platform: Recording,
) -> None:
    found = {(r.region, r.inputs["name"]) for r in platform.resources(RULE)}
    of_signals = {place for place in found if not place[1].endswith(("-probe", "-heartbeat"))}
    assert {(region, undelivered_alarm(name)) for region, name in of_signals} <= watched(platform)
    functions = {(f.region, f.inputs["name"]) for f in platform.resources(FUNCTION)}
    carrying = {place for place in functions if not place[1].endswith(("-canary", "-healthcheck"))}
    assert {(region, throttled_alarm(name)) for region, name in carrying} <= watched(platform)
    later = {
        (c.region, referred(platform, c.inputs["functionName"]).inputs["name"])
        for c in platform.resources(ASYNC_CONFIG)
    }
    for of in (dropped_alarm, destination_alarm):
        assert {(region, of(name)) for region, name in later & carrying} <= watched(platform)
    assert later & carrying


def test_every_queue_is_watched_for_messages_or_for_their_age(platform: Recording) -> None:
    for queue in platform.resources(QUEUE):
        name = queue.inputs["name"]
        if not name.endswith(("-probe", "-heartbeat")):
            assert {(queue.region, messages_alarm(name)), (queue.region, age_alarm(name))} & watched(platform), name


def test_a_queue_is_said_to_wait_long_before_sqs_forgets(platform: Recording) -> None:
    limits: dict[str, int] = {}
    for alarm in platform.resources(ALARM):
        if alarm.inputs["metricName"] == "ApproximateAgeOfOldestMessage":
            name = alarm.inputs["dimensions"]["QueueName"].removeprefix(f"signals-{platform.stack}-")
            limits[name] = alarm.inputs["threshold"]
            queues = [
                q for q in platform.resources(QUEUE) if q.inputs["name"] == alarm.inputs["dimensions"]["QueueName"]
            ]
            assert all(limits[name] * 6 < q.inputs["messageRetentionSeconds"] for q in queues)
    # The spool's messages are hidden for 360 s at a time, and SQS counts the age of what was received twice at most.
    assert limits.pop("spool") < 2 * 360
    assert limits == {"return": 21_600, "orders": 172_800}


def test_the_lake_is_late_when_firehose_is_and_hours_before_it_forgets(platform: Recording) -> None:
    buffers = {
        (s.region, s.inputs["name"]): s.inputs["extendedS3Configuration"]["bufferingInterval"]
        for s in platform.resources(STREAM)
    }
    metrics = {}
    for alarm in platform.resources(ALARM):
        if alarm.inputs["namespace"] == "AWS/Firehose":
            place = alarm.region, alarm.inputs["dimensions"]["DeliveryStreamName"]
            metrics[place, alarm.inputs["metricName"]] = alarm.inputs["threshold"]
            assert alarm.inputs["period"] * alarm.inputs["evaluationPeriods"] <= 3_600
    assert metrics == {
        **{(place, "DeliveryToS3.DataFreshness"): seconds + 900 for place, seconds in buffers.items()},
        **{(place, "ThrottledRecords"): 0 for place in buffers},
    }


def _named(recording: Recording, composite: Resource) -> set[str]:
    found = re.findall(r'ALARM\("(<<.+?>>)"\)', composite.inputs["alarmRule"])
    assert " OR ".join(f'ALARM("{each}")' for each in found) == composite.inputs["alarmRule"]
    assert all(Reference.parse(each) for each in found)
    alarms = [referred(recording, each) for each in found]
    assert {alarm.region for alarm in alarms} == {composite.region}
    return {alarm.inputs["metricName"] for alarm in alarms}


def test_one_alarm_a_region_says_that_signals_are_lost_or_will_be(platform: Recording) -> None:
    of = {composite.region: _named(platform, composite) for composite in platform.resources(COMPOSITE_ALARM)}
    everywhere = {"UnavailableSignals", "ApproximateAgeOfOldestMessage", "InvocationsFailedToBeSentToDlq"}
    assert everywhere <= of["us-east-1"]
    assert of["us-west-2"] == everywhere | {
        *("DestinationDeliveryFailures", "DeliveryToS3.DataFreshness", "ThrottledRecords")
    }


def test_what_a_composite_alarm_names_can_go_before_it_is_changed(platform: Recording) -> None:
    """CloudWatch deletes no alarm that a composite names; see `components.parts.alarms.signals_at_risk`."""
    for composite in platform.resources(COMPOSITE_ALARM):
        for reference in composite.references():
            alarm = platform.resource(reference.type, reference.name)
            assert alarm.options.get("deleteBeforeReplace") is False, alarm.name
            assert not alarm.references() and not alarm.dependencies.explicit, alarm.name
