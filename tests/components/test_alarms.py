"""Every alarm tells somebody, if the stack names somebody to tell."""

from collections.abc import Callable
from typing import Any

from components.resource_types import ALARM
from policies import rules  # noqa: F401 - makes them known
from policies.rule import violations
from policies.view import recorded
from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack_files import stack_settings

TOPICS = {region: f"arn:aws:sns:{region}:111122223333:pager" for region in ("us-west-2", "us-east-1")}


def test_every_alarm_notifies_its_own_regions_topic(settings_of: Callable[[str], dict[str, Any]]) -> None:
    told = record("dev", {**settings_of("dev"), "alarm_topics": TOPICS})
    alarms = told.resources(ALARM)
    assert {alarm.region for alarm in alarms} == set(TOPICS)
    for alarm in alarms:
        assert alarm.inputs["alarmActions"] == [TOPICS[str(alarm.region)]], alarm.name


def test_a_stack_may_say_aloud_that_its_alarms_tell_nobody(settings_of: Callable[[str], dict[str, Any]]) -> None:
    quiet = record("prod", {**settings_of("prod"), "alarm_topics": "none"})
    for alarm in quiet.resources(ALARM):
        assert (alarm.inputs["alarmActions"], alarm.inputs["actionsEnabled"]) == ([], False), alarm.name
    assert violations(recorded(quiet)) == []


def test_a_stack_that_says_nothing_keeps_its_alarms_as_they_were(dev: Recording) -> None:
    for alarm in dev.resources(ALARM):
        assert alarm.inputs["alarmActions"] == []
        assert "actionsEnabled" not in alarm.inputs


def test_prods_alarms_notify_the_topics_that_its_settings_name(prod: Recording) -> None:
    topics = stack_settings("prod").get("alarm_topics", {})
    for alarm in prod.resources(ALARM):
        topic = topics.get(alarm.region)
        assert alarm.inputs.get("alarmActions") == ([topic] if topic else []), alarm.name
        assert alarm.inputs.get("actionsEnabled", True), alarm.name


def test_one_message_in_a_queue_that_should_be_empty_is_an_alarm_within_a_minute(platform: Recording) -> None:
    alarms = [alarm.inputs for alarm in platform.resources(ALARM) if alarm.inputs["namespace"] == "AWS/SQS"]
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
