"""`/health`: ingest that is throttled is healthy, ingest that cannot answer is not."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from handlers.health.wiring import build
from handlers.ingest.http import HttpRequest
from handlers.ingest.wiring import build as build_ingest
from handlers.shared.clients import AwsClients
from handlers.shared.environment import BadEnvironmentError, Environment
from tests.handlers.support import Context

INGEST = "arn:aws:lambda:us-west-2:123456789012:function:signals-ingest:live"
ENVIRONMENT = Environment({"INGEST_FUNCTION": INGEST, "AWS_REGION": "us-west-2"}, lambda _name: b"{}")
SOURCES = json.dumps({"web": ["0" * 64]}).encode()


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Invoke")


def answered(payload: Any, **more: Any) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(payload).encode()), **more}


def asked(answer: Any) -> tuple[int, dict[str, str], list[dict[str, Any]]]:
    """What `/health` says when ingest does that, and how it was asked."""
    requests: list[dict[str, Any]] = []

    def invoke(**request: Any) -> Any:
        requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    clients = AwsClients(client=lambda _service: SimpleNamespace(invoke=invoke))
    response = build(clients=clients, environment=ENVIRONMENT)({}, Context())
    return response["statusCode"], json.loads(response["body"]), requests


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (answered({"statusCode": 200}), "ok"),
        (refused("TooManyRequestsException"), "throttled"),
    ],
    ids=["answers", "is throttled"],
)
def test_ingest_that_answers_or_is_throttled_is_healthy(answer: Any, status: str) -> None:
    assert asked(answer)[:2] == (200, {"status": status, "region": "us-west-2"})


@pytest.mark.parametrize(
    "answer",
    [
        answered({"errorMessage": "no EVENT_BUS_NAME"}, FunctionError="Unhandled"),
        answered({"statusCode": 500}),
        refused("ResourceNotFoundException"),
        refused("AccessDeniedException"),
        refused("ServiceException"),
        ReadTimeoutError(endpoint_url="https://lambda"),
        ConnectTimeoutError(endpoint_url="https://lambda"),
    ],
    ids=["fails", "says 500", "is gone", "may not be asked", "Lambda fails", "is late", "is not reached"],
)
def test_ingest_that_cannot_answer_is_not(answer: Any) -> None:
    assert asked(answer)[:2] == (503, {"status": "unavailable", "region": "us-west-2"})


def test_ingest_is_asked_as_the_api_would_ask_it() -> None:
    (request,) = asked(answered({"statusCode": 200}))[2]
    assert request["FunctionName"] == INGEST
    event = json.loads(request["Payload"])
    assert HttpRequest.from_api_gateway(event)[:2] == ("GET", "/health")


def test_what_ingest_answers_to_it_is_healthy() -> None:
    variables = {
        "EVENT_BUS_NAME": "ingress",
        "EVENT_ENDPOINT_ID": "abcde.veo",
        "AWS_REGION": "us-west-2",
        "SPOOL_QUEUE_URL": "https://sqs.us-west-2.amazonaws.com/123456789012/spool",
        "MAX_SIGNAL_BYTES": "131072",
    }
    clients = AwsClients(client=lambda _service, **_: SimpleNamespace(close=lambda: None), emit=lambda _counts: None)
    ingest = build_ingest(clients=clients, environment=Environment(variables, lambda _name: SOURCES))
    (request,) = asked(answered({"statusCode": 200}))[2]
    assert asked(answered(ingest(json.loads(request["Payload"]), Context())))[0] == 200


@pytest.mark.parametrize("function", ["", "signals-ingest", "arn:aws:lambda:us-west-2:123456789012:function:ingest"])
def test_it_does_not_start_without_ingests_alias(function: str) -> None:
    environment = Environment({"INGEST_FUNCTION": function}, ENVIRONMENT.read_file)
    with pytest.raises(BadEnvironmentError, match="INGEST_FUNCTION"):
        build(clients=AwsClients(client=lambda _service: None), environment=environment)
