"""Browser, system and device by their names, from a User-Agent header."""

from __future__ import annotations

from functools import lru_cache

import ua_parser

Attributes = tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def describe(user_agent: str) -> Attributes:
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
