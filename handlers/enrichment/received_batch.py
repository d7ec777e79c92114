"""A batch as it comes off the ingress bus, authenticated and parsed, and the User-Agent header in it."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import ua_parser

from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.times import utc_text


class Reason(StrEnum):
    """Why something is in quarantine; a signal with an invalid envelope has a `Rejection` instead."""

    FOREIGN_ACCOUNT = "foreign_account"
    FOREIGN_SOURCE = "foreign_source"
    UNREGISTERED_SOURCE = "unregistered_source"
    MALFORMED_BATCH = "malformed_batch"
    UNDELIVERED = "undelivered"


class NotOursError(Exception):
    """The batch did not come through ingest from a registered source, or is malformed: a `Reason` and a message."""


class ReceivedBatch(NamedTuple):
    """Signals of one client request, with what ingest saw."""

    batch_id: str
    source: str
    received_at: str
    region: str
    network: str | None
    user_agent: str | None
    signals: list[Any]


def authenticate(event: Mapping[str, Any], *, account_id: str, sources: Collection[str]) -> ReceivedBatch:
    """The batch in an EventBridge event.

    Account and source are set by EventBridge from the caller's own identity and request; who may put events on the
    ingress bus with ingest's source is decided by IAM (condition key events:source).

    Raises:
        NotOursError: With its reason.
    """
    if event.get("account") != account_id:
        raise NotOursError(Reason.FOREIGN_ACCOUNT, f"it was put by account {event.get('account')}")
    if (event.get("source"), event.get("detail-type")) != (INGEST_SOURCE, BATCH_TYPE):
        raise NotOursError(Reason.FOREIGN_SOURCE, f"it says {event.get('source')!r}, {event.get('detail-type')!r}")
    batch = _parsed(event.get("detail"))
    if batch.source not in sources:
        raise NotOursError(Reason.UNREGISTERED_SOURCE, f"no source {batch.source!r} is registered")
    return batch


def _parsed(detail: Any) -> ReceivedBatch:
    if type(detail) is not dict:
        raise NotOursError(Reason.MALFORMED_BATCH, "the detail must be an object")
    for name in ("batch_id", "source", "received_at", "region"):
        if type(detail.get(name)) is not str:
            raise NotOursError(Reason.MALFORMED_BATCH, f"{name} must be a string")
    received_at = utc_text(detail["received_at"])
    if received_at is None:
        raise NotOursError(Reason.MALFORMED_BATCH, "received_at must be an RFC 3339 time")
    client, signals = detail.get("client"), detail.get("signals")
    if type(client) is not dict or type(signals) is not list or not signals:
        raise NotOursError(Reason.MALFORMED_BATCH, "client must be an object, and signals an array that is not empty")
    seen = (client.get("network"), client.get("user_agent"))
    if not all(value is None or type(value) is str for value in seen):
        raise NotOursError(Reason.MALFORMED_BATCH, "client.network and client.user_agent must be strings")
    return ReceivedBatch(detail["batch_id"], detail["source"], received_at, detail["region"], *seen, signals)


@lru_cache(maxsize=4096)
def describe(user_agent: str) -> tuple[tuple[str, str], ...]:
    """What a User-Agent header says, as extension attributes; what it does not say is left out."""
    parsed = ua_parser.parse(user_agent)
    named = (
        ("uabrowser", _with_version(parsed.user_agent)),
        ("uaos", _with_version(parsed.os)),
        ("uadevice", parsed.device.family if parsed.device else None),
    )
    return tuple((name, value) for name, value in named if value)


def _with_version(what: ua_parser.UserAgent | ua_parser.OS | None) -> str | None:
    if what is None:
        return None
    return f"{what.family} {what.major}" if what.major else what.family
