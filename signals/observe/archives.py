"""The archive of the ingress bus in one Region: what it is, and the events in it where they can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from signals.aws.account import Event
from signals.aws.reading import or_none
from signals.observe.location import Location, signal_in
from signals.stack import Stack


def archive(stack: Stack, region: str) -> dict[str, Any] | None:
    """What DescribeArchive says of it; None where there is none."""
    events = stack.client("events", region)
    found: dict[str, Any] | None = or_none(lambda: events.describe_archive(ArchiveName=stack.names.archive))
    return found


def archived_events(stack: Stack, region: str) -> list[Event]:
    """Events in it; none where there is no archive, and where archives cannot be read."""
    return stack.aws.archived_events(region, stack.names.archive)


def within(events: Iterable[Event], start: datetime, end: datetime) -> list[Event]:
    """Events of a window, both ends included, as a replay takes them."""
    return [event for event in events if start <= datetime.fromisoformat(event["time"]) <= end]


def archived_signal_ids(events: Iterable[Event]) -> set[str]:
    """Ids of the signals in batches."""
    return {signal["id"] for event in events for signal in event["detail"].get("signals", ()) if "id" in signal}


def find_in_archive(stack: Stack, region: str, signal_id: str) -> Iterator[Location]:
    """Archived events that hold a signal."""
    for event in archived_events(stack, region):
        if signal := signal_in(event, signal_id):
            origin = event["region"]
            note = "entered here" if origin == region else f"replicated from {origin}"
            yield Location(region, "archive", stack.names.archive, event["time"], note, origin, signal)
