"""The wiring of each function: the reserves of time that its deadlines keep, on a clock that only the test moves."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.enrichment import wiring as enrichment
from handlers.ingest import wiring as ingest
from handlers.republish import wiring as republish
from handlers.shared.clients import REQUEST_S, AwsClients
from handlers.shared.environment import Environment
from tests.handlers.support import SOURCES, Clock, Context, http_event, ingress_event, signal

QUEUE = "https://sqs.us-west-2.amazonaws.com/123456789012/queue"
ENVIRONMENT = Environment(
    {
        "AWS_REGION": "us-west-2",
        "ACCOUNT_ID": "123456789012",
        "EVENT_BUS_NAME": "ingress",
        "EVENT_ENDPOINT_ID": "abcde.veo",
        "DATA_BUS_NAME": "data",
        "SPOOL_QUEUE_URL": QUEUE,
        "QUARANTINE_QUEUE_URL": QUEUE,
        "MAX_SIGNAL_BYTES": "131072",
    },
    lambda _name: json.dumps(SOURCES).encode(),
)


class FailingAws:
    """An AWS where every request fails, after as long as one may take."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ended: dict[str, list[float]] = {"events": [], "sqs": []}

    def clients(self) -> AwsClients:
        return AwsClients(client=self._client, pace=self._clock.pace(), emit=lambda _counts: None)

    def _client(self, service: str, **_: Any) -> Any:
        def fail(**_request: Any) -> None:
            self._clock.now += REQUEST_S
            self.ended[service].append(self._clock.now)
            raise ClientError({"Error": {"Code": "InternalFailure"}}, "Put")

        put = {"put_events": staticmethod(fail), "send_message_batch": staticmethod(fail)}
        return type("Client", (), {**put, "close": lambda _self: None})()


@pytest.mark.parametrize("timeout_s", [8.0, 11.5, 14.0, 17.5, 20.0, 29.0])
def test_ingest_turns_to_the_spool_soon_and_answers_before_lambda_ends_it(timeout_s: float) -> None:
    aws = FailingAws(clock := Clock())
    answer = ingest.build(clients=aws.clients(), environment=ENVIRONMENT)(http_event(signal()), Context(timeout_s))
    assert answer["statusCode"] == 503
    assert max(aws.ended["events"]) <= ingest.PUBLISH_AT_MOST_S + REQUEST_S
    assert aws.ended["sqs"]
    assert clock.now <= timeout_s - ingest.ANSWER_RESERVE_S


@pytest.mark.parametrize(
    ("one", "problem", "at_most_s"),
    [
        (signal(), "took none of 1", 60 - enrichment.QUARANTINE_RESERVE_S + REQUEST_S),
        ({"id": "bad"}, "the quarantine did not take 1 of 1", 60 - enrichment.END_RESERVE_S + REQUEST_S),
    ],
    ids=["the bus", "the quarantine"],
)
def test_enrichment_keeps_time_for_the_quarantine_and_fails_before_lambda_ends_it(
    one: dict[str, Any], problem: str, at_most_s: float
) -> None:
    aws = FailingAws(clock := Clock())
    with pytest.raises(RuntimeError, match=problem):
        enrichment.build(clients=aws.clients(), environment=ENVIRONMENT)(ingress_event(one), Context(60))
    assert at_most_s - 6 < clock.now <= at_most_s < 60


def test_republish_answers_before_lambda_ends_it() -> None:
    aws = FailingAws(clock := Clock())
    body = json.dumps(ingress_event(signal())["detail"])
    handler = republish.build(clients=aws.clients(), environment=ENVIRONMENT)
    answer = handler({"Records": [{"messageId": "m", "body": body}]}, Context(60))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert 50 < clock.now < 60
