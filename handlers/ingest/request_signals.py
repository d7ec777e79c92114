"""The signals in a request's body, each parsed and written again so that nothing in it changes silently."""

import json
import re
from typing import Any

import orjson

from handlers.ingest.http import BATCH, ONE, HttpRequest, RefusedRequestError
from handlers.shared.packing import write

MAX_SIGNALS = 500
# A number with an exponent, before what may follow a number.
_EXPONENT = re.compile(rb"e[+-]?\d+(?:[,}\]]|\Z)")


def read(request: HttpRequest) -> tuple[list[Any], list[bytes | None]]:
    """The signals of a request, parsed and written compactly; one nested too deeply to be written is None.

    Raises:
        RefusedRequestError: With 400, 413 or 415.
    """
    media_type = request.media_type()
    body = request.body_bytes()
    parsed = parse(body)
    signals = parsed if type(parsed) is list else [parsed]
    if media_type in (ONE, BATCH) and (media_type == BATCH) != (parsed is signals):
        raise RefusedRequestError(400, "wrong_shape", f"{ONE} is one JSON object, {BATCH} an array of them")
    if not signals:
        raise RefusedRequestError(400, "no_signals", "the batch is empty")
    if len(signals) > MAX_SIGNALS:
        raise RefusedRequestError(413, "too_many_signals", f"send at most {MAX_SIGNALS} signals in a request")
    written = [write_or_none(signal) for signal in signals]
    complete = [raw for raw in written if raw is not None]
    again = b",".join(complete)
    if len(complete) < len(written) or not is_faithful(body, b"[%b]" % again if parsed is signals else again):
        refuse_ambiguity(body)
    return signals, written


def write_or_none(signal: Any) -> bytes | None:
    """A signal as compact JSON; None if it is nested too deeply."""
    try:
        return write(signal)
    except TypeError:
        return None


def parse(body: bytes) -> Any:
    """Parse a body (UTF-8).

    Raises:
        RefusedRequestError: Saying what and where.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _invalid(f"the body is not JSON: {error}") from None


def is_faithful(body: bytes, written: bytes) -> bool:
    r"""Whether what was parsed, `written` compactly, certainly says all that the body says; False when in doubt.

    The parser keeps the last of two equal names, which loses the other's two quotes; a quote within a string is one
    quote in both, unless the body wrote it as \u0022. It rounds a whole number beyond 64 bits to one with an exponent.
    """
    if body == written:
        return True
    same_strings = body.count(b'"') == written.count(b'"') and b"\\u0022" not in body
    return same_strings and not _EXPONENT.search(written)


def refuse_ambiguity(body: bytes) -> None:
    """Refuse what parses but would not be passed on as sent: a name twice in one object, a number beyond 64 bits.

    Slow: for bodies that `parse` takes, and of which `is_faithful` cannot tell.

    Raises:
        RefusedRequestError: Naming what is ambiguous.
    """
    try:
        json.loads(body, object_pairs_hook=_no_name_twice, parse_int=_whole_number)
    except RecursionError:
        raise _invalid("the body is nested too deeply") from None


def _no_name_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _invalid(f"the name {twice[:64]!r} appears twice in one object")


def _whole_number(digits: str) -> None:
    # 20 digits are the most that 64 bits have; Python refuses to convert very long ones.
    if len(digits) > 18 and (len(digits) > 20 or not -(2**63) <= int(digits) < 2**64):
        raise _invalid(f"the number {digits[:24]} does not fit 64 bits: send it as a string")


def _invalid(message: str) -> RefusedRequestError:
    return RefusedRequestError(400, "invalid_json", message)
