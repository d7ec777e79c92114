"""A stack's queues in one Region: how many messages they hold, and which of them hold a signal."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from signals.aws.reading import items
from signals.observe.location import Location, parsed, signal_in
from signals.stack import Stack

_VISIBLE: Final = "ApproximateNumberOfMessages"
_IN_FLIGHT: Final = "ApproximateNumberOfMessagesNotVisible"


@dataclass(frozen=True)
class QueueStatus:
    """A queue and about how many messages wait in it (visible) or are being processed (in flight).

    A message in a failure queue means that something went wrong.
    """

    name: str
    visible: int
    in_flight: int
    is_failure_queue: bool

    @property
    def messages(self) -> int:
        return self.visible + self.in_flight

    def as_json(self) -> dict[str, Any]:
        counts = {"visible": self.visible, "in_flight": self.in_flight}
        return {"name": self.name, **counts, "troubled": self.is_failure_queue}


def queue_urls(stack: Stack, region: str) -> list[tuple[str, str]]:
    """Name and URL of every queue of the stack, by name."""
    sqs = stack.aws.client("sqs", region)
    urls = items(sqs, "list_queues", "QueueUrls", QueueNamePrefix=stack.names.queue_prefix)
    named = ((url.rsplit("/", 1)[-1], url) for url in urls)
    return sorted((name, url) for name, url in named if stack.names.is_queue(name))


def queue_statuses(stack: Stack, region: str) -> Iterator[QueueStatus]:
    """Every queue of the stack and how many messages it holds."""
    sqs = stack.aws.client("sqs", region)
    for name, url in queue_urls(stack, region):
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[_VISIBLE, _IN_FLIGHT])["Attributes"]
        visible, in_flight = int(counts[_VISIBLE]), int(counts[_IN_FLIGHT])
        yield QueueStatus(name, visible, in_flight, is_failure_queue=stack.names.is_failure_queue(name))


def find_in_queues(stack: Stack, region: str, signal_id: str) -> Iterator[Location]:
    """Messages that hold a signal: in the spool, the quarantine, consumers' queues and failure queues."""
    for name, url in queue_urls(stack, region):
        for message in stack.aws.messages(region, url):
            if signal := signal_in(parsed(message.body), signal_id):
                reason = message.attributes.get("reason") or message.attributes.get("ERROR_CODE")
                sent_at = message.sent_at.isoformat(timespec="seconds")
                yield Location(region, stack.names.queue_kind(name), name, sent_at, reason, content=signal)
