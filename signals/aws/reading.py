"""Reading AWS: what is not there is None, pages are one list, a metric is a sum, and messages stay in their queue."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from signals.aws.interface import QueueMessage

if TYPE_CHECKING:
    from signals.aws.interface import Aws

_NOT_FOUND = ("ResourceNotFoundException", "NotFoundException", "NoSuchBucket")
_MOST_POINTS = 1_440  # CloudWatch API reference, GetMetricStatistics
_FINE_DATA = timedelta(days=15)  # after which CloudWatch keeps periods of 5 minutes
T = TypeVar("T")


def or_none(call: Callable[[], T]) -> T | None:
    """What `call` returns, or None where AWS says that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return None
        raise


def items(client: Any, operation: str, key: str, **request: Any) -> Iterator[Any]:
    """What all pages of an operation hold under `key`."""
    for page in client.get_paginator(operation).paginate(**request):
        yield from page.get(key, ())


def metric_sum(
    aws: Aws, region: str, namespace: str, name: str, dimensions: Mapping[str, str], start: datetime, end: datetime
) -> int | None:
    """A metric's sum over a window; None where CloudWatch has nothing."""
    step = 300 if datetime.now(UTC) - start > _FINE_DATA else 60
    period = max(step, math.ceil((end - start).total_seconds() / _MOST_POINTS / step) * step)
    points = aws.client("cloudwatch", region).get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=start,
        EndTime=end,
        Period=period,
        Statistics=["Sum"],
    )["Datapoints"]
    return int(sum(point["Sum"] for point in points)) if points else None


def queue_message(received: Mapping[str, Any]) -> QueueMessage:
    """A message as ReceiveMessage returns it, with all its attributes."""
    attributes, system = received.get("MessageAttributes", {}), received.get("Attributes", {})
    return QueueMessage(
        id=received["MessageId"],
        body=received["Body"],
        attributes={name: str(value["StringValue"]) for name, value in attributes.items() if "StringValue" in value},
        sent_at=datetime.fromtimestamp(int(system.get("SentTimestamp", 0)) / 1000, UTC),
        receive_count=system.get("ApproximateReceiveCount", "?"),
        receipt=received.get("ReceiptHandle", ""),
    )


@contextmanager
def borrowed_messages(
    aws: Aws, region: str, queue_url: str, *, hidden_s: int, at_most: int, wait_s: int = 0
) -> Iterator[list[QueueMessage]]:
    """The messages of a queue, hidden from others until the block ends; those that it has not deleted are put back.

    SQS has no look without a receive: the receive count of each message grows by one.

    Args:
        aws: Whose queue.
        region: Where it is.
        queue_url: Which it is.
        hidden_s: For how long messages stay hidden if this process dies.
        at_most: How many messages are read.
        wait_s: How long each receive waits for messages (s); with 0 SQS asks only some of its servers.
    """
    sqs = aws.client("sqs", region)
    messages: list[QueueMessage] = []
    try:
        while len(messages) < at_most:
            batch = sqs.receive_message(
                QueueUrl=queue_url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=hidden_s,
                WaitTimeSeconds=wait_s,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            ).get("Messages", [])
            if not batch:
                break
            messages += map(queue_message, batch)
        yield list(messages)
    finally:
        for first in range(0, len(messages), 10):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                for number, message in enumerate(messages[first : first + 10])
            ]
            # Those that were deleted fail here, each by itself.
            sqs.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)
