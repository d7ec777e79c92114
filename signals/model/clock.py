"""Virtual time, which jumps from one scheduled call to the next, and durations on the command line."""

import heapq
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

from signals.errors import Misuse

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PART = r"(\d+(?:\.\d+)?)([smhd])"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class VirtualClock:
    """Seconds since the start, and the calls that are scheduled."""

    def __init__(self) -> None:
        self.now = 0.0
        self._pending: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    def at(self, when_s: float, do: Callable[[], object]) -> None:
        """Schedule a call for a time (s), or for now if that is past."""
        heapq.heappush(self._pending, (max(when_s, self.now), next(self._order), do))

    def after(self, delay_s: float, do: Callable[[], object]) -> None:
        self.at(self.now + delay_s, do)

    def run(self, until_s: float = float("inf")) -> None:
        """Run the scheduled calls up to a time (s), or until none is left."""
        while self._pending and self._pending[0][0] <= until_s:
            self.now, _, do = heapq.heappop(self._pending)
            do()
        if until_s != float("inf"):
            self.now = max(self.now, until_s)

    def moment(self, at_s: float | None = None) -> datetime:
        """A time (s) as a date; by default now."""
        return EPOCH + timedelta(seconds=self.now if at_s is None else at_s)


def parse_duration(text: str) -> timedelta:
    """A duration such as `90s`, `45m`, `1.5h`, `33h20m` or `35d`.

    Raises:
        Misuse: The text is not a duration.
    """
    if re.fullmatch(rf"(?:{_PART})+", text.strip()):
        with suppress(OverflowError):
            return sum((timedelta(**{_UNITS[unit]: float(n)}) for n, unit in re.findall(_PART, text)), timedelta())
    raise Misuse(f"{text!r} is not a duration: write a number and s, m, h or d, for example 90s or 2h")


def parse_outages(text: str) -> list[tuple[float, float]]:
    """Outages such as `0h-30h,33h-33h20m`: from when to when, counted from the beginning of the first (s).

    Raises:
        Misuse: The text is no such list, or the outages are not in order and apart.
    """
    found: list[tuple[float, float]] = []
    for piece in text.split(","):
        start, dash, end = piece.strip().partition("-")
        if not dash:
            raise Misuse(f"{piece!r} is not an outage: write from when to when, for example 0h-30h,33h-33h20m")
        found.append((parse_duration(start).total_seconds(), parse_duration(end).total_seconds()))
        if found[-1][0] >= found[-1][1] or found[-1][0] < (found[-2][1] if len(found) > 1 else 0):
            raise Misuse(f"{piece!r} ends before it begins, or begins before the one before ends: write them in order")
    first = found[0][0]
    return [(start - first, end - first) for start, end in found]
