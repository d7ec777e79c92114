"""Taking signals from clients: check, pack, publish, spool, answer. Knows no AWS."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from handlers.ingest.http import HttpRequest, HttpResponse, RefusedRequestError
from handlers.ingest.packed_batch import PackedBatch, envelope, pack
from handlers.ingest.request_signals import read, write_or_none
from handlers.shared.cloudevents import MAX_ID, Problem, Rejection, problem_of
from handlers.shared.delivery import Publish, Undelivered

RETRY_AFTER_S = 5

_NOT_STORED = {
    "status": "unavailable",
    "reason": "not_stored",
    "message": "neither the bus nor the spool accepted it: send it again",
}


class IngestDependencies(NamedTuple):
    """What ingest works with.

    Args:
        producers: By SHA-256 (hex) of each write key: a sender cannot choose the digest of a guess, so how long a
            look-up takes says nothing about a registered key.
        publish: Puts entries on the ingress bus; returns those that it could not put there.
        spool: Stores the details of those for later; returns those that it could not store.
        now: The time.
        new_id: Makes a unique id.
        region: Where this runs.
        max_signal_bytes: Largest signal (bytes of compact JSON).
    """

    producers: Mapping[str, str]
    publish: Publish
    spool: Callable[[Sequence[str]], Undelivered]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    region: str
    max_signal_bytes: int


def respond(request: HttpRequest, using: IngestDependencies) -> HttpResponse:
    """Answer any request."""
    path = request.path.rstrip("/")
    method = {"/v1/signals": "POST", "/health": "GET"}.get(path)
    if method is None:
        body = {"error": "not_found", "message": "there is POST /v1/signals and GET /health"}
        return HttpResponse(404, body)
    if request.method != method:
        body = {"error": "method_not_allowed", "message": f"{request.path} takes {method}"}
        return HttpResponse(405, body, {"allow": method})
    if path == "/health":
        return HttpResponse(200, {"status": "ok", "region": using.region})
    try:
        return ingest(request, using)
    except RefusedRequestError as refusal:
        return refusal.response


def ingest(request: HttpRequest, using: IngestDependencies) -> HttpResponse:
    """Take the signals of one request."""
    key = request.write_key()
    source = using.producers.get(sha256(key).hexdigest()) if key else None
    if source is None:
        challenge = {"www-authenticate": 'Bearer realm="signals", Basic realm="signals", charset="UTF-8"'}
        advice = "send a registered write key: Authorization: Bearer <write key>"
        raise RefusedRequestError(401, "unauthorized", advice, challenge)
    results, accepted = _check(*read(request), using)
    common = envelope(request, source=source, region=using.region, received_at=using.now())
    batches = pack(accepted, common, using.new_id)
    refused = [batches[place] for place in using.publish([batch.entry for batch in batches])] if batches else []
    lost = [refused[place] for place in using.spool([batch.entry.detail for batch in refused])] if refused else []
    for place in (place for batch in lost for place in batch.places):
        results[place].update(_NOT_STORED)
    counts = {
        "AcceptedSignals": len(accepted) - _signals(lost),
        "RejectedSignals": len(results) - len(accepted),
        "SpooledSignals": _signals(refused) - _signals(lost),
        "UnavailableSignals": _signals(lost),
        "Entries": len(batches),
    }
    return _answer(results, any_accepted=bool(accepted), any_lost=bool(lost))._replace(counts=counts)


def _check(
    signals: Sequence[Any], written: list[bytes | None], using: IngestDependencies
) -> tuple[list[dict[str, Any]], dict[int, bytes]]:
    """A result for each signal, and the accepted signals as JSON by their place in the request."""
    results: list[dict[str, Any]] = []
    accepted: dict[int, bytes] = {}
    for place, signal in enumerate(signals):
        raw = written[place]
        if type(signal) is dict and signal.get("id") is None:
            signal["id"] = using.new_id()
            raw = write_or_none(signal)
        problem = problem_of(signal)
        if problem is None and raw is not None and len(raw) <= using.max_signal_bytes:
            accepted[place] = raw
            results.append({"id": signal["id"], "status": "accepted"})
        else:
            reason, message = problem or _problem_of_size(raw, using.max_signal_bytes)
            identity = signal.get("id") if type(signal) is dict else None
            kept = identity[:MAX_ID] if type(identity) is str else None
            results.append({"id": kept, "status": "rejected", "reason": reason, "message": message})
    return results, accepted


def _problem_of_size(raw: bytes | None, max_signal_bytes: int) -> Problem:
    if raw is None:
        return Rejection.TOO_DEEP, "a signal may be nested 254 deep"
    return Rejection.TOO_LARGE, f"the signal has {len(raw)} bytes as compact JSON, {max_signal_bytes} are allowed"


def _signals(batches: Sequence[PackedBatch]) -> int:
    return sum(len(batch.places) for batch in batches)


def _answer(results: Sequence[Mapping[str, Any]], *, any_accepted: bool, any_lost: bool) -> HttpResponse:
    if any_lost:
        message = "some signals could not be stored: send those again"
        body = {"error": "unavailable", "message": message, "results": results}
        return HttpResponse(503, body, {"retry-after": str(RETRY_AFTER_S)})
    if any_accepted:
        return HttpResponse(202, {"results": results})
    all_too_large = all(result["reason"] == Rejection.TOO_LARGE for result in results)
    body = {"error": "all_rejected", "message": "no signal was accepted: see results", "results": results}
    return HttpResponse(413 if all_too_large else 400, body)
