"""What puts entries on an event bus and messages into a queue, and looks at the result of each one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from handlers.shared.connections import KeptConnections
from handlers.shared.delivery import Failure, RetryPace, Sender, is_retryable
from handlers.shared.packing import REQUEST_BYTES, REQUEST_ENTRIES, Entry, utf8_bytes
from handlers.shared.times import utc_now

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

# A queue may be set to take less than SQS's newest limit: 256 KiB has always been taken, by a batch as a whole too.
MESSAGE_BYTES = 262_144
BATCH_MESSAGES = 10
_ATTRIBUTE_CHARACTERS = 512
# What SQS refuses in a message (API reference, SendMessage, lists what it accepts). One class for the complement of
# that list, or for all of these together, takes Python 10 ms longer to compile, at each cold start.
_REFUSED = re.compile(r"[\x00-\x08\x0B\x0C\x0E-\x1F]|[\uD800-\uDFFF]|[\uFFFE\uFFFF]")


class EventPublisher(Sender[Entry]):
    """Puts entries on one bus; see `Sender`.

    Args:
        bus_name: The bus; always named, or the entries would land on the default bus.
        endpoint_id: The global endpoint in front of the buses of that name, if there is one.
        now: The time, by which kept connections to the endpoint age.
    """

    max_bytes, max_things = REQUEST_BYTES, REQUEST_ENTRIES

    def __init__(
        self,
        client: EventBridgeClient,
        *,
        bus_name: str,
        endpoint_id: str | None = None,
        pace: RetryPace | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(client, pace)
        self._bus_name = bus_name
        self._options = {"EndpointId": endpoint_id} if endpoint_id else {}
        # A Region's own name never moves.
        self._connections = KeptConnections(client, now=now, jitter=self._pace.jitter) if endpoint_id else None

    def _request(self, things: Sequence[Entry]) -> dict[int, Failure]:
        if self._connections is None:
            return self._put(things)
        self._connections.renew()
        failures = None
        try:
            failures = self._put(things)
        finally:
            if failures != {}:
                self._connections.failed()
        return failures

    def _put(self, things: Sequence[Entry]) -> dict[int, Failure]:
        request = [
            {"Source": source, "DetailType": detail_type, "Detail": detail, "EventBusName": self._bus_name}
            for source, detail_type, detail in things
        ]
        answer = self._client.put_events(Entries=request, **self._options)
        results = answer["Entries"]
        failures = {place: _failure(result) for place, result in enumerate(results) if "EventId" not in result}
        if len(results) != len(things) or answer.get("FailedEntryCount", 0) > len(failures):
            # An answer that contradicts itself: a second copy of a signal is allowed, a lost one is not.
            unclear = Failure("UnclearResult", "the answer does not say which failed", retryable=True)
            return dict.fromkeys(range(len(things)), unclear)
        return failures


def _failure(result: dict[str, str]) -> Failure:
    code = result.get("ErrorCode", "InternalFailure")
    return Failure(code, result.get("ErrorMessage", ""), is_retryable(code))


class OutgoingMessage(NamedTuple):
    """One message: a JSON text and short attributes that say what it is."""

    body: str
    attributes: Mapping[str, str]

    @property
    def size_bytes(self) -> int:
        """Its size as SQS counts it: body, and name, type and value of every attribute, in UTF-8 bytes."""
        return utf8_bytes(self.body) + sum(
            utf8_bytes(name) + len("String") + utf8_bytes(value) for name, value in self.attributes.items()
        )


def message(body: str, **attributes: str | None) -> OutgoingMessage:
    """A message that SQS takes: refused characters are escaped in the body and replaced in the attributes.

    The body is JSON, which has none of them outside its strings.
    """
    kept = {name: _REFUSED.sub("\ufffd", value[:_ATTRIBUTE_CHARACTERS]) for name, value in attributes.items() if value}
    return OutgoingMessage(body.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff"), kept)


class QueueSender(Sender[OutgoingMessage]):
    """Sends messages to one queue; see `Sender`.

    Args:
        queue_url: The queue.
    """

    max_bytes, max_things = MESSAGE_BYTES, BATCH_MESSAGES

    def __init__(self, client: SQSClient, *, queue_url: str, pace: RetryPace | None = None) -> None:
        super().__init__(client, pace)
        self._queue_url = queue_url

    def _request(self, things: Sequence[OutgoingMessage]) -> dict[int, Failure]:
        if things[0].size_bytes > MESSAGE_BYTES:  # then it is alone in its batch
            return {0: Failure("MessageTooLong", f"a message may have {MESSAGE_BYTES} bytes", retryable=False)}
        batch = [
            {
                "Id": str(place),
                "MessageBody": body,
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            }
            for place, (body, attributes) in enumerate(things)
        ]
        answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=batch)
        failures = {
            place: Failure("NoResult", "SQS did not answer for it", retryable=True) for place in range(len(things))
        }
        for result in answer.get("Successful", ()):
            failures.pop(int(result["Id"]), None)
        for result in answer.get("Failed", ()):
            failures[int(result["Id"])] = Failure(result["Code"], result.get("Message", ""), not result["SenderFault"])
        return failures
