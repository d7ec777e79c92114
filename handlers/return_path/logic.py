"""What a replayed event becomes on its way back: itself, with a mark that says where it was replayed. Knows no AWS."""

from __future__ import annotations

import orjson

from handlers.shared.compact_json import write
from handlers.shared.contract import REPLAY_NAME, REPLAYED_FROM
from handlers.shared.packing import Entry


def returned_entry(body: str, *, region: str) -> Entry | None:
    """The entry for the primary's bus; None if the message is not a replayed event.

    Ids and times within the detail stay as they were, so that consumers recognize a signal that they have processed.

    Args:
        body: An EventBridge event, as the rule of the return path sends it.
        region: Whose archive was replayed.
    """
    try:
        event = orjson.loads(body)
        detail = event["detail"]
        mark = {"region": region, "replay": event[REPLAY_NAME]}
        return Entry(event["source"], event["detail-type"], write({**detail, REPLAYED_FROM: mark}).decode())
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
