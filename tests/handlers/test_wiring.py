"""The wiring of each function: the reserves of time that its deadlines keep, on a clock that only the test moves."""

import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.canary import wiring as canary
from handlers.enrichment import wiring as enrichment
from handlers.ingest import wiring as ingest
from handlers.republish import wiring as republish
from handlers.return_path import wiring as return_path
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
    """An AWS where every request fails: the first ones after these times (s), others after as long as one may take."""

    def __init__(self, clock: Clock, each_s: Sequence[float] = ()) -> None:
        self._clock, self._each_s = clock, iter(each_s)
        self.ended: dict[str, list[float]] = {"events": [], "sqs": []}

    def clients(self) -> AwsClients:
        return AwsClients(client=self._client, pace=self._clock.pace(), emit=lambda _counts: None)

    def _client(self, service: str, **_: Any) -> Any:
        def fail(**_request: Any) -> None:
            self._clock.now += next(self._each_s, REQUEST_S)
            self.ended[service].append(self._clock.now)
            raise ClientError({"Error": {"Code": "InternalFailure"}}, "Put")

        put = {"put_events": staticmethod(fail), "send_message_batch": staticmethod(fail)}
        return type("Client", (), {**put, "close": lambda _self: None})()


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([6.5, 7.0, 8.0, 9.5, 11.5, 14.0, 20.0, 29.0]),
    st.lists(st.floats(0, REQUEST_S), min_size=20, max_size=20),
)
def test_ingest_turns_to_the_spool_soon_and_answers_before_lambda_ends_it(
    timeout_s: float, each_s: list[float]
) -> None:
    aws = FailingAws(clock := Clock(), each_s)
    answer = ingest.build(clients=aws.clients(), environment=ENVIRONMENT)(http_event(signal()), Context(timeout_s))
    assert answer["statusCode"] == 503
    assert max(aws.ended["events"]) <= 3 + REQUEST_S  # a client waits no longer for the endpoint
    assert aws.ended["sqs"]
    assert clock.now <= timeout_s - 0.25


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


class SlowAws:
    """A bus where every request fails after as long as one may take, but for the first; a queue that is as slow."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.quarantined: list[tuple[str, float]] = []

    def clients(self) -> AwsClients:
        return AwsClients(client=self._client, pace=self._clock.pace(), emit=lambda _counts: None)

    def _client(self, _service: str, **_: Any) -> Any:
        def put_events(*, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
            self._clock.now += REQUEST_S
            taken = ["first" in entry["Detail"] for entry in Entries]
            results = [{"EventId": "e"} if t else {"ErrorCode": "InternalFailure"} for t in taken]
            return {"FailedEntryCount": taken.count(False), "Entries": results}

        def send_message_batch(*, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
            self._clock.now += REQUEST_S
            self.quarantined += [(entry["MessageBody"], self._clock.now) for entry in Entries]
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

        return SimpleNamespace(put_events=put_events, send_message_batch=send_message_batch, close=lambda: None)


@pytest.mark.parametrize("timeout_s", [15.0, 30.0, 60.0, 900.0])
def test_after_publishing_for_as_long_as_it_may_enrichment_still_reaches_the_quarantine(timeout_s: float) -> None:
    aws = SlowAws(clock := Clock())
    event = ingress_event(signal("first"), *[signal(f"refused-{number}") for number in range(12)])
    enrichment.build(clients=aws.clients(), environment=ENVIRONMENT)(event, Context(timeout_s))
    assert len(aws.quarantined) == 12
    assert clock.now < timeout_s


def test_republish_answers_before_lambda_ends_it() -> None:
    aws = FailingAws(clock := Clock())
    body = json.dumps(ingress_event(signal())["detail"])
    handler = republish.build(clients=aws.clients(), environment=ENVIRONMENT)
    answer = handler({"Records": [{"messageId": "m", "body": body}]}, Context(60))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert 50 < clock.now < 60


def _of(region: str) -> Environment:
    """The environment of a Region, in which each variable names something of its own."""
    variables = {
        **ENVIRONMENT.variables,
        "AWS_REGION": region,
        "PRIMARY_REGION": "us-west-2",
        "SPOOL_QUEUE_URL": f"https://sqs.{region}.amazonaws.com/123456789012/spool",
        "QUARANTINE_QUEUE_URL": f"https://sqs.{region}.amazonaws.com/123456789012/quarantine",
    }
    return Environment(variables, ENVIRONMENT.read_file)


class NamedAws:
    """An AWS that notes what is asked of it, by service and Region, and does what it is told to."""

    def __init__(self, *, takes_events: bool) -> None:
        self._takes_events = takes_events
        self.puts: list[tuple[Any, ...]] = []
        self.sends: list[tuple[Any, ...]] = []

    def clients(self) -> AwsClients:
        return AwsClients(client=self._client, pace=Clock().pace(), emit=lambda _counts: None)

    def _client(self, _service: str, *, region: str | None = None, **_: Any) -> Any:
        def put_events(*, Entries: list[Any], EndpointId: str | None = None) -> dict[str, Any]:  # noqa: N803
            self.puts += [(region, EndpointId, entry["EventBusName"], entry["Source"]) for entry in Entries]
            result = {"EventId": "e"} if self._takes_events else {"ErrorCode": "AccessDeniedException"}
            return {"FailedEntryCount": 0 if self._takes_events else len(Entries), "Entries": [result] * len(Entries)}

        def send_message_batch(*, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
            self.sends += [(region, QueueUrl, json.loads(entry["MessageBody"])) for entry in Entries]
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

        return SimpleNamespace(put_events=put_events, send_message_batch=send_message_batch, close=lambda: None)


QUEUED = {"Records": [{"messageId": "m", "body": json.dumps(ingress_event(signal())["detail"])}]}
REPLAYED = {"Records": [{"messageId": "m", "body": json.dumps({**ingress_event(signal()), "replay-name": "r"})}]}


each_region = pytest.mark.parametrize("region", ["us-west-2", "us-east-1"])


@each_region
@pytest.mark.parametrize(
    ("build", "event", "put"),
    [
        (ingest.build, http_event(signal()), (None, "abcde.veo", "ingress", "signals.ingest")),
        (enrichment.build, ingress_event(signal()), (None, None, "data", "signals")),
        (republish.build, QUEUED, (None, "abcde.veo", "ingress", "signals.ingest")),
        (return_path.build, REPLAYED, ("us-west-2", None, "ingress", "signals.ingest")),
        (canary.build, {}, (None, "abcde.veo", "ingress", "signals.probe")),
    ],
    ids=["ingest", "enrichment", "republish", "return_path", "canary"],
)
def test_each_function_puts_where_its_environment_says(
    build: Callable[..., Any], event: dict[str, Any], put: tuple[Any, ...], region: str
) -> None:
    """A client without a Region is one of the Region that the function runs in."""
    aws = NamedAws(takes_events=True)
    build(clients=aws.clients(), environment=_of(region))(event, Context(60))
    assert (aws.puts, aws.sends) == ([put], [])


@each_region
def test_every_batch_that_the_endpoint_refuses_is_in_the_spool_that_the_environment_names(region: str) -> None:
    aws, environment = NamedAws(takes_events=False), _of(region)
    signals = [signal(str(number), data="x" * 60_000) for number in range(7)]
    answer = ingest.build(clients=aws.clients(), environment=environment)(http_event(signals), Context(20))
    assert answer["statusCode"] == 202
    assert {(of, url) for of, url, _ in aws.sends} == {(None, environment.variables["SPOOL_QUEUE_URL"])}
    spooled = [one for _, _, batch in aws.sends for one in batch["signals"]]
    assert sorted(spooled, key=lambda one: str(one["id"])) == signals


@each_region
def test_what_cannot_be_processed_is_in_the_quarantine_that_the_environment_names(region: str) -> None:
    aws, environment = NamedAws(takes_events=True), _of(region)
    enrichment.build(clients=aws.clients(), environment=environment)(ingress_event(signal(), 7, 8), Context(60))
    queue = environment.variables["QUARANTINE_QUEUE_URL"]
    assert aws.sends == [(None, queue, 7), (None, queue, 8)]
