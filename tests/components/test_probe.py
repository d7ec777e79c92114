"""The probe: what goes the signals' way through the endpoint, and who notices when it does not arrive."""

import json

import pytest

from components.resource_types import ALARM, ALIAS, FUNCTION, QUEUE, RULE, SCHEDULE, TARGET
from signals.recording.resources import Recording
from tests.support.reading import referred, role_statements

REGIONS = ("us-west-2", "us-east-1")


@pytest.mark.parametrize("region", REGIONS)
def test_probes_come_to_a_queue_in_each_region_and_are_soon_forgotten(platform: Recording, region: str) -> None:
    rule = platform.resource(RULE, f"probe-subscription-{region}-rule")
    assert rule.region == region
    assert referred(platform, rule.inputs["eventBusName"]).name == f"ingress-bus-{region}"
    assert json.loads(rule.inputs["eventPattern"]) == {
        "source": ["signals.probe"],
        "replay-name": [{"exists": False}],
    }
    queue = platform.resource(QUEUE, f"probe-{region}-queue")
    assert referred(platform, platform.resource(TARGET, f"probe-subscription-{region}-target").inputs["arn"]) == queue
    assert (queue.region, queue.inputs["messageRetentionSeconds"]) == (region, 300)


@pytest.mark.parametrize("region", REGIONS)
def test_five_minutes_without_a_probe_are_an_alarm_and_so_is_silence(platform: Recording, region: str) -> None:
    alarm = platform.resource(ALARM, f"probe-missing-{region}")
    rule = platform.resource(RULE, f"probe-subscription-{region}-rule")
    assert alarm.region == region
    asked = "namespace metricName statistic period evaluationPeriods threshold comparisonOperator treatMissingData"
    assert {key: alarm.inputs[key] for key in asked.split()} == {
        "namespace": "AWS/Events",
        "metricName": "Invocations",
        "statistic": "Sum",
        "period": 60,
        "evaluationPeriods": 5,
        "threshold": 1,
        "comparisonOperator": "LessThanThreshold",
        "treatMissingData": "breaching",
    }
    dimensions = alarm.inputs["dimensions"]
    assert dimensions["RuleName"] == rule.inputs["name"]
    assert referred(platform, dimensions["EventBusName"]).name == f"ingress-bus-{region}"


def test_the_canary_outlives_the_primary_and_goes_through_the_endpoint_once_a_minute(platform: Recording) -> None:
    schedule = platform.resource(SCHEDULE, "probe-schedule")
    (function,) = [f for f in platform.resources(FUNCTION) if f.inputs["name"].endswith("-canary")]
    assert schedule.region == function.region == "us-east-1"
    assert schedule.inputs["scheduleExpression"] == "rate(1 minute)"
    alias = referred(platform, schedule.inputs["target"]["arn"])
    assert alias.type == ALIAS
    assert referred(platform, alias.inputs["functionName"]) == function
    assert "EVENT_ENDPOINT_ID" in function.inputs["environment"]["variables"]


def test_the_schedule_may_invoke_the_canary_and_the_canary_may_put_probes(platform: Recording) -> None:
    (invoke,) = role_statements(platform, "probe-schedule-role")
    assert invoke["Action"] == ["lambda:InvokeFunction"]
    assert [referred(platform, arn).type for arn in invoke["Resource"]] == [ALIAS]
    (put,) = [s for s in role_statements(platform, "probe-canary-role") if "events:PutEvents" in s["Action"]]
    assert put["Condition"] == {"StringEquals": {"events:source": "signals.probe"}}
    assert [referred(platform, arn).name for arn in put["Resource"]] == [f"ingress-bus-{region}" for region in REGIONS]
