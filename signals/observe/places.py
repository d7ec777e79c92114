"""The places where a signal can be: the lake, archives, queues and the profile table, each searched by one function."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from signals.observe import archives, embedded
from signals.observe.status import queue_urls
from signals.stack import Stack

_READERS = 8
_MAX_MESSAGES = 1_000
_HIDDEN_SECONDS = 30


@dataclass(frozen=True)
class Place:
    """One place that holds the signal.

    Args:
        region: Where it is.
        kind: lake, archive, queue, spool, quarantine, dlq or profile.
        where: Names it.
        at: When the signal came there.
        note: What else there is to say.
        origin: The Region whose bus an archived event entered; a replicated copy keeps it.
        content: The signal as it is there; of a profile, the profile.
    """

    region: str
    kind: str
    where: str
    at: str | None = None
    note: str | None = None
    origin: str | None = None
    content: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def contains(document: Any, signal_id: str) -> dict[str, Any] | None:
    """The signal with that id in an event, a batch, a message or a list of them; None when it is in none."""
    if isinstance(document, list):
        return next((found for item in document if (found := contains(item, signal_id))), None)
    if not isinstance(document, dict):
        return None
    if document.get("id") == signal_id and "type" in document and "detail-type" not in document:
        return document
    # An event, as rules hand it to queues and functions; a batch; a failed invocation, as Lambda hands it on; an event
    # in an archive.
    for part in ("detail", "Detail", "signals", "requestPayload"):
        inner = document.get(part)
        if isinstance(inner, str):
            inner = _json(inner)
        found = contains(inner, signal_id)
        if found:
            return found
    return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def lake(stack: Stack, region: str, signal_id: str, since: timedelta) -> Iterator[Place]:
    """Lake objects that hold the signal, newest first, of the hours from `since` ago on."""
    s3, bucket = stack.client("s3", region), stack.names.lake_bucket(region)
    first = datetime.now(UTC) - since
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="signals/", StartAfter=f"signals/dt={first:%Y-%m-%d}/hour={first:%H}/"
    )
    try:
        objects = [item for page in pages for item in page.get("Contents", [])]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return
        raise
    objects.sort(key=lambda item: item["LastModified"], reverse=True)

    def read(item: dict[str, Any]) -> list[Place]:
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        at = item["LastModified"].astimezone(UTC).isoformat(timespec="seconds")
        signals = (contains(_json(line.decode()), signal_id) for line in lines(body) if signal_id.encode() in line)
        # A line each: what was delivered twice is to be seen.
        return [Place(region, "lake", f"s3://{bucket}/{item['Key']}", at, content=found) for found in signals if found]

    with ThreadPoolExecutor(_READERS) as pool:
        for found in pool.map(read, objects):
            yield from found


def lines(body: bytes) -> list[bytes]:
    """The lines of a lake object, compressed or already unpacked on the way."""
    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).splitlines()


def archive(stack: Stack, region: str, signal_id: str) -> Iterator[Place]:
    """Events in the archive that hold the signal: on the embedded AWS alone (`archives` says why)."""
    if not stack.local:
        return
    for event in archives.events(stack, region):
        if signal := contains(event, signal_id):
            origin = event["region"]
            note = "entered here" if origin == region else f"replicated from {origin}"
            yield Place(region, "archive", stack.names.archive, event["time"], note, origin, signal)


def queues(stack: Stack, region: str, signal_id: str) -> Iterator[Place]:
    """Queues that hold the signal: the spool, quarantine, consumers' queues, and what failed."""
    for name, url in queue_urls(stack, region):
        for message in _peek(stack, region, url):
            if signal := contains(_json(message["Body"]), signal_id):
                attributes = message.get("MessageAttributes", {})
                reason = (attributes.get("reason") or attributes.get("ERROR_CODE") or {}).get("StringValue")
                sent = datetime.fromtimestamp(message["sent_at"], UTC).isoformat(timespec="seconds")
                yield Place(region, stack.names.queue_kind(name), name, sent, reason, content=signal)


def _peek(stack: Stack, region: str, url: str) -> Iterator[dict[str, Any]]:
    """Messages of a queue, which keeps them.

    SQS has no look without a receive: each message is hidden for up to 30 s, then put back at once, and its receive
    count grows by one. The embedded AWS shows them without that.
    """
    if stack.local:
        yield from embedded.messages(stack, region, url)
        return
    sqs = stack.client("sqs", region)
    held: list[str] = []
    try:
        while len(held) < _MAX_MESSAGES:
            batch = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=_HIDDEN_SECONDS,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            if not batch:
                break
            held += [message["ReceiptHandle"] for message in batch]
            for message in batch:
                yield {**message, "sent_at": int(message["Attributes"]["SentTimestamp"]) / 1000}
    finally:
        for start in range(0, len(held), 10):
            entries = [
                {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for index, handle in enumerate(held[start : start + 10])
            ]
            sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
