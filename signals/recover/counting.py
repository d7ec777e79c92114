"""How much an archive holds of a window: exact on the embedded AWS, an honest estimate on AWS."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from signals.observe import archives, places
from signals.stack import Stack

_MOST_POINTS = 1_440  # CloudWatch API reference, GetMetricStatistics
_FINE_DATA = timedelta(days=15)  # after which CloudWatch keeps periods of 5 minutes


class Counted(BaseModel):
    """Events and bytes of a window; `how` says where the numbers come from."""

    model_config = ConfigDict(frozen=True)

    events: int
    size_bytes: int
    exact: bool
    how: str


def count(stack: Stack, region: str, start: datetime, end: datetime) -> Counted | None:
    """What one Region's archive holds of a window; None where it has no archive."""
    if stack.local:
        if not _archive(stack, region):
            return None
        found = within(archives.events(stack, region), start, end)
        size = sum(len(json.dumps(event["detail"], separators=(",", ":")).encode()) for event in found)
        return Counted(events=len(found), size_bytes=size, exact=True, how="each event was looked at")
    archive = _archive(stack, region)
    if archive is None:
        return None
    held, size = archive.get("EventCount", 0), archive.get("SizeBytes", 0)
    entries = metric(stack, region, "AWS/Events", "PutEventsEntriesCount", {}, start, end)
    share = (end - start) / max(datetime.now(UTC) - archive["CreationTime"], end - start)
    events = entries if entries is not None else round(held * share)
    how = (
        "at most: all entries that anybody put in this Region (CloudWatch, PutEventsEntriesCount)"
        if entries is not None
        else "about: the window's share of the archive's EventCount, which AWS brings up to date within a day"
    )
    return Counted(events=events, size_bytes=round(events * size / held) if held else 0, exact=False, how=how)


def within(events: Iterable[dict[str, Any]], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Events of a window, both ends included, as a replay takes them."""
    return [event for event in events if start <= datetime.fromisoformat(event["time"]) <= end]


def signal_ids(events: Iterable[dict[str, Any]]) -> set[str]:
    """Ids of the signals in batches."""
    return {signal["id"] for event in events for signal in event["detail"].get("signals", ()) if "id" in signal}


def lake_ids(stack: Stack, since: datetime) -> set[str]:
    """Ids of the signals in the lake's objects from the hour of `since` on (the embedded AWS only: it reads all)."""
    s3, bucket = stack.client("s3", stack.primary), stack.names.lake_bucket(stack.primary)
    after = f"signals/dt={since:%Y-%m-%d}/hour={since:%H}/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="signals/", StartAfter=after)
    found = set()
    for item in (item for page in pages for item in page.get("Contents", [])):
        for line in places.lines(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()):
            found.add(json.loads(line)["id"])
    return found


def metric(
    stack: Stack, region: str, namespace: str, name: str, dimensions: dict[str, str], start: datetime, end: datetime
) -> int | None:
    """A metric's sum over a window; None where CloudWatch has nothing."""
    step = 300 if datetime.now(UTC) - start > _FINE_DATA else 60
    period = max(step, math.ceil((end - start).total_seconds() / _MOST_POINTS / step) * step)
    points = stack.client("cloudwatch", region).get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=start,
        EndTime=end,
        Period=period,
        Statistics=["Sum"],
    )["Datapoints"]
    return int(sum(point["Sum"] for point in points)) if points else None


def _archive(stack: Stack, region: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = stack.client("events", region).describe_archive(ArchiveName=stack.names.archive)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return found
