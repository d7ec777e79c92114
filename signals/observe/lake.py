"""The lake's objects in S3: which there are since a time, and the signals in them."""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signals.aws.reading import items, or_none
from signals.observe.location import Location, parsed, signal_in
from signals.stack import Stack

_READERS = 8


@dataclass(frozen=True)
class LakeObject:
    """One object, written once."""

    key: str
    written_at: datetime


def objects(stack: Stack, region: str, since: datetime) -> list[LakeObject]:
    """The objects of the hour of `since` and later ones; none where there is no lake."""
    where = {"Bucket": stack.names.lake_bucket(region), "Prefix": "signals/"}
    after = f"signals/dt={since:%Y-%m-%d}/hour={since:%H}/"
    found = items(stack.aws.client("s3", region), "list_objects_v2", "Contents", **where, StartAfter=after)
    return [LakeObject(item["Key"], item["LastModified"].astimezone(UTC)) for item in or_none(list, found) or ()]


def lines(stack: Stack, region: str, key: str) -> list[bytes]:
    """The lines of an object, each a signal."""
    body = stack.aws.client("s3", region).get_object(Bucket=stack.names.lake_bucket(region), Key=key)["Body"].read()
    return unpacked(body).splitlines()


def unpacked(body: bytes) -> bytes:
    """What an object holds; HTTP may have decompressed it on the way."""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def lake_signal_ids(stack: Stack, since: datetime) -> set[str]:
    """Ids of the signals in the primary's lake from the hour of `since` on; reads every object."""
    region = stack.primary
    return {json.loads(line)["id"] for item in objects(stack, region, since) for line in lines(stack, region, item.key)}


def find_in_lake(stack: Stack, region: str, signal_id: str, since: timedelta) -> Iterator[Location]:
    """Copies of a signal in the objects of the hours from `since` ago on, the newest first."""
    found = sorted(objects(stack, region, datetime.now(UTC) - since), key=lambda item: item.written_at, reverse=True)

    def read(item: LakeObject) -> list[Location]:
        where = f"s3://{stack.names.lake_bucket(region)}/{item.key}"
        at = item.written_at.isoformat(timespec="seconds")
        mentions = (line for line in lines(stack, region, item.key) if signal_id.encode() in line)
        signals = (signal_in(parsed(line), signal_id) for line in mentions)
        # One for each line, so that a signal that was delivered twice is seen twice.
        return [Location(region, "lake", where, at, content=signal) for signal in signals if signal]

    with ThreadPoolExecutor(_READERS) as pool:
        for copies in pool.map(read, found):
            yield from copies
