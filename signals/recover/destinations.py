"""Where a failed message came from, and how it is sent there again.

Four kinds: an event that a rule could not deliver to its target (attributes RULE_ARN and TARGET_ARN: EventBridge User
Guide, "Using dead-letter queues"); a record of an asynchronous invocation that failed (Lambda Developer Guide,
"Retaining records of asynchronous invocations"); a message that a function refused for a day (SQS); a signal in
quarantine.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.delivery import Failure, RetryPace, Sender, Undelivered, is_retryable
from handlers.shared.packing import Entry, utf8_bytes
from handlers.shared.senders import MESSAGE_BYTES, EventPublisher, OutgoingMessage, QueueSender
from handlers.shared.times import timestamp
from signals.aws.reading import or_none
from signals.observe.location import parsed
from signals.observe.queues import queue_urls
from signals.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_lambda import LambdaClient

T = TypeVar("T")


class NotRedrivenError(Exception):
    """The message cannot go back, or was refused; it stays where it is."""


def reason(body: str, attributes: Mapping[str, str], receive_count: str) -> tuple[str, str]:
    """Why a message failed: a name to group by, and a description."""
    if "ERROR_CODE" in attributes:
        return attributes["ERROR_CODE"], attributes.get("ERROR_MESSAGE", "")
    if "reason" in attributes:
        return attributes["reason"], attributes.get("message", "")
    record = _object(body)
    if "requestContext" in record:
        payload = record.get("responsePayload")
        error = _object(payload) if isinstance(payload, str) else payload if isinstance(payload, dict) else {}
        name = error.get("errorType") or record["requestContext"].get("condition") or "Unknown"
        return str(name), str(error.get("errorMessage", ""))
    return "Refused", f"a function could not process it ({receive_count} receives here)"


class Channel(Protocol):
    """A queue, function, stream or bus that takes messages, in as few requests as its API allows."""

    def __call__(self, things: Sequence[Any], *, until: float) -> Undelivered: ...


class Delivery(NamedTuple):
    """A message as its destination takes it: where to, in words; through which channel; what is sent."""

    to: str
    channel: Channel
    thing: Any


class Router:
    """Finds where messages belong. Threads may share one: what AWS says of a destination is asked once a run.

    Args:
        stack: The stack.
        pace: Clock and pauses of what is tried again.
    """

    def __init__(self, stack: Stack, pace: RetryPace | None = None) -> None:
        self._stack, self._pace = stack, pace or RetryPace()
        self._known: dict[tuple[str, ...], Any] = {}

    def delivery(self, region: str, queue: str, body: str, attributes: Mapping[str, str]) -> Delivery:
        """Where a message belongs, and what is sent there.

        Raises:
            NotRedrivenError: When it cannot go back.
        """
        if "TARGET_ARN" in attributes:
            target = attributes["TARGET_ARN"]
            path = self._once(self._input_path, region, attributes.get("RULE_ARN", ""), target)
            return self._to_target(target, _input(_object(body), path))
        if "reason" in attributes:
            batch = _batch(body, attributes, region)
            entry = Entry(INGEST_SOURCE, BATCH_TYPE, json.dumps(batch, ensure_ascii=False))
            # This Region's own bus: the archives have the signal, and no copy of it is wanted in the other Region.
            return Delivery(f"{self._stack.names.ingress_bus} in {region}", self._once(self._bus, region), entry)
        record = _object(body)
        if "requestContext" in record:
            function, payload = record["requestContext"]["functionArn"], record["requestPayload"]
            return Delivery(function, self._once(self._function, function), Payload(json.dumps(payload)))
        source = self._once(self._source_queue, region, queue)
        return Delivery(source, self._once(self._queue, region, source), OutgoingMessage(body, attributes))

    def _once(self, look: Callable[..., T], *key: str) -> T:
        """What `look` returns for a key, asked once; two threads may both ask, and get the same."""
        place = (look.__name__, *key)
        if place not in self._known:
            self._known.setdefault(place, look(*key))
        found: T = self._known[place]
        return found

    def _to_target(self, arn: str, content: str) -> Delivery:
        _, _, service, region, _, resource = arn.split(":", 5)
        if service == "lambda":
            return Delivery(arn, self._once(self._function, arn), Payload(content))
        if service == "sqs":
            url = self._once(self._queue_url, region, resource)
            return Delivery(arn, self._once(self._queue, region, url), OutgoingMessage(content, {}))
        if service == "firehose":
            stream = resource.removeprefix("deliverystream/")
            return Delivery(arn, self._once(self._stream, region, stream), Payload(content))
        raise NotRedrivenError(f"messages cannot be sent back to {arn}: send it yourself, then delete it")

    def _function(self, arn: str) -> Channel:
        return FunctionInvoker(self._stack.aws.client("lambda", arn.split(":")[3]), arn=arn, pace=self._pace)

    def _queue(self, region: str, url: str) -> Channel:
        return _AnyQueueSender(self._stack.aws.client("sqs", region), queue_url=url, pace=self._pace)

    def _stream(self, region: str, name: str) -> Channel:
        return StreamWriter(self._stack.aws.client("firehose", region), name=name, pace=self._pace)

    def _bus(self, region: str) -> Channel:
        events, name = self._stack.aws.client("events", region), self._stack.names.ingress_bus
        # PutEvents takes events for a bus that does not exist, and drops them (EventBridge User Guide, "PutEvents").
        if or_none(events.describe_event_bus, Name=name) is None:
            raise NotRedrivenError(f"there is no bus {name} in {region}: run `signals up --stack {self._stack.name}`")
        return _BusPublisher(events, bus_name=name, pace=self._pace)

    def _queue_url(self, region: str, name: str) -> str:
        url: str = self._stack.aws.client("sqs", region).get_queue_url(QueueName=name)["QueueUrl"]
        return url

    def _input_path(self, region: str, rule_arn: str, target_arn: str) -> str:
        """The part of an event that a rule sends to its target."""
        rule = rule_arn.rpartition(":rule/")[2].split("/")
        bus = rule[0] if len(rule) == 2 else "default"
        events = self._stack.aws.client("events", region)
        targets = events.list_targets_by_rule(Rule=rule[-1], EventBusName=bus)["Targets"]
        target = next((each for each in targets if each["Arn"] == target_arn), None)
        if target is None:
            raise NotRedrivenError(f"{target_arn} is not a target of {rule_arn} any more")
        return target.get("InputPath", "$")

    def _source_queue(self, region: str, queue: str) -> str:
        """URL of the queue whose dead letters these are."""
        for _, owner in queue_urls(self._stack, region):
            attributes = self._stack.aws.client("sqs", region).get_queue_attributes(
                QueueUrl=owner, AttributeNames=["RedrivePolicy"]
            )
            policy = _object(attributes.get("Attributes", {}).get("RedrivePolicy", "{}"))
            if str(policy.get("deadLetterTargetArn", "")).endswith(f":{queue}"):
                return owner
        raise NotRedrivenError(f"no queue sends its dead letters to {queue}")


class Payload(NamedTuple):
    """What a function or a stream takes."""

    text: str

    @property
    def size_bytes(self) -> int:
        return utf8_bytes(self.text)


class FunctionInvoker(Sender[Payload]):
    """Invokes a function asynchronously, as EventBridge does: what fails again comes to the failure destination again.

    Lambda has no request for several events.
    """

    max_bytes, max_things = 1_048_576, 1  # Lambda Developer Guide, "Lambda quotas"

    def __init__(self, client: LambdaClient, *, arn: str, pace: RetryPace | None = None) -> None:
        super().__init__(client, pace)
        self._arn = arn

    def _request(self, things: Sequence[Payload]) -> dict[int, Failure]:
        answer = self._client.invoke(FunctionName=self._arn, InvocationType="Event", Payload=things[0].text.encode())
        if answer["StatusCode"] == 202:
            return {}
        return {0: Failure("NotQueued", f"Lambda answered {answer['StatusCode']}", retryable=False)}


class StreamWriter(Sender[Payload]):
    """Writes records to a Firehose stream."""

    max_bytes, max_things = 4_000_000, 500  # Firehose API reference, PutRecordBatch

    def __init__(self, client: FirehoseClient, *, name: str, pace: RetryPace | None = None) -> None:
        super().__init__(client, pace)
        self._name = name

    def _request(self, things: Sequence[Payload]) -> dict[int, Failure]:
        records = [{"Data": thing.text.encode()} for thing in things]
        answers = self._client.put_record_batch(DeliveryStreamName=self._name, Records=records)["RequestResponses"]
        failures = {
            place: Failure(answer["ErrorCode"], answer.get("ErrorMessage", ""), is_retryable(answer["ErrorCode"]))
            for place, answer in enumerate(answers)
            if "ErrorCode" in answer
        }
        if len(answers) != len(things):
            unclear = Failure("UnclearResult", "the answer does not say which failed", retryable=True)
            return dict.fromkeys(range(len(things)), unclear)
        return failures


class _BusPublisher(EventPublisher):
    max_bytes = 999_999  # less than 1 MB (EventBridge User Guide, "Calculating PutEvents event entry size")


class _AnyQueueSender(QueueSender):
    """A `QueueSender` that leaves it to the queue what is too long: it was long enough to fail, and may have 1 MiB."""

    def _request(self, things: Sequence[OutgoingMessage]) -> dict[int, Failure]:
        if things[0].size_bytes <= MESSAGE_BYTES:
            return super()._request(things)
        body, attributes = things[0]
        values: dict[str, Any] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=body, MessageAttributes=values)
        return {}


def _input(event: Any, path: str) -> str:
    """What the rule would have sent to its target: the event, or the part that InputPath names."""
    value = event
    for name in filter(None, path.removeprefix("$").split(".")):
        if not isinstance(value, dict) or name not in value:
            raise NotRedrivenError(f"the event has no {path}")
        value = value[name]
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _batch(body: str, attributes: Mapping[str, str], region: str) -> dict[str, Any]:
    """The batch that ingest would have put for a quarantined signal or batch."""
    content = _object(body)
    if not content or content.get("truncated") is True:
        raise NotRedrivenError("it was truncated to fit the quarantine: the archive has all of it (`signals replay`)")
    if "signals" not in content:
        if "source" not in attributes:
            raise NotRedrivenError("its producer is unknown: send it again with `signals send`")
        content = {
            "batch_id": attributes.get("batch_id") or uuid.uuid4().hex,
            "source": attributes["source"],
            "received_at": timestamp(datetime.now(UTC)),
            "region": region,
            "client": {},
            "signals": [content],
        }
    return content


def _object(text: str) -> dict[str, Any]:
    found = parsed(text)
    return found if isinstance(found, dict) else {}
