"""Outages with a name, as the real drill has them: which faults each is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from signals.model.faults import Fault, Kind

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def _in_primary(*kinds: Kind, of: str | None = None) -> Callable[[str, str, float, float], list[Fault]]:
    return lambda primary, _, start_s, end_s: [Fault(kind, primary, start_s, end_s, of=of) for kind in kinds]


# (primary, secondary, start in s, end in s) -> faults
SCENARIOS: Mapping[str, Callable[[str, str, float, float], list[Fault]]] = {
    "eventbridge": _in_primary(Kind.EVENTBRIDGE),
    "stalled": _in_primary(Kind.STALLED),
    "region": _in_primary(Kind.EVENTBRIDGE, Kind.API, Kind.SQS),
    "api": _in_primary(Kind.API),
    "enrichment": _in_primary(Kind.FUNCTION_ERRORS, of="enrichment"),
    "lake": _in_primary(Kind.LAKE),
    "inverted": _in_primary(Kind.INVERTED),
    "replication": lambda primary, secondary, start_s, end_s: [
        Fault(Kind.REPLICATION, region, start_s, end_s) for region in (primary, secondary)
    ],
}


def seconds(duration: str) -> float:
    """A duration like `90s`, `45m`, `30h` or `35d`, in seconds.

    Raises:
        ValueError: It is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", duration.strip())
    if not match:
        raise ValueError(f"{duration!r} is no duration: write 90s, 45m, 30h or 35d")
    return float(match[1]) * _UNITS[match[2]]
