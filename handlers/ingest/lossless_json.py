"""Reading a body of JSON so that nothing in it changes silently."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson


class BadJsonError(ValueError):
    """The body is not JSON that can be passed on unchanged."""


def parse(body: bytes) -> Any:
    """Parse a body (UTF-8).

    Raises:
        BadJsonError: Saying what and where.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadJsonError(f"the body is not JSON: {error}") from None


# A number with an exponent, before what may follow a number.
_EXPONENT = re.compile(rb"e[+-]?\d+(?:[,}\]]|\Z)")


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

    Slow: for bodies of which `is_faithful` cannot tell.

    Raises:
        BadJsonError: Naming what is ambiguous.
    """
    try:
        json.loads(body, object_pairs_hook=_no_name_twice, parse_int=_whole_number, parse_constant=_constant)
    except RecursionError:
        raise BadJsonError("the body is nested too deeply") from None


def _no_name_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadJsonError(f"the name {twice[:64]!r} appears twice in one object")


def _whole_number(digits: str) -> None:
    # 20 digits are the most that 64 bits have; Python refuses to convert very long ones.
    if len(digits) > 18 and (len(digits) > 20 or not -(2**63) <= int(digits) < 2**64):
        raise BadJsonError(f"the number {digits[:24]} does not fit 64 bits: send it as a string")


def _constant(name: str) -> NoReturn:
    raise BadJsonError(f"{name} is not JSON")
