"""Durations on the command line."""

from __future__ import annotations

import re
from datetime import timedelta

from signals.errors import Misuse

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """A duration such as `90s`, `45m`, `1.5h` or `35d`.

    Raises:
        Misuse: The text is not a duration.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    try:
        if match:
            return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        pass
    raise Misuse(f"{text!r} is not a duration: write a number and s, m, h or d, for example 90s or 2h")
