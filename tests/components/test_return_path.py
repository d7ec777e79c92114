"""The way back of replayed events (aws-facts 3): no bus-to-bus hop, no endpoint, only what a replay sends."""

import json

from components.resource_types import FUNCTION, MAPPING, QUEUE, RULE, TARGET
from signals.recording.resources import Recording
from tests.support.reading import referred, role_statements


def test_the_secondary_sends_replayed_events_and_nothing_else_to_the_return_queue(platform: Recording) -> None:
    rule = platform.resource(RULE, "return-subscription-rule")
    target = platform.resource(TARGET, "return-subscription-target")
    queue = platform.resource(QUEUE, "return-queue-queue")
    assert rule.region == queue.region == "us-east-1"
    assert json.loads(rule.inputs["eventPattern"]) == {"replay-name": [{"exists": True}]}
    assert referred(platform, target.inputs["arn"]) == queue
    assert queue.inputs["messageRetentionSeconds"] == 14 * 86_400
    (mapping,) = [m for m in platform.resources(MAPPING) if referred(platform, m.inputs["eventSourceArn"]) == queue]
    assert mapping.inputs["scalingConfig"] == {"maximumConcurrency": 50}  # old signals must not crowd out new ones
    assert "inputPath" not in target.inputs  # the whole event, which says what it was replayed from


def test_its_function_puts_on_the_primarys_own_bus_alone_and_not_through_the_endpoint(platform: Recording) -> None:
    (function,) = [f for f in platform.resources(FUNCTION) if f.inputs["name"].endswith("-return")]
    assert function.region == "us-east-1"
    variables = function.inputs["environment"]["variables"]
    assert variables["PRIMARY_REGION"] == "us-west-2"
    assert "EVENT_ENDPOINT_ID" not in variables
    role = referred(platform, function.inputs["role"])
    (put,) = [s for s in role_statements(platform, role.name) if "events:PutEvents" in s["Action"]]
    assert [referred(platform, arn).name for arn in put["Resource"]] == ["ingress-bus-us-west-2"]


def test_no_other_rule_of_the_secondary_takes_a_replay(platform: Recording) -> None:
    for rule in platform.resources(RULE, region="us-east-1"):
        pattern = json.loads(rule.inputs["eventPattern"])
        on_the_ingress_bus = referred(platform, rule.inputs["eventBusName"]).name == "ingress-bus-us-east-1"
        if on_the_ingress_bus and rule.name != "return-subscription-rule":
            assert pattern["replay-name"] == [{"exists": False}]
