"""How long the spool and the return queue take to drain, and whether that is before SQS deletes what is in them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.aws_quotas import Quota
from signals.observe.queues import QueueStatus, queue_urls
from signals.recover.live import account_quotas, drain_speed, in_words, mapping_rate, recent_metric
from signals.recover.speed import RETURN_PATH
from signals.stack import Stack


@dataclass(frozen=True)
class Drain:
    """A queue that a function of the platform drains.

    Args:
        region, queue: Which.
        messages: About how many wait, those that are being processed included; each is an event of the ingress bus.
        per_second: How many are sent on each second, once EventBridge takes them; 0: none.
        limit: What allows no more: its function, or a quota.
        seconds: How long that takes; None where nothing is sent on.
        oldest_s: Age of the oldest message; None where CloudWatch has none.
        retention_s: How long SQS keeps a message.
    """

    region: str
    queue: str
    messages: int
    per_second: float
    limit: str
    seconds: float | None
    oldest_s: float | None
    retention_s: float

    @property
    def in_time(self) -> bool:
        """Whether it is drained before SQS deletes the oldest message."""
        return self.seconds is not None and self.seconds <= self.retention_s - (self.oldest_s or 0.0)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "in_time": self.in_time}


def drains(stack: Stack, queues: Mapping[str, Iterable[QueueStatus]]) -> list[Drain]:
    """The spools and the return queue, where they hold messages.

    Args:
        stack: The stack.
        queues: By Region, its queues.
    """
    waiting = [
        (region, queue)
        for region, found in queues.items()
        for queue in found
        if queue.messages and stack.names.queue_kind(queue.name) in ("spool", "return")
    ]
    if not waiting:
        return []
    quotas = account_quotas(stack)
    return list(_drains(stack, waiting, quotas))


def _drains(stack: Stack, waiting: Iterable[tuple[str, QueueStatus]], quotas: Mapping[str, Quota]) -> Iterator[Drain]:
    for region, queue in waiting:
        url = dict(queue_urls(stack, region))[queue.name]
        attributes = stack.aws.client("sqs", region).get_queue_attributes(
            QueueUrl=url, AttributeNames=["MessageRetentionPeriod"]
        )["Attributes"]
        oldest_s = None
        if not stack.local:
            metric = "ApproximateAgeOfOldestMessage"
            oldest_s = recent_metric(stack, region, "AWS/SQS", metric, "Maximum", QueueName=queue.name)
        rate = mapping_rate(stack, region, queue.name)
        limit = "no function reads it, or its event source mapping is disabled"
        per_second = 0.0
        if rate:
            speed = drain_speed(stack, rate, quotas)
            per_second, limit = speed.events_per_second, in_words(speed.binding, quotas, stack.primary)
            if speed.binding == RETURN_PATH:
                limit = "as fast as its function"
        yield Drain(
            region=region,
            queue=queue.name,
            messages=queue.messages,
            per_second=per_second,
            limit=limit,
            seconds=queue.messages / per_second if per_second else None,
            oldest_s=oldest_s,
            retention_s=float(attributes["MessageRetentionPeriod"]),
        )
