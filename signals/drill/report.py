"""What a drill found: a timeline, traffic over time, and the verdict. Renderers and the model share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["step", "fault", "detected", "routed", "healed", "recovery", "end"]
Role = Literal["primary", "secondary", "good", "bad", "again"]


@dataclass(frozen=True)
class Moment:
    """Something that happened, `seconds` after the traffic began."""

    seconds: float
    text: str
    kind: Kind = "step"


@dataclass(frozen=True)
class Part:
    """One of the things that a lane counts: signals in each of its buckets."""

    name: str
    role: Role
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Lane:
    """Traffic over time at one place."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Verdict:
    """What became of the signals.

    Args:
        sent: Signals that clients made.
        acknowledged: Of these, those that a client has a 2xx for; the others it was told to send again, to the end.
        delivered: Acknowledged signals in the lake.
        duplicates: Copies in the lake beyond the first of a signal.
        archived: By Region, acknowledged signals in its archive; None where they cannot be counted by id.
        seconds_to_detect: From the fault to its being noticed.
        seconds_to_route: From asking for another way to signals taking it.
        missing: Ids of lost signals, the first twenty.
        notes: What the numbers do not say.
    """

    sent: int
    acknowledged: int
    delivered: int
    duplicates: int
    archived: Mapping[str, int | None] = field(default_factory=dict)
    seconds_to_detect: float | None = None
    seconds_to_route: float | None = None
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Acknowledged, and not in the lake."""
        return self.acknowledged - self.delivered

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "lost": self.lost}


@dataclass(frozen=True)
class Report:
    """A drill.

    Args:
        stack: The stack's name.
        scenario: What was rehearsed.
        about: The same in a sentence.
        began: When the traffic began; None in the model.
        duration_s: How long it all took.
        bucket_s: Width of a lane's bucket (s).
        outage: From when to when something was ill (s).
    """

    stack: str
    scenario: str
    about: str
    began: datetime | None
    duration_s: float
    moments: tuple[Moment, ...]
    lanes: tuple[Lane, ...]
    verdict: Verdict
    bucket_s: float = 1.0
    outage: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "began": self.began and self.began.isoformat(timespec="seconds"),
            "verdict": self.verdict.as_json(),
        }


def buckets(times: Iterable[float], *, bucket_s: float, duration_s: float) -> tuple[int, ...]:
    """How many of the times (s) fall in each bucket; what lies outside falls in the first or the last."""
    counts = [0] * max(1, int(duration_s / bucket_s) + 1)
    for at in times:
        counts[min(max(int(at / bucket_s), 0), len(counts) - 1)] += 1
    return tuple(counts)
