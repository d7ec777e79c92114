"""What failed goes back to where it failed, and is deleted only then."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from handlers.shared.delivery import RetryPace
from signals.errors import Misuse
from signals.recover import destinations, redrive
from signals.recover.failures import RedriveOutcome
from signals.stack import Stack
from tests.recover.support import ScriptedStack, arn, bus, queue, subscribe
from tests.support.hand_made import PRIMARY

EVENT = {
    "id": "e1",
    "source": "signals",
    "detail-type": "order.placed",
    "detail": {"id": "s-1", "type": "order.placed"},
}


@pytest.fixture(autouse=True)
def _empty(platform: Stack) -> Iterator[None]:
    yield
    sqs = platform.aws.client("sqs", PRIMARY)
    for url in sqs.list_queues(QueueNamePrefix="hand-made-")["QueueUrls"]:
        sqs.purge_queue(QueueUrl=url)


def put(stack: Stack, name: str, body: Any, **attributes: str) -> None:
    sqs = stack.aws.client("sqs", PRIMARY)
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName=f"hand-made-{name}")["QueueUrl"],
        MessageBody=body if isinstance(body, str) else json.dumps(body),
        MessageAttributes={key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()},
    )


def bodies(stack: Stack, name: str) -> list[Any]:
    sqs = stack.aws.client("sqs", PRIMARY)
    url = sqs.get_queue_url(QueueName=f"hand-made-{name}")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def sent(stack: Stack, name: str, **options: Any) -> list[RedriveOutcome]:
    """What became of each message of a queue that was sent back."""
    outcomes: list[RedriveOutcome] = []
    redrive.send(stack, PRIMARY, f"hand-made-{name}", on_outcome=outcomes.append, **options)
    return outcomes


def undelivered(code: str, queue_name: str = "orders") -> dict[str, str]:
    """The attributes that EventBridge gives a dead letter."""
    return {
        "RULE_ARN": arn("events", PRIMARY, "rule/hand-made-ingress/hand-made-orders"),
        "TARGET_ARN": arn("sqs", PRIMARY, f"hand-made-{queue_name}"),
        "ERROR_CODE": code,
        "ERROR_MESSAGE": "not now",
    }


def test_failures_are_counted_by_queue_and_reason_and_stay(platform: Stack) -> None:
    for code in ("NO_PERMISSIONS", "NO_PERMISSIONS", "THROTTLING"):
        put(platform, "orders-dlq", EVENT, **undelivered(code))
    put(platform, "quarantine", {"id": "s"}, reason="unregistered_source", message="no source 'x' is registered")
    for _ in range(2):
        found = {(group.queue, group.reason): group.count for group in redrive.groups(platform)}
        assert found == {
            ("hand-made-orders-dlq", "NO_PERMISSIONS"): 2,
            ("hand-made-orders-dlq", "THROTTLING"): 1,
            ("hand-made-quarantine", "unregistered_source"): 1,
        }


def test_a_rules_dead_letter_goes_to_the_rules_target_as_the_target_would_have_got_it(platform: Stack) -> None:
    subscribe(platform, PRIMARY, "orders", {"source": ["signals"]}, InputPath="$.detail")
    put(platform, "orders-dlq", EVENT, **undelivered("THROTTLING"))
    (outcome,) = sent(platform, "orders-dlq")
    assert outcome.problem is None
    assert bodies(platform, "orders") == [EVENT["detail"]]
    assert bodies(platform, "orders-dlq") == []


def test_only_what_was_chosen_is_sent(platform: Stack) -> None:
    subscribe(platform, PRIMARY, "orders", {"source": ["signals"]})
    for code in ("NO_PERMISSIONS", "THROTTLING", "THROTTLING"):
        put(platform, "orders-dlq", EVENT, **undelivered(code))
    one = redrive.list_messages(platform, PRIMARY, "hand-made-orders-dlq")[0]
    assert set(one.as_json()) == {"region", "queue", "id", "reason", "text", "sent_at", "body", "attributes"}
    assert len(sent(platform, "orders-dlq", ids=[one.id])) == 1
    sent(platform, "orders-dlq", reason="THROTTLING")
    assert len(bodies(platform, "orders")) == 3
    assert bodies(platform, "orders-dlq") == []


def test_what_is_not_taken_stays_and_says_why_while_the_others_go(platform: Stack) -> None:
    subscribe(platform, PRIMARY, "orders", {"source": ["signals"]})
    put(platform, "orders-dlq", EVENT, **undelivered("THROTTLING"))
    put(platform, "orders-dlq", EVENT, **undelivered("NO_RESOURCE", queue_name="gone"))
    outcomes = sent(platform, "orders-dlq")
    assert sorted(outcome.problem is None for outcome in outcomes) == [False, True]
    (kept,) = redrive.list_messages(platform, PRIMARY, "hand-made-orders-dlq")
    assert kept.reason == "NO_RESOURCE"
    assert len(bodies(platform, "orders")) == 1


def test_a_quarantined_signal_goes_back_to_the_bus_as_a_batch_of_its_producer(platform: Stack) -> None:
    subscribe(platform, PRIMARY, "enrichment", {"source": ["signals.ingest"]})
    signal = {"specversion": "1.0", "id": "s-2", "type": "order.placed", "source": "/shop"}
    put(platform, "quarantine", signal, reason="undelivered", message="Throttling", source="demo", batch_id="b-1")
    (outcome,) = sent(platform, "quarantine")
    assert outcome.problem is None
    (event,) = bodies(platform, "enrichment")
    assert (event["source"], event["detail-type"]) == ("signals.ingest", "Signal Batch")
    from handlers.enrichment.received_batch import authenticate

    batch = authenticate(event, account_id="000000000000", sources=["demo"])
    assert (batch.signals, batch.batch_id, batch.source) == ([signal], "b-1", "demo")


def test_a_whole_batch_in_quarantine_goes_back_as_it_was(platform: Stack) -> None:
    subscribe(platform, PRIMARY, "enrichment", {"source": ["signals.ingest"]})
    detail = {"batch_id": "b-2", "source": "new", "signals": [{"id": "s-3"}]}
    put(platform, "quarantine", detail, reason="unregistered_source", message="no source 'new'", source="new")
    sent(platform, "quarantine")
    (event,) = bodies(platform, "enrichment")
    assert event["detail"] == detail


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"truncated": true, "bytes": 900000, "head": "x"}', "the archive has all of it"),
        ('"no object"', "the archive has all of it"),
        ('{"id": "s"}', "its producer is unknown"),
    ],
)
def test_what_cannot_go_back_from_quarantine_stays(platform: Stack, body: str, why: str) -> None:
    put(platform, "quarantine", body, reason="malformed_batch")
    (outcome,) = sent(platform, "quarantine")
    assert outcome.problem
    assert why in outcome.problem
    assert len(bodies(platform, "quarantine")) == 1


def test_what_a_function_refused_for_a_day_goes_back_to_its_queue(platform: Stack) -> None:
    sqs = platform.aws.client("sqs", PRIMARY)
    policy = {"deadLetterTargetArn": arn("sqs", PRIMARY, "hand-made-spool-dlq"), "maxReceiveCount": 2}
    spool = queue(platform, PRIMARY, "spool")
    sqs.set_queue_attributes(QueueUrl=spool, Attributes={"RedrivePolicy": json.dumps(policy)})
    put(platform, "spool-dlq", {"batch_id": "b-3"})
    (group,) = redrive.groups(platform)
    assert group.reason == "Refused"
    (outcome,) = sent(platform, "spool-dlq")
    assert outcome.problem is None
    assert bodies(platform, "spool") == [{"batch_id": "b-3"}]


def test_a_failed_invocation_says_its_error_by_name() -> None:
    record = {
        "requestContext": {"condition": "RetriesExhausted", "functionArn": "arn"},
        "requestPayload": EVENT,
        "responsePayload": {"errorType": "NothingDeliveredError", "errorMessage": "the data bus took none"},
    }
    assert destinations.reason(json.dumps(record), {}, "?") == ("NothingDeliveredError", "the data bus took none")


def test_another_stacks_queue_or_one_that_holds_no_failures_is_refused(platform: Stack) -> None:
    for name in ("hand-made-orders", "another-dlq"):
        with pytest.raises(Misuse, match="hand-made-orders-dlq"):
            redrive.send(platform, PRIMARY, name)


def test_an_invocation_that_lambda_did_not_queue_is_no_success(scripted: ScriptedStack) -> None:
    class Refusing:
        def invoke(self, **_: Any) -> dict[str, int]:
            return {"StatusCode": 200}

    scripted.answers["lambda"] = Refusing()
    function = arn("lambda", PRIMARY, "function:hand-made-enrichment:live")
    record = json.dumps({"requestContext": {"functionArn": function}, "requestPayload": EVENT})
    found = destinations.Router(scripted).delivery(PRIMARY, "hand-made-enrichment-failed", record, {})
    assert found.to == function
    refused = found.channel([found.thing], until=time.monotonic() + 1)
    assert "200" in refused[0].message


def test_what_is_sent_once_is_not_sent_again_by_the_next_run_and_what_failed_is(platform: Stack) -> None:
    subscribe(platform, PRIMARY, "orders", {"source": ["signals"]})
    for place in range(35):
        put(platform, "orders-dlq", EVENT, **undelivered("X", queue_name="gone" if place % 7 == 0 else "orders"))
    first = sent(platform, "orders-dlq")
    assert Counter(outcome.problem is None for outcome in first) == {True: 30, False: 5}
    again = sent(platform, "orders-dlq")
    assert {outcome.message.id for outcome in again} == {o.message.id for o in first if o.problem}


def test_nothing_is_sent_to_a_bus_that_is_gone(platform: Stack) -> None:
    """PutEvents takes such an event with 200, and it is gone (EventBridge User Guide, "Sending events")."""
    events = platform.aws.client("events", PRIMARY)
    put(platform, "quarantine", {"id": "s"}, reason="undelivered", source="demo")
    for each in events.list_rules(EventBusName="hand-made-ingress")["Rules"]:
        events.remove_targets(Rule=each["Name"], EventBusName="hand-made-ingress", Ids=["target"])
        events.delete_rule(Name=each["Name"], EventBusName="hand-made-ingress")
    events.delete_event_bus(Name="hand-made-ingress")
    try:
        [outcome] = sent(platform, "quarantine")
        assert outcome.problem
        assert "no bus hand-made-ingress" in outcome.problem
        assert len(bodies(platform, "quarantine")) == 1
    finally:
        bus(platform, PRIMARY)


def test_a_message_that_is_longer_than_a_batch_goes_alone(platform: Stack) -> None:
    subscribe(platform, PRIMARY, "orders", {"source": ["signals"]})
    sqs = platform.aws.client("sqs", PRIMARY)
    for name in ("orders", "orders-dlq"):
        url = sqs.get_queue_url(QueueName=f"hand-made-{name}")["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1048576"})
    long = {**EVENT, "detail": {"id": "s", "text": "x" * 300_000}}
    put(platform, "orders-dlq", long, **undelivered("THROTTLING"))
    put(platform, "orders-dlq", EVENT, **undelivered("THROTTLING"))
    assert [outcome.problem for outcome in sent(platform, "orders-dlq")] == [None, None]
    assert sorted(len(json.dumps(body)) > 300_000 for body in bodies(platform, "orders")) == [False, True]


def test_records_that_a_stream_refuses_are_named_and_throttled_ones_are_tried_again() -> None:
    class Firehose:
        calls: ClassVar[list[int]] = []

        def put_record_batch(self, Records: list[dict[str, bytes]], **_: Any) -> dict[str, Any]:  # noqa: N803
            self.calls.append(len(Records))
            codes = {b"busy": "ServiceUnavailableException", b"bad": "InvalidArgumentException"}
            found = [codes.get(record["Data"]) for record in Records]
            if len(self.calls) > 1:
                found = [None] * len(Records)
            return {"RequestResponses": [{"ErrorCode": code} if code else {"RecordId": "r"} for code in found]}

    client: Any = Firehose()
    write = destinations.StreamWriter(client, name="hand-made-lake", pace=RetryPace(sleep=lambda _: None))
    things = [destinations.Payload(text) for text in ("good", "busy", "bad", "good")]
    refused = write(things, until=time.monotonic() + 5)
    assert {place: failure.code for place, failure in refused.items()} == {2: "InvalidArgumentException"}
    assert client.calls == [4, 1]
