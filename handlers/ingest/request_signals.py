"""The signals in a request's body, each parsed and written again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.ingest.http import BATCH, ONE, HttpRequest, RefusedRequestError
from handlers.ingest.lossless_json import BadJsonError, is_faithful, parse, refuse_ambiguity
from handlers.shared.compact_json import write

MAX_SIGNALS = 500


def read(request: HttpRequest) -> tuple[list[Any], list[bytes | None]]:
    """The signals of a request, parsed and written compactly; one nested too deeply to be written is None.

    Raises:
        RefusedRequestError: With 400, 413 or 415.
    """
    media_type = request.media_type()
    body = request.body_bytes()
    try:
        parsed = parse(body)
        signals = parsed if type(parsed) is list else [parsed]
        if media_type in (ONE, BATCH) and (media_type == BATCH) != (parsed is signals):
            raise RefusedRequestError(400, "wrong_shape", f"{ONE} is one JSON object, {BATCH} an array of them")
        if not signals:
            raise RefusedRequestError(400, "no_signals", "the batch is empty")
        if len(signals) > MAX_SIGNALS:
            raise RefusedRequestError(413, "too_many_signals", f"send at most {MAX_SIGNALS} signals in a request")
        written = [write_or_none(signal) for signal in signals]
        if None in written or not is_faithful(body, _joined(written, is_array=parsed is signals)):
            refuse_ambiguity(body)
    except BadJsonError as error:
        raise RefusedRequestError(400, "invalid_json", str(error)) from None
    return signals, written


def write_or_none(signal: Any) -> bytes | None:
    """A signal as compact JSON; None if it is nested too deeply."""
    try:
        return write(signal)
    except TypeError:
        return None


def _joined(written: Sequence[bytes | None], *, is_array: bool) -> bytes:
    joined = b",".join(written)  # type: ignore[arg-type]  # the caller has seen that there is no None
    return b"[%b]" % joined if is_array else joined
