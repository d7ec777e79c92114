"""Search for a signal in every place of both Regions at once."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

from handlers.profile.logic import customer_of, profile
from handlers.profile.store import ProfileStore
from signals.aws.reading import or_none
from signals.observe.archives import find_in_archive
from signals.observe.lake import find_in_lake
from signals.observe.location import Location
from signals.observe.queues import find_in_queues
from signals.stack import Stack

POLL_SECONDS = 0.5
_ARCHIVES_NOT_SEARCHED = (
    "archives ({archive}): AWS only says how many events an archive holds (`signals status`); replay a window of it "
    "to see them"
)
_ORDER = ("archive", "lake", "profile", "queue", "return", "spool", "quarantine", "dlq", "heartbeat", "probe")


@dataclass(frozen=True)
class Found:
    """What a search found, and what it could not search."""

    id: str
    places: tuple[Location, ...]
    not_searched: tuple[str, ...]

    def of(self, kind: str) -> list[Location]:
        return [place for place in self.places if place.kind == kind]

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "found": bool(self.places), **vars(self)}


def find(
    stack: Stack,
    signal_id: str,
    *,
    since: timedelta,
    wait_seconds: float = 0,
    until: Callable[[Found], bool] = lambda found: bool(found.of("lake")),
) -> Found:
    """Search until the signal has arrived in the lake, or the time is up.

    Args:
        stack: Where to search.
        signal_id: The CloudEvent's id.
        since: How far back lake objects are read.
        wait_seconds: How long to repeat the search (s); 0: once.
        until: When to stop waiting; a copy in an archive or a queue may still be in transit.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        found = _once(stack, signal_id, since)
        if until(found) or time.monotonic() >= deadline:
            return found
        time.sleep(POLL_SECONDS)


def _once(stack: Stack, signal_id: str, since: timedelta) -> Found:
    def search(region: str) -> list[Location]:
        in_lake = find_in_lake(stack, region, signal_id, since)
        return [*find_in_archive(stack, region, signal_id), *in_lake, *find_in_queues(stack, region, signal_id)]

    with ThreadPoolExecutor(len(stack.regions)) as pool:
        found = [place for part in pool.map(search, stack.regions) for place in part]
    found += list(_profiles(stack, found))
    found.sort(key=lambda place: (_ORDER.index(place.kind), stack.regions.index(place.region), place.at or ""))
    gaps = () if stack.aws.archives_readable else (_ARCHIVES_NOT_SEARCHED.format(archive=stack.names.archive),)
    return Found(signal_id, tuple(found), gaps)


def _profiles(stack: Stack, found: Sequence[Location]) -> Iterator[Location]:
    """Customers' profiles that hold a signal: the state tables of the consumers that run `handlers/profile`.

    A table is read by customer, whom only the signal itself names: it must have been found elsewhere first.
    """
    signal = next((place.content for place in found if place.content), None)
    customer = customer_of(signal) if signal else None
    if signal is None or customer is None:
        return
    names = [consumer.name for consumer in stack.settings.consumers if consumer.handler == "profile"]
    for table, region in product(map(stack.names.state_table, names), stack.regions):
        store = ProfileStore(stack.aws.client("dynamodb", region), table=table)
        # Without an active/active consumer the secondary has no such table.
        items = or_none(list, store.items(customer)) or []
        at = next((item["time"] for item in items if item["id"] == signal["id"]), None)
        if at is not None and (folded := profile(items)):
            note = f"{folded.signals} signals, {folded.first_seen} to {folded.last_seen}"
            yield Location(region, "profile", f"{table}: {customer}", at, note, content=folded._asdict())
