"""Dead-letter queues, failure destinations and the quarantine: what is in them, why, and how it is sent back.

StartMessageMoveTask moves the messages of an SQS queue's dead-letter queue, all of them, and knows nothing of a rule's,
of a Lambda destination or of the quarantine (SQS API reference). So each message is read, sent where it failed, and
deleted only when it was accepted: an interruption between the two makes a duplicate, never a loss.
"""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from signals.aws.reading import QueueMessage
from signals.errors import Misuse
from signals.observe.queues import queue_urls
from signals.recover import destinations
from signals.stack import Stack

_HIDDEN_S = 300  # long enough to send back what was read; if the run dies, others see the messages after this
_MOST = 10_000  # messages of one queue that one run reads


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


def groups(stack: Stack) -> list[FailureGroup]:
    """Messages in the failure queues of both Regions, by reason.

    Reading is a receive: each message is hidden while this runs, and put back at its end.
    """
    places = [(region, name) for region in stack.regions for name, _ in _failure_queues(stack, region)]
    with ThreadPoolExecutor(8) as pool:
        found = [message for part in pool.map(lambda place: list_messages(stack, *place), places) for message in part]
    by_reason: dict[tuple[str, str, str], list[FailedMessage]] = {}
    for message in found:
        by_reason.setdefault((message.region, message.queue, message.reason), []).append(message)
    return [
        FailureGroup(*place, len(messages), min(message.sent_at for message in messages), messages[0].text)
        for place, messages in sorted(by_reason.items())
    ]


def list_messages(stack: Stack, region: str, queue: str) -> list[FailedMessage]:
    """Messages of one queue, oldest first; they stay there.

    Raises:
        Misuse: When the stack has no such failure queue in that Region.
    """
    with _hidden(stack, region, queue) as (_, messages):
        return sorted(messages, key=lambda message: message.sent_at)


def send(
    stack: Stack,
    region: str,
    queue: str,
    *,
    ids: Collection[str] = (),
    reason: str | None = None,
    on_outcome: Callable[[RedriveOutcome], None] = lambda _: None,
) -> list[RedriveOutcome]:
    """Send messages of one queue back to where they failed.

    Args:
        stack: The stack.
        region: Where the queue is.
        queue: Its name.
        ids: Only these messages; none: all.
        reason: Only messages with this reason.
        on_outcome: Called with each message's outcome.

    Raises:
        Misuse: When the stack has no such failure queue in that Region.
    """
    outcomes = []
    with _hidden(stack, region, queue) as (url, messages):
        for message in messages:
            if (ids and message.id not in ids) or (reason and message.reason != reason):
                continue
            outcome = _send(stack, message)
            if outcome.problem is None:
                stack.aws.client("sqs", region).delete_message(QueueUrl=url, ReceiptHandle=message.receipt)
            outcomes.append(outcome)
            on_outcome(outcome)
    return outcomes


def _send(stack: Stack, message: FailedMessage) -> RedriveOutcome:
    to = "nowhere"
    try:
        to, deliver = destinations.destination(stack, message.region, message.queue, message.body, message.attributes)
        deliver()
    except (ClientError, BotoCoreError, destinations.NotRedrivenError) as error:
        return RedriveOutcome(message, to, str(error))
    return RedriveOutcome(message, to, None)


def _failure_queues(stack: Stack, region: str) -> list[tuple[str, str]]:
    return [(name, url) for name, url in queue_urls(stack, region) if stack.names.is_failure_queue(name)]


@contextmanager
def _hidden(stack: Stack, region: str, queue: str) -> Iterator[tuple[str, list[FailedMessage]]]:
    """URL and messages of a failure queue, hidden from others until the block ends."""
    known = dict(_failure_queues(stack, region))
    if queue not in known:
        raise Misuse(f"{queue!r} is not a failure queue in {region}: choose one of {', '.join(known) or 'none'}")
    url, wait_s = known[queue], stack.aws.receive_wait_s
    with stack.aws.borrowed_messages(region, url, hidden_s=_HIDDEN_S, at_most=_MOST, wait_s=wait_s) as messages:
        found = []
        for message in messages:
            reason, text = destinations.reason(message.body, message.attributes, message.receive_count)
            found.append(FailedMessage(**vars(message), region=region, queue=queue, reason=reason, text=text))
        yield url, found
