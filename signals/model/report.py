"""What a drill or a run of the model found: a timeline, traffic over time, and the verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

MomentKind = Literal["step", "fault", "detected", "routed", "healed", "recovery", "end"]
Role = Literal["primary", "secondary", "good", "bad", "again"]


@dataclass(frozen=True)
class Moment:
    """Something that happened, `seconds` after the traffic (in the model: the outage) began."""

    seconds: float
    text: str
    kind: MomentKind = "step"


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
class DrillVerdict:
    """What became of the signals.

    Args:
        sent: Signals that clients made.
        acknowledged: Signals that a client got a 2xx for; for the others it was told to send again, to the end.
        delivered: Acknowledged signals in the lake.
        duplicates: Copies in the lake beyond the first of a signal.
        archived: By Region, acknowledged signals in its archive; None where they cannot be counted by id.
        seconds_to_detect: From the fault to its detection.
        seconds_to_route: From the decision to use the other Region to signals arriving there.
        seconds_to_recover: From the end of the last outage until the last signal of it was in the lake.
        undelivered: By consumer, the lake among them, acknowledged signals that it should have and does not (model).
        lost_to: Signals that the lake or another consumer misses, by what was failing, together, when their copies
            were dropped (model).
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
    seconds_to_recover: float | None = None
    undelivered: Mapping[str, int] = field(default_factory=dict)
    lost_to: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Signals that were acknowledged and are not in the lake."""
        return self.acknowledged - self.delivered

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "lost": self.lost}


@dataclass(frozen=True)
class DrillReport:
    """A drill.

    Args:
        stack: The stack's name.
        scenario: What was rehearsed.
        about: The same in a sentence.
        began: When the traffic began; None in the model.
        duration_s: How long it all took.
        bucket_s: Width of a lane's bucket (s).
        outage: When the fault began and ended (s).
    """

    stack: str
    scenario: str
    about: str
    began: datetime | None
    duration_s: float
    moments: tuple[Moment, ...]
    lanes: tuple[Lane, ...]
    verdict: DrillVerdict
    bucket_s: float = 1.0
    outage: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "began": self.began and self.began.isoformat(timespec="seconds"),
            "verdict": self.verdict.as_json(),
        }


def buckets(times: Iterable[float], *, bucket_s: float, duration_s: float) -> tuple[int, ...]:
    """How many of the times (s) fall into each bucket; those before or after count in the first or the last."""
    counts = [0] * max(1, int(duration_s / bucket_s) + 1)
    for at in times:
        counts[min(max(int(at / bucket_s), 0), len(counts) - 1)] += 1
    return tuple(counts)


def offset(seconds: float) -> str:
    """A time on the timeline: `+0:07`, `+30:00:00`."""
    sign, whole = ("-" if seconds < 0 else "+"), round(abs(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{sign}{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{sign}{minutes}:{whole % 60:02}"
