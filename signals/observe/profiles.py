"""Customers' profiles that hold a signal: the state tables of the consumers that run `handlers/profile`."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.profile.logic import customer_of, profile
from handlers.profile.store import ProfileStore
from signals.aws.reading import or_none
from signals.observe.location import Location
from signals.stack import Stack

_HANDLER = "profile"


def profiles(stack: Stack, found: Sequence[Location]) -> list[Location]:
    """The profiles that hold a signal, in both Regions.

    A table is read by customer, whom only the signal itself names: it must have been found elsewhere first.
    """
    signal = next((place.content for place in found if place.content), None)
    customer = customer_of(signal) if signal else None
    if signal is None or customer is None:
        return []
    tables = [
        stack.names.state_table(consumer.name) for consumer in stack.settings.consumers if consumer.handler == _HANDLER
    ]
    places = (_profile(stack, region, table, customer, signal["id"]) for table in tables for region in stack.regions)
    return [place for place in places if place]


def _profile(stack: Stack, region: str, table: str, customer: str, signal_id: str) -> Location | None:
    store = ProfileStore(stack.client("dynamodb", region), table=table)
    # Without an active/active consumer the secondary has no such table.
    items = or_none(lambda: list(store.items(customer))) or []
    folded = profile(items)
    mine = [item for item in items if item["id"] == signal_id]
    if not mine or folded is None:
        return None
    note = f"{folded.signals} signals, {folded.first_seen} to {folded.last_seen}"
    return Location(region, "profile", f"{table}: {customer}", mine[0]["time"], note, content=folded._asdict())
