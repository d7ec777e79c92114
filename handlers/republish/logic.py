"""What a spooled message holds: the batch that the endpoint refused, as ingest packed it. Knows no AWS."""

from __future__ import annotations

import orjson

from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.packing import Entry


def spooled_entry(body: str) -> Entry | None:
    """The entry that the message holds; None if it is not a batch."""
    try:
        detail = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    is_batch = type(detail) is dict and type(detail.get("signals")) is list and type(detail.get("batch_id")) is str
    return Entry(INGEST_SOURCE, BATCH_TYPE, body) if is_batch else None
