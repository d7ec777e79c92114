"""A place where a signal was found, and how a signal is recognised there."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Location:
    """One place that holds the signal.

    Args:
        region: Where it is.
        kind: lake, archive, queue, spool, quarantine, dlq or profile.
        where: Names it.
        at: When the signal came there.
        note: What else there is to say.
        origin: The Region whose bus an archived event entered; a replicated copy keeps it.
        content: The signal as it is there; of a profile, the profile.
    """

    region: str
    kind: str
    where: str
    at: str | None = None
    note: str | None = None
    origin: str | None = None
    content: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def signal_in(document: Any, signal_id: str) -> dict[str, Any] | None:
    """The signal with that id in an event, a batch, a message or a list of them; None when it is in none."""
    if isinstance(document, list):
        return next((found for item in document if (found := signal_in(item, signal_id))), None)
    if not isinstance(document, dict):
        return None
    if document.get("id") == signal_id and "type" in document and "detail-type" not in document:
        return document
    # An event, as rules deliver it to queues and functions; a batch; a failed invocation, as Lambda passes it on; an
    # event in an archive.
    for part in ("detail", "Detail", "signals", "requestPayload"):
        inner = document.get(part)
        found = signal_in(parsed(inner) if isinstance(inner, str) else inner, signal_id)
        if found:
            return found
    return None


def parsed(text: str | bytes) -> Any:
    """A JSON document; None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
