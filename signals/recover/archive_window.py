"""How much an archive holds of a window: counted where archives can be read, else estimated."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from signals.observe import archives
from signals.stack import Stack


class ArchiveWindow(BaseModel):
    """Events and bytes of a window; `how` says where the numbers come from."""

    model_config = ConfigDict(frozen=True)

    events: int
    size_bytes: int
    exact: bool
    how: str


def archive_window(stack: Stack, region: str, start: datetime, end: datetime) -> ArchiveWindow | None:
    """What one Region's archive holds of a window; None where it has no archive."""
    archive = archives.archive(stack, region)
    if archive is None:
        return None
    if stack.aws.archives_readable:
        found = archives.within(archives.archived_events(stack, region), start, end)
        size = sum(len(json.dumps(event["detail"], separators=(",", ":")).encode()) for event in found)
        return ArchiveWindow(events=len(found), size_bytes=size, exact=True, how="every event was counted")
    held, size = archive.get("EventCount", 0), archive.get("SizeBytes", 0)
    entries = stack.aws.metric_sum(region, "AWS/Events", "PutEventsEntriesCount", {}, start, end)
    if entries is not None:
        events, how = entries, "at most: all entries put in this Region (CloudWatch, PutEventsEntriesCount)"
    else:
        share = (end - start) / max(datetime.now(UTC) - archive["CreationTime"], end - start)
        events = round(held * share)
        how = "about: the window's share of the archive's EventCount, which AWS updates within a day"
    return ArchiveWindow(events=events, size_bytes=round(events * size / held) if held else 0, exact=False, how=how)
