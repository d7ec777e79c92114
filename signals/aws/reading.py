"""Reading what AWS answers: what is not there is None, pages are one list, a message is a value."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

_NOT_FOUND = ("ResourceNotFoundException", "NotFoundException", "NoSuchBucket")
T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class QueueMessage:
    """A message in a queue."""

    id: str
    body: str
    attributes: Mapping[str, str]
    sent_at: datetime
    receive_count: str
    receipt: str


def or_none(call: Callable[P, T], *args: P.args, **request: P.kwargs) -> T | None:
    """What `call` returns for these arguments, or None where AWS says that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return call(*args, **request)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return None
        raise


def items(client: Any, operation: str, key: str, **request: Any) -> Iterator[Any]:
    """What all pages of an operation hold under `key`."""
    for page in client.get_paginator(operation).paginate(**request):
        yield from page.get(key, ())


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
