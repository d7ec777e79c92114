"""Dead-letter queues, failure destinations and the quarantine: what lies there, why, and back to where it failed.

StartMessageMoveTask moves the messages of an SQS queue's dead-letter queue, all of them, and knows nothing of a rule's,
of a Lambda destination or of the quarantine (SQS API reference). So each message is read, sent where it failed, and
deleted only when that was taken: an interruption between the two makes a duplicate, never a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from signals.errors import Misuse
from signals.observe.status import queue_urls
from signals.recover import destinations
from signals.stack import Stack

_HIDDEN_S = 300  # long enough to send back what was read; a run that dies lets go of it after this
_MOST = 10_000  # messages of one queue that one run reads


@dataclass(frozen=True)
class Message:
    """A message that somebody should look at.

    Args:
        region, queue: Where it lies.
        id: SQS's.
        reason: The error's name, or the quarantine's reason.
        text: The error in words.
        sent_at: When it came there.
        body: As it lies there.
        attributes: The message's own.
    """

    region: str
    queue: str
    id: str
    reason: str
    text: str
    sent_at: datetime
    body: str
    attributes: dict[str, str] = field(default_factory=dict)
    receipt: str = field(default="", repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "receipt"}


@dataclass(frozen=True)
class Group:
    """Messages of one queue that lie there for one reason."""

    region: str
    queue: str
    reason: str
    count: int
    oldest: datetime
    text: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What became of one message: sent to `to`, or left where it was with `problem`."""

    message: Message
    to: str
    problem: str | None

    def as_json(self) -> dict[str, Any]:
        found = {"id": self.message.id, "region": self.message.region, "queue": self.message.queue}
        return {**found, "reason": self.message.reason, "to": self.to, "problem": self.problem}


Chosen = Callable[[Message], bool]


def groups(stack: Stack) -> list[Group]:
    """What lies in the stack's troubled queues in both Regions, by reason.

    A look is a receive: on AWS a message is hidden while this runs, and put back at its end.
    """
    places = [(region, name) for region in stack.regions for name, _ in _troubled(stack, region)]
    with ThreadPoolExecutor(8) as pool:
        found = [message for part in pool.map(lambda place: list_messages(stack, *place), places) for message in part]
    by_reason: dict[tuple[str, str, str], list[Message]] = {}
    for message in found:
        by_reason.setdefault((message.region, message.queue, message.reason), []).append(message)
    return [
        Group(*place, len(messages), min(message.sent_at for message in messages), messages[0].text)
        for place, messages in sorted(by_reason.items())
    ]


def list_messages(stack: Stack, region: str, queue: str) -> list[Message]:
    """Messages of one queue, oldest first; they stay there.

    Raises:
        Misuse: When the stack has no such queue of failures in that Region.
    """
    with _held(stack, region, queue) as (_, messages):
        return sorted(messages, key=lambda message: message.sent_at)


def send(
    stack: Stack,
    region: str,
    queue: str,
    *,
    ids: Collection[str] = (),
    reason: str | None = None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Send messages of one queue back to where they failed.

    Args:
        stack: The stack.
        region: Where the queue is.
        queue: Its name.
        ids: Only these messages; none: all.
        reason: Only messages with this reason.
        on_outcome: Told of each message as it is done.

    Raises:
        Misuse: When the stack has no such queue of failures in that Region.
    """
    outcomes = []
    with _held(stack, region, queue) as (url, messages):
        for message in messages:
            if (ids and message.id not in ids) or (reason and message.reason != reason):
                continue
            outcome = _send(stack, message)
            if outcome.problem is None:
                stack.client("sqs", region).delete_message(QueueUrl=url, ReceiptHandle=message.receipt)
            outcomes.append(outcome)
            on_outcome(outcome)
    return outcomes


def _send(stack: Stack, message: Message) -> Outcome:
    to = "nowhere"
    try:
        to, deliver = destinations.destination(stack, message.region, message.queue, message.body, message.attributes)
        deliver()
    except (ClientError, BotoCoreError, destinations.RefusedError) as error:
        return Outcome(message, to, str(error))
    return Outcome(message, to, None)


def _troubled(stack: Stack, region: str) -> list[tuple[str, str]]:
    return [(name, url) for name, url in queue_urls(stack, region) if stack.names.is_troubled(name)]


@contextmanager
def _held(stack: Stack, region: str, queue: str) -> Iterator[tuple[str, list[Message]]]:
    """The messages of a queue, hidden from others until this is over."""
    known = dict(_troubled(stack, region))
    if queue not in known:
        raise Misuse(f"there is no queue of failures {queue!r} in {region}: choose one of {', '.join(known) or 'none'}")
    sqs, url = stack.client("sqs", region), known[queue]
    messages: list[Message] = []
    try:
        while len(messages) < _MOST:
            batch = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=_HIDDEN_S,
                WaitTimeSeconds=0 if stack.local else 1,
                MessageAttributeNames=["All"],
                AttributeNames=["All"],
            ).get("Messages", [])
            if not batch:
                break
            messages += [_message(region, queue, received) for received in batch]
        yield url, list(messages)
    finally:
        for first in range(0, len(messages), 10):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                for number, message in enumerate(messages[first : first + 10])
            ]
            # Those that were sent back and deleted fail here, which is no matter.
            sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _message(region: str, queue: str, received: dict[str, Any]) -> Message:
    attributes = {
        name: str(value["StringValue"])
        for name, value in received.get("MessageAttributes", {}).items()
        if "StringValue" in value
    }
    reason, text = destinations.reason(received["Body"], attributes, received.get("Attributes", {}))
    sent = datetime.fromtimestamp(int(received.get("Attributes", {}).get("SentTimestamp", 0)) / 1000, UTC)
    return Message(
        region=region,
        queue=queue,
        id=received["MessageId"],
        reason=reason,
        text=text,
        sent_at=sent,
        body=received["Body"],
        attributes=attributes,
        receipt=received["ReceiptHandle"],
    )
