"""Asynchronous invocation (Lambda Developer Guide, "Retaining records of asynchronous invocations")."""

import json

import pytest

from tests.support.embedded import Aws, eventually

FAILS = "def handler(event, context): raise ValueError('no')"


@pytest.mark.parametrize(("retries", "invoked"), [(0, 1), (2, 3)])
def test_a_failed_event_reaches_the_aliass_on_failure_destination(
    aws: Aws, name: str, retries: int, invoked: int
) -> None:
    queue, alias = aws.queue(name), aws.function(name, FAILS)
    aws("lambda").put_function_event_invoke_config(
        FunctionName=name,
        Qualifier="live",
        MaximumRetryAttempts=retries,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    aws("lambda").invoke(FunctionName=alias, InvocationType="Event", Payload=b'{"id":"1"}')
    (message,) = eventually(lambda: aws.messages(queue), seconds=15)
    record = json.loads(message["Body"])
    context = record["requestContext"]
    assert context["functionArn"] == alias
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", invoked)
    assert record["requestPayload"] == {"id": "1"}
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "no"


def test_another_qualifiers_settings_do_not_count(aws: Aws, name: str) -> None:
    queue = aws.queue(name)
    aws.function(name, FAILS)
    aws("lambda").put_function_event_invoke_config(
        FunctionName=name,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert eventually(lambda: aws.messages(queue), seconds=2) == []


def test_a_new_function_is_active_at_once(aws: Aws, name: str) -> None:
    aws.function(name, FAILS)
    settings = eventually(
        lambda: aws("lambda").get_function_configuration(FunctionName=name, Qualifier="1")["State"] == "Active",
        seconds=0.3,
    )
    assert settings
