"""What failed: the failure queues of a stack, and messages in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signals.aws.reading import QueueMessage
from signals.errors import Misuse
from signals.observe.queues import queue_urls
from signals.recover import destinations
from signals.stack import Stack


@dataclass(frozen=True)
class FailedMessage(QueueMessage):
    """A message that could not be processed.

    Args:
        region, queue: Where it is.
        reason: The error's name, or the quarantine's reason.
        text: The error in words.
    """

    region: str
    queue: str
    reason: str
    text: str

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("receipt", "receive_count")}


def failed_message(message: QueueMessage, region: str, queue: str) -> FailedMessage:
    """A message of a failure queue, with why it failed."""
    reason, text = destinations.reason(message.body, message.attributes, message.receive_count)
    return FailedMessage(**vars(message), region=region, queue=queue, reason=reason, text=text)


def failure_queues(stack: Stack, region: str) -> Mapping[str, str]:
    """URL of each failure queue in a Region, by name."""
    return {name: url for name, url in queue_urls(stack, region) if stack.names.is_failure_queue(name)}


def failure_queue(stack: Stack, region: str, queue: str) -> str:
    """URL of a failure queue.

    Raises:
        Misuse: When the stack has no such failure queue in that Region.
    """
    known = failure_queues(stack, region)
    if queue not in known:
        raise Misuse(f"{queue!r} is not a failure queue in {region}: choose one of {', '.join(known) or 'none'}")
    return known[queue]


@dataclass(frozen=True)
class FailureGroup:
    """Messages of one queue that failed for one reason."""

    region: str
    queue: str
    reason: str
    count: int
    oldest: datetime
    text: str


@dataclass(frozen=True)
class RedriveOutcome:
    """What became of one message: sent to `to`, or left where it was with `problem`."""

    message: FailedMessage
    to: str
    problem: str | None

    def as_json(self) -> dict[str, Any]:
        found = {"id": self.message.id, "region": self.message.region, "queue": self.message.queue}
        return {**found, "reason": self.message.reason, "to": self.to, "problem": self.problem}
