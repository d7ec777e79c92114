"""The publisher looks at every entry's result, retries only what failed, and says what it could not deliver."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber

from handlers.shared.delivery import Failure, Undelivered
from handlers.shared.packing import REQUEST_BYTES, Entry
from handlers.shared.senders import EventPublisher
from tests.handlers.support import Clock


class Client:
    """An EventBridge client that fails entries as the script says: by detail, with a code."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []

    def put_events(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        answer = self.script.pop(0) if self.script else {}
        if isinstance(answer, Exception):
            raise answer
        if "Entries" in answer:
            return answer
        results = [
            {"ErrorCode": code, "ErrorMessage": "m"} if (code := answer.get(entry["Detail"])) else {"EventId": "e"}
            for entry in request["Entries"]
        ]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def close(self) -> None:
        """What it does to connections is in `test_connections`."""

    @property
    def sent(self) -> list[list[str]]:
        return [[entry["Detail"] for entry in request["Entries"]] for request in self.requests]


def entries(count: int) -> list[Entry]:
    return [Entry("signals", "t", f"{number}") for number in range(count)]


def publish(client: Client, what: list[Entry], *, clock: Clock | None = None, until: float = 60) -> Undelivered:
    publisher = EventPublisher(client, bus_name="bus", endpoint_id="abc.veo", pace=(clock or Clock()).pace())  # type: ignore[arg-type]
    return publisher(what, until=until)


def client_error(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutEvents")  # type: ignore[typeddict-item]


def test_the_bus_and_the_endpoint_are_always_named_and_time_never():
    client = Client()
    assert publish(client, entries(1)) == {}
    [request] = client.requests
    assert request["EndpointId"] == "abc.veo"
    assert request["Entries"] == [{"Source": "signals", "DetailType": "t", "Detail": "0", "EventBusName": "bus"}]


def test_a_plain_bus_is_put_to_without_an_endpoint():
    client = Client()
    EventPublisher(client, bus_name="bus")(entries(1), until=60)  # type: ignore[arg-type]
    assert "EndpointId" not in client.requests[0]


def test_requests_have_ten_entries_at_most():
    client = Client()
    publish(client, entries(23))
    assert [len(request) for request in client.sent] == [10, 10, 3]


def test_requests_have_a_mebibyte_at_most():
    client = Client()
    publish(client, [Entry("signals", "t", "x" * 400_000) for _ in range(3)])
    assert [len(request) for request in client.sent] == [2, 1]
    for request in client.requests:
        assert (
            sum(Entry(e["Source"], e["DetailType"], e["Detail"]).size_bytes for e in request["Entries"])
            <= REQUEST_BYTES
            < 1_000_000
        )


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "InternalException"])
def test_only_the_entries_that_failed_are_sent_again(code):
    client = Client({"1": code, "3": code}, {"3": code})
    assert publish(client, entries(5)) == {}
    assert client.sent == [["0", "1", "2", "3", "4"], ["1", "3"], ["3"]]


def test_failed_entries_of_several_requests_are_sent_again_together():
    client = Client({"0": "ThrottlingException"}, {"10": "ThrottlingException"})
    assert publish(client, entries(12)) == {}
    assert client.sent[2:] == [["0", "10"]]


@pytest.mark.parametrize("code", ["MalformedDetail", "InvalidArgument", "AccessDeniedException"])
def test_an_entry_that_can_never_succeed_is_not_sent_again(code):
    client = Client({"1": code})
    assert publish(client, entries(3)) == {1: Failure(code, "m", retryable=False)}
    assert len(client.requests) == 1


def test_a_refused_entry_does_not_stop_another_from_being_retried():
    client = Client({"0": "MalformedDetail", "1": "ThrottlingException"})
    assert [*publish(client, entries(2))] == [0]
    assert client.sent == [["0", "1"], ["1"]]


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException", 400),
        client_error("InternalFailure", 500),
        client_error("Unknown", 503),
        ConnectTimeoutError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
    ],
)
def test_a_request_that_failed_whole_is_sent_again_whole(error):
    client = Client(error)
    assert publish(client, entries(2)) == {}
    assert client.sent == [["0", "1"], ["0", "1"]]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (client_error("AccessDeniedException", 400), "AccessDeniedException"),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_a_request_that_can_never_succeed_is_not_sent_again(error, code):
    client = Client(error)
    assert [(place, failure.code) for place, failure in publish(client, entries(2)).items()] == [(0, code), (1, code)]
    assert len(client.requests) == 1


def test_it_gives_up_before_the_deadline_and_says_why():
    clock, client = Clock(), Client(*[{"0": "ThrottlingException"}] * 100)
    assert publish(client, entries(2), clock=clock, until=5) == {0: Failure("ThrottlingException", "m", retryable=True)}
    assert clock.now < 5
    assert 3 < len(client.requests) < 10


def test_pauses_double_up_to_a_limit_and_are_jittered():
    clock = Clock()
    publish(Client(*[{"0": "ThrottlingException"}] * 100), entries(1), clock=clock, until=15)
    assert clock.pauses[:6] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0])
    assert clock.pace()._replace(jitter=lambda: 0.5).pause_s(1) == pytest.approx(0.1)


def test_the_first_request_is_made_even_if_time_is_up_and_no_other():
    clock, client = Clock(), Client()
    undelivered = publish(client, entries(12), clock=clock, until=-1)
    assert len(client.requests) == 1
    assert [(place, failure.code) for place, failure in undelivered.items()] == [
        (10, "DeadlineExceeded"),
        (11, "DeadlineExceeded"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"FailedEntryCount": 1, "Entries": [{"EventId": "e"}, {"EventId": "e"}]},
        {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]},
    ],
)
def test_an_answer_that_contradicts_itself_is_taken_as_a_failure(answer):
    client = Client(answer)
    assert publish(client, entries(2)) == {}
    assert client.sent == [["0", "1"], ["0", "1"]]


def test_an_entry_without_an_event_id_was_not_taken():
    client = Client({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}, {}]})
    assert publish(client, entries(2)) == {}
    assert client.sent == [["0", "1"], ["1"]]


def test_nothing_to_publish_is_no_request():
    client = Client()
    assert publish(client, []) == {}
    assert client.requests == []


def test_the_request_is_one_that_the_service_model_takes():
    client = boto3.client("events", region_name="us-west-2", aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stub:
        entry = {"Source": "signals", "DetailType": "t", "Detail": "0", "EventBusName": "bus"}
        answer = {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}
        stub.add_response("put_events", answer, {"EndpointId": "abc.veo", "Entries": [entry]})
        assert EventPublisher(client, bus_name="bus", endpoint_id="abc.veo")(entries(1), until=0) == {}


def test_a_request_to_an_endpoint_goes_to_its_host_signed_for_every_region():
    """EventBridge User Guide: a global endpoint takes SigV4A only, with the Region set `*`."""
    client = boto3.client("events", region_name="us-west-2", aws_access_key_id="x", aws_secret_access_key="y")
    seen: list[Any] = []

    def keep(request: Any, **_: Any) -> None:
        seen.append(request)
        raise NoCredentialsError  # before anything is sent

    client.meta.events.register("before-send.events.PutEvents", keep)
    EventPublisher(client, bus_name="bus", endpoint_id="abc.veo")(entries(1), until=0)
    [request] = seen
    assert request.url.startswith("https://abc.veo.endpoint.events.amazonaws.com/")
    assert request.headers["X-Amz-Region-Set"] == b"*"
    assert request.headers["Authorization"].startswith(b"AWS4-ECDSA-P256-SHA256 ")
