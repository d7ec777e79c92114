"""References in nested values: found, replaced, and answered as AWS would."""

import json

from components.parts.references import Reference
from components.resource_types import ALIAS, API, BUS, ENDPOINT, FUNCTION, QUEUE, RULE
from signals.recording.resolve import Resolver, resolved
from signals.recording.resources import Dependencies, Recording, Resource
from signals.recording.values import Secret, find_references, leaves, plain, substitute, to_json

ARN = str(Reference(QUEUE, "orders", "arn"))
VALUE = {"b": [ARN, 1], "a": {"document": json.dumps({"Resource": [ARN, "x"]}), "secret": Secret(f"url {ARN}")}}


def resource(type: str, name: str, /, **inputs: object) -> Resource:
    urn = f"urn:{type}::{name}"
    return Resource(urn, type, name, "us-west-2", "444455556666", inputs, None, Dependencies(), {})


def answers(*resources: Resource) -> Resolver[Resource]:
    return Resolver(resources)


def test_references_are_found_at_any_depth_in_documents_and_in_secrets() -> None:
    assert list(find_references(VALUE)) == [Reference(QUEUE, "orders", "arn")] * 3
    assert [path for path, leaf in leaves(VALUE) if leaf == 1] == [("b", 1)]


def test_a_substitution_leaves_everything_but_references_as_it_was() -> None:
    done = substitute(VALUE, lambda reference: reference.name)
    assert done["b"] == ["orders", 1]
    assert json.loads(done["a"]["document"]) == {"Resource": ["orders", "x"]}
    assert VALUE["b"][0] == ARN


def test_references_in_keys_are_found_and_replaced() -> None:
    value = {"tags": {ARN: {"x": 1}}}
    assert list(find_references(value)) == [Reference(QUEUE, "orders", "arn")]
    assert substitute(value, lambda reference: reference.name) == {"tags": {"orders": {"x": 1}}}


def test_a_secret_is_opened_for_rules_and_left_out_of_json() -> None:
    assert plain(VALUE)["a"]["secret"] == f"url {ARN}"
    assert to_json(VALUE)["a"]["secret"] == {"secret": True}
    assert list(to_json(VALUE)) == ["a", "b"]


def test_an_arn_follows_names_through_other_resources() -> None:
    bus = resource(BUS, "bus", name="ingress")
    by_name = resource(RULE, "r", name="rule", eventBusName=str(Reference(BUS, "bus", "name")))
    by_arn = resource(RULE, "s", name="rule", eventBusName=str(Reference(BUS, "bus", "arn")))
    default = resource(RULE, "t", name="rule")
    resolver = answers(bus, by_name, by_arn, default)
    expected = "arn:aws:events:us-west-2:444455556666:rule/{}/rule"
    assert [resolver.arn(rule) for rule in (by_name, by_arn)] == [expected.format("ingress")] * 2
    assert resolver.arn(default) == expected.format("default")


def test_outputs_are_what_aws_would_give() -> None:
    function = resource(FUNCTION, "f", name="ingest")
    alias = resource(ALIAS, "a", name="live", functionName=str(Reference(FUNCTION, "f", "name")))
    resolver = answers(
        resource(QUEUE, "q", name="orders"),
        resource(ENDPOINT, "e", name="signals"),
        resource(API, "api"),
        function,
        alias,
    )
    queue_url = "https://sqs.us-west-2.amazonaws.com/444455556666/orders"
    assert resolver.resolve([str(Reference(QUEUE, "q", path)) for path in ("url", "id")]) == [queue_url] * 2
    assert resolver.answer(Reference(ENDPOINT, "e", "endpointUrl", "endpoint_id")) == "signals.veo"
    invoke = resolver.answer(Reference(ALIAS, "a", "invokeArn"))
    assert invoke.endswith("arn:aws:lambda:us-west-2:444455556666:function:ingest:live/invocations")
    assert resolver.answer(Reference(API, "api", "apiEndpoint")) == "api.apiEndpoint"


def test_a_resolved_recording_has_no_references() -> None:
    queue, other = resource(QUEUE, "orders", name="orders"), resource(QUEUE, "other", **VALUE)
    (_, done) = resolved(Recording("test", (queue, other))).all
    assert done.inputs["b"][0] == "arn:aws:sqs:us-west-2:444455556666:orders"
