"""What decides failover (EventBridge User Guide, "CloudFormation template for global endpoints"), and its traps."""

import json
import re
from collections.abc import Callable
from typing import Any

from components.resource_types import ALARM, HEALTH_CHECK, QUEUE, RULE, SCHEDULE, TARGET
from signals.recording.record import record
from signals.recording.resources import Recording, Resource
from tests.support.reading import referred, role_statements
from tests.support.recordings import ROOT


def _alarm(recording: Recording) -> Resource:
    return recording.resource(ALARM, "failover-alarm")


def _check(recording: Recording) -> Resource:
    return recording.resource(HEALTH_CHECK, "failover-check")


def test_the_alarm_is_awss_own_to_the_letter(prod: Recording) -> None:
    alarm = _alarm(prod)
    assert alarm.region == "us-west-2"
    asked = "namespace metricName statistic period evaluationPeriods threshold comparisonOperator treatMissingData"
    assert {key: alarm.inputs[key] for key in asked.split()} == {
        "namespace": "AWS/Events",
        "metricName": "IngestionToInvocationStartLatency",
        "statistic": "Average",
        "period": 60,
        "evaluationPeriods": 5,
        "threshold": 30_000,
        "comparisonOperator": "GreaterThanThreshold",
        "treatMissingData": "breaching",
    }


def test_the_alarm_has_no_dimensions_and_nothing_that_route_53_cannot_watch(platform: Recording) -> None:
    forbidden = {"dimensions", "metricQueries", "extendedStatistic", "datapointsToAlarm"}
    assert not forbidden & set(_alarm(platform).inputs)


def test_the_health_check_watches_the_alarm_in_the_primary(platform: Recording) -> None:
    check = _check(platform).inputs
    assert check["type"] == "CLOUDWATCH_METRIC"
    assert referred(platform, check["cloudwatchAlarmName"]) == _alarm(platform)
    assert check["cloudwatchAlarmRegion"] == "us-west-2"
    assert check["insufficientDataHealthStatus"] == "Unhealthy"
    assert check["invertHealthcheck"] is False


def test_a_changed_alarm_reaches_the_health_check(settings_of: Callable[[str], dict[str, Any]], dev: Recording) -> None:
    for change in ({"latency_threshold_ms": 20_000}, {"evaluation_periods": 3}, {"missing_data": "missing"}):
        changed = record("dev", {**settings_of("dev"), "failover": change})
        assert _alarm(changed).inputs != _alarm(dev).inputs, change
        assert _check(changed).inputs["triggers"] != _check(dev).inputs["triggers"], change


def test_missing_data_that_is_no_breach_leaves_the_last_known_status(
    settings_of: Callable[[str], dict[str, Any]],
) -> None:
    changed = record("dev", {**settings_of("dev"), "failover": {"missing_data": "missing", "heartbeat": False}})
    assert _check(changed).inputs["insufficientDataHealthStatus"] == "LastKnownStatus"
    assert [schedule.name for schedule in changed.resources(SCHEDULE)] == ["probe-schedule"]


def test_no_deployment_undoes_a_failover_by_hand(platform: Recording) -> None:
    check = _check(platform)
    assert (check.inputs["invertHealthcheck"], check.inputs["disabled"]) == (False, False)
    assert set(check.options["ignoreChanges"]) == {"invertHealthcheck", "disabled"}


def test_a_drill_by_deployment_turns_the_check_round_and_nothing_else(
    settings_of: Callable[[str], dict[str, Any]], dev: Recording
) -> None:
    for held in (True, False):
        changed = record("dev", {**settings_of("dev"), "failover": {"inverted": held}})
        differing = [r.name for r, before in zip(changed.all, dev.all, strict=True) if r.to_json() != before.to_json()]
        assert differing == ["failover-check"]
        check = _check(changed)
        assert (check.inputs["invertHealthcheck"], check.inputs["disabled"]) == (held, held)
        assert "ignoreChanges" not in check.options


def test_every_alarm_names_a_heading_of_the_runbook(platform: Recording) -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
        for line in (ROOT / "docs" / "runbook.md").read_text().splitlines()
        if line.startswith("#")
    }
    for alarm in platform.resources(ALARM):
        _, _, anchor = alarm.inputs["alarmDescription"].partition(" Runbook: docs/runbook.md#")
        assert anchor in headings, alarm.inputs["alarmDescription"]


def test_the_heartbeat_goes_to_the_primarys_own_bus_once_a_minute(platform: Recording) -> None:
    schedule = platform.resource(SCHEDULE, "heartbeat-schedule")
    target = schedule.inputs["target"]
    assert schedule.region == "us-west-2"
    assert schedule.inputs["scheduleExpression"] == "rate(1 minute)"
    assert referred(platform, target["arn"]).name == "ingress-bus-us-west-2"
    assert target["eventbridgeParameters"]["source"] == "signals.heartbeat"


def test_the_heartbeat_has_a_rule_whose_target_is_cheap(platform: Recording) -> None:
    rule = platform.resource(RULE, "heartbeat-subscription-rule")
    assert json.loads(rule.inputs["eventPattern"]) == {"source": ["signals.heartbeat"]}
    target = platform.resource(TARGET, "heartbeat-subscription-target")
    sink = platform.resource(QUEUE, "heartbeat-sink-queue")
    assert referred(platform, target.inputs["arn"]) == sink
    assert sink.inputs["messageRetentionSeconds"] == 60


def test_the_heartbeat_may_put_heartbeats_on_that_bus_and_no_more(platform: Recording) -> None:
    (statement,) = role_statements(platform, "heartbeat-role")
    assert statement["Action"] == ["events:PutEvents"]
    assert [referred(platform, arn).name for arn in statement["Resource"]] == ["ingress-bus-us-west-2"]
    assert statement["Condition"] == {"StringEquals": {"events:source": "signals.heartbeat"}}


def test_nothing_that_processes_signals_takes_a_sign_of_life_for_one(platform: Recording) -> None:
    for rule in platform.resources(RULE):
        pattern = json.loads(rule.inputs["eventPattern"])
        if rule.name.endswith("enrichment-rule"):
            assert pattern["source"] == [{"anything-but": ["signals.heartbeat", "signals.probe"]}]
