"""Bringing spooled batches back to the ingress bus. Knows no AWS but the shape of an SQS event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from handlers.shared.batch import BATCH_SOURCE, BATCH_TYPE
from handlers.shared.delivery import Undelivered
from handlers.shared.packing import Entry

Publish = Callable[[Sequence[Entry]], Sequence[Undelivered]]


class Outcome(NamedTuple):
    """Ids of the messages that must stay in the queue, and what to count."""

    failed: list[str]
    counts: Mapping[str, int]


def republish(event: Mapping[str, Any], publish: Publish) -> Outcome:
    """Publish what the messages hold, as it was.

    A message that is no batch fails every time: SQS moves it to the dead-letter queue, where a person sees it.
    """
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    batches = {identity: body for identity, body in bodies.items() if _is_batch(body)}
    entries = [Entry(BATCH_SOURCE, BATCH_TYPE, body) for body in batches.values()]
    undelivered = publish(entries) if entries else ()
    identities = list(batches)
    refused = [identities[failure.position] for failure in undelivered]
    malformed = [identity for identity in bodies if identity not in batches]
    return Outcome(
        failed=[*malformed, *refused],
        counts={
            "RepublishedBatches": len(batches) - len(refused),
            "RefusedBatches": len(refused),
            "MalformedMessages": len(malformed),
        },
    )


def _is_batch(body: str) -> bool:
    try:
        detail = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return type(detail) is dict and type(detail.get("signals")) is list and type(detail.get("batch_id")) is str
