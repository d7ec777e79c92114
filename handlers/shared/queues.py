"""Sending to an SQS queue, with every message's result looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from handlers.shared.delivery import Failure, RetryPace, Undelivered, deliver, request_failure
from handlers.shared.packing import utf8_bytes

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# A queue may be set to take less than SQS's newest limit: 256 KiB has always been taken, by a batch as a whole too.
MESSAGE_BYTES = 262_144
BATCH_MESSAGES = 10
_ATTRIBUTE_CHARACTERS = 512
# What SQS refuses in a message (API reference, SendMessage, lists what it accepts). One class for the complement of
# that list, or for all of these together, takes Python 10 ms longer to compile, at each cold start.
_REFUSED = re.compile(r"[\x00-\x08\x0B\x0C\x0E-\x1F]|[\uD800-\uDFFF]|[\uFFFE\uFFFF]")


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


def message(json_text: str, **attributes: str | None) -> OutgoingMessage:
    """A message that SQS takes: refused characters are escaped in the JSON and replaced in the attributes."""
    kept = {name: _REFUSED.sub("\ufffd", value[:_ATTRIBUTE_CHARACTERS]) for name, value in attributes.items() if value}
    return OutgoingMessage(sendable(json_text), kept)


def sendable(json_text: str) -> str:
    """The same JSON with every character that SQS refuses escaped; outside strings JSON has none of them."""
    return json_text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


class QueueSender:
    """Sends messages to one queue.

    Args:
        client: SQS client that does not retry by itself.
        queue_url: The queue.
        pace: Clock and pauses between tries.
    """

    def __init__(self, client: SQSClient, *, queue_url: str, pace: RetryPace | None = None) -> None:
        self._client: Any = client
        self._queue_url = queue_url
        self._pace = pace or RetryPace()

    def __call__(self, messages: Sequence[OutgoingMessage], *, until: float) -> list[Undelivered]:
        """Send messages in as few batches as possible; what failed is retried until the deadline (s, monotonic)."""
        return deliver(
            [message.size_bytes for message in messages],
            capacity=MESSAGE_BYTES,
            most=BATCH_MESSAGES,
            send=lambda indices: self._send(messages, indices),
            until=until,
            pace=self._pace,
        )

    def _send(self, messages: Sequence[OutgoingMessage], indices: list[int]) -> dict[int, Failure]:
        if messages[indices[0]].size_bytes > MESSAGE_BYTES:  # then it is alone in its batch
            return {indices[0]: Failure("MessageTooLong", f"a message may have {MESSAGE_BYTES} bytes", False)}
        batch = [
            {
                "Id": str(index),
                "MessageBody": messages[index].body,
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in messages[index].attributes.items()
                },
            }
            for index in indices
        ]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=batch)
        except (ClientError, BotoCoreError) as error:
            return dict.fromkeys(indices, request_failure(error))
        taken = {int(result["Id"]) for result in answer.get("Successful", ())}
        failures = {
            index: Failure("NoResult", "SQS did not answer for it", True) for index in indices if index not in taken
        }
        for result in answer.get("Failed", ()):
            failures[int(result["Id"])] = Failure(result["Code"], result.get("Message", ""), not result["SenderFault"])
        return failures
