"""Bringing signals to the standard form, one event each; an invalid one alone is quarantined. Knows no AWS."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from handlers.enrichment.received_batch import NotOursError, Reason, ReceivedBatch, authenticate, describe
from handlers.shared.cloudevents import Rejection, problem_of
from handlers.shared.contract import SIGNAL_SOURCE
from handlers.shared.delivery import Publish, Undelivered
from handlers.shared.packing import Entry, write
from handlers.shared.times import is_utc, utc_text

# What is larger is truncated to so many characters, which have 4 bytes at most: a message may have 256 KiB.
_MAX_QUARANTINED_BYTES = 255_000
_KEPT_CHARACTERS = 60_000


class Quarantined(NamedTuple):
    """What cannot be processed, as JSON, and why."""

    body: str
    reason: Reason | Rejection
    message: str
    batch_id: str | None
    source: str | None


class EnrichmentDependencies(NamedTuple):
    """What enrichment works with.

    Args:
        account_id: The only account whose batches are taken.
        sources: The registered producers.
        region: Where this runs.
        publish: Puts entries on the data platform bus; returns those that it could not put there.
        quarantine: Sends what cannot be processed to the quarantine; returns what it could not send.
    """

    account_id: str
    sources: Collection[str]
    region: str
    publish: Publish
    quarantine: Callable[[Sequence[Quarantined]], Undelivered]


class NothingDeliveredError(RuntimeError):
    """The data platform bus accepted nothing: Lambda retries the asynchronous invocation with the whole batch."""


class QuarantineError(RuntimeError):
    """The quarantine did not accept everything: Lambda retries the asynchronous invocation with the whole batch."""


def enrich(event: Mapping[str, Any], using: EnrichmentDependencies) -> dict[str, int]:
    """Process one event of the ingress bus and say what to count.

    A replayed or republished batch keeps its ids, by which consumers recognize what they have processed.

    Raises:
        NothingDeliveredError: The bus refused every signal.
        QuarantineError: The quarantine refused a signal.
    """
    try:
        batch = authenticate(event, account_id=using.account_id, sources=using.sources)
    except NotOursError as problem:
        detail = event.get("detail")
        reason, message = problem.args
        _quarantine([Quarantined(_json(detail), reason, message, *_names(detail))], using)
        return {"QuarantinedBatches": 1}
    signals, entries, bad = _standard_forms(batch, using)
    undelivered = using.publish(entries) if entries else {}
    if entries and len(undelivered) == len(entries):
        codes = sorted({failure.code for failure in undelivered.values()})
        raise NothingDeliveredError(f"the data bus took none of {len(entries)} signals: {', '.join(codes)}")
    for place, failure in undelivered.items():
        why = f"{failure.code}: {failure.message}"
        signal = _json(signals[place])
        bad.append(Quarantined(signal, Reason.UNDELIVERED, why, batch.batch_id, batch.source))
    if bad:
        _quarantine(bad, using)
    return {"EnrichedSignals": len(entries) - len(undelivered), "QuarantinedSignals": len(bad)}


def _standard_forms(
    batch: ReceivedBatch, using: EnrichmentDependencies
) -> tuple[list[Any], list[Entry], list[Quarantined]]:
    """The valid signals with their entries, and the invalid ones."""
    seen = b"," + write(_what_the_platform_saw(batch, using))[1:]
    signals: list[Any] = []
    entries: list[Entry] = []
    bad: list[Quarantined] = []
    for signal in batch.signals:
        problem = problem_of(signal)
        if problem is None:
            try:
                detail = write(_normalized(signal, batch.received_at))[:-1] + seen
            except TypeError:
                problem = Rejection.TOO_DEEP, "the signal cannot be written as JSON"
            else:
                signals.append(signal)
                entries.append(Entry(SIGNAL_SOURCE, signal["type"], detail.decode()))
                continue
        bad.append(Quarantined(_json(signal), *problem, batch.batch_id, batch.source))
    return signals, entries, bad


def _what_the_platform_saw(batch: ReceivedBatch, using: EnrichmentDependencies) -> dict[str, str]:
    seen = {
        "receivedat": batch.received_at,
        "ingestregion": batch.region,
        "producer": batch.source,
        "batchid": batch.batch_id,
        "enrichedregion": using.region,
    }
    if batch.network:
        seen["clientnetwork"] = batch.network
    if batch.user_agent:
        seen.update(describe(batch.user_agent))
    return seen


def _normalized(signal: dict[str, Any], received_at: str) -> dict[str, Any]:
    """The signal with its time in UTC (when it was received, if it has none) and no attribute that is null."""
    sent = signal.get("time")
    if sent and is_utc(sent) and None not in signal.values():
        return signal
    normalized = {name: value for name, value in signal.items() if value is not None or name == "data"}
    normalized["time"] = utc_text(sent) if sent else received_at
    return normalized


def _quarantine(what: Sequence[Quarantined], using: EnrichmentDependencies) -> None:
    refused = using.quarantine(what)
    if refused:
        codes = sorted({failure.code for failure in refused.values()})
        raise QuarantineError(f"the quarantine did not take {len(refused)} of {len(what)}: {', '.join(codes)}")


def _names(detail: Any) -> tuple[str | None, str | None]:
    names = (detail.get("batch_id"), detail.get("source")) if type(detail) is dict else (None, None)
    batch_id, source = (name if type(name) is str else None for name in names)
    return batch_id, source


def _json(value: Any) -> str:
    """JSON of anything that came as JSON, truncated for the quarantine if it is large; the archive has all of it."""
    try:
        text = write(value)
    except TypeError:  # too deep, or a lone surrogate: the slow writer escapes everything
        text = json.dumps(value, separators=(",", ":")).encode()
    if len(text) <= _MAX_QUARANTINED_BYTES:
        return text.decode()
    kept = text.decode()[:_KEPT_CHARACTERS]
    return write({"truncated": True, "bytes": len(text), "head": kept}).decode()
