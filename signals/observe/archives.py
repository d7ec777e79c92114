"""The archive of the ingress bus in one Region: what it is, how much is in it, and its events where AWS reads them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from signals.aws.account import Event
from signals.aws.reading import or_none
from signals.observe.location import Location, signal_in
from signals.stack import Stack


def archive(stack: Stack, region: str) -> Mapping[str, Any] | None:
    """What DescribeArchive says of it; None where there is none."""
    return or_none(stack.aws.client("events", region).describe_archive, ArchiveName=stack.names.archive)


def archived_events(stack: Stack, region: str) -> list[Event]:
    """Events in it; none where there is no archive, and where archives cannot be read."""
    return stack.aws.archived_events(region, stack.names.archive)


def within(events: Iterable[Event], windows: Sequence[tuple[datetime, datetime]]) -> list[Event]:
    """Events of some windows, both ends included, as a replay takes them."""
    timed = ((event, datetime.fromisoformat(event["time"])) for event in events)
    return [event for event, at in timed if any(start <= at <= end for start, end in windows)]


def archived_signal_ids(events: Iterable[Event]) -> set[str]:
    """Ids of the signals in batches."""
    return {signal["id"] for event in events for signal in event["detail"].get("signals", ()) if "id" in signal}


class ArchiveWindow(BaseModel):
    """Events and bytes of a window; `how` says where the numbers come from."""

    model_config = ConfigDict(frozen=True)

    events: int
    size_bytes: int
    exact: bool
    how: str


def archive_window(stack: Stack, region: str, start: datetime, end: datetime) -> ArchiveWindow | None:
    """What one Region's archive holds of a window, estimated where it cannot be read; None where it has no archive."""
    found = archive(stack, region)
    if found is None:
        return None
    if stack.aws.archives_readable:
        events = within(archived_events(stack, region), [(start, end)])
        size = sum(len(json.dumps(event["detail"], separators=(",", ":")).encode()) for event in events)
        return ArchiveWindow(events=len(events), size_bytes=size, exact=True, how="every event was counted")
    held, size = found.get("EventCount", 0), found.get("SizeBytes", 0)
    count = stack.aws.metric_sum(region, "AWS/Events", "PutEventsEntriesCount", {}, start, end)
    how = "at most: all entries put in this Region (CloudWatch, PutEventsEntriesCount)"
    if count is None:
        share = (end - start) / max(datetime.now(UTC) - found["CreationTime"], end - start)
        count = round(held * share)
        how = "about: the window's share of the archive's EventCount, which AWS updates within a day"
    return ArchiveWindow(events=count, size_bytes=round(count * size / held) if held else 0, exact=False, how=how)


def find_in_archive(stack: Stack, region: str, signal_id: str) -> Iterator[Location]:
    """Archived events that hold a signal."""
    for event in archived_events(stack, region):
        if signal := signal_in(event, signal_id):
            origin = event["region"]
            note = "entered here" if origin == region else f"replicated from {origin}"
            yield Location(region, "archive", stack.names.archive, event["time"], note, origin, signal)
