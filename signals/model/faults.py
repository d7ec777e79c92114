"""What goes wrong and when, as data: a schedule of faults."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What may be ill in a Region."""

    EVENTBRIDGE = "eventbridge"  # PutEvents fails and nothing is passed on
    STALLED = "stalled"  # PutEvents succeeds, but nothing is passed on until it ends
    API = "api"  # API Gateway or the ingest function does not answer
    SQS = "sqs"  # queues take nothing
    FUNCTION_ERRORS = "function-errors"  # the function raises
    THROTTLED = "throttled"  # Lambda answers an asynchronous invocation with 429
    HAND_OVER = "hand-over"  # EventBridge cannot reach the Lambda API
    REPLICATION = "replication"  # no copy leaves this Region
    LAKE = "lake"  # Firehose is throttled
    PARTIAL = "partial"  # entries of a PutEvents request fail, each with this rate
    DUPLICATES = "duplicates"  # a target is invoked twice
    BUS_MISSING = "bus-missing"  # the ingress bus was deleted
    INVERTED = "inverted"  # somebody has inverted the health check: a drill's failover


@dataclass(frozen=True)
class Fault:
    """One thing that is ill for a time.

    Args:
        kind: What.
        region: Where.
        start_s: From when.
        end_s: Until when.
        rate: Share of the calls that it hits.
        of: For functions, the folder in handlers/; none: every function.
    """

    kind: Kind
    region: str
    start_s: float
    end_s: float
    rate: float = 1.0
    of: str | None = None


class Faults:
    """A schedule of faults, asked as time goes by."""

    def __init__(self, schedule: Sequence[Fault], rng: Random) -> None:
        self.schedule = tuple(schedule)
        self._rng = rng
        self._by_kind: dict[tuple[Kind, str], list[Fault]] = {}
        for fault in schedule:
            self._by_kind.setdefault((fault.kind, fault.region), []).append(fault)
        self.boundaries = sorted({t for f in schedule for t in (f.start_s, f.end_s)})

    def hits(self, kind: Kind, region: str, now_s: float, of: str | None = None) -> bool:
        """Whether a call made now is hit."""
        return any(
            fault.start_s <= now_s < fault.end_s
            and fault.of in (None, of)
            and (fault.rate >= 1 or self._rng.random() < fault.rate)
            for fault in self._by_kind.get((kind, region), ())
        )

    def end(self, kinds: Sequence[Kind], region: str, now_s: float) -> float:
        """When none of these faults is there any more (s); now, if none is."""
        end_s = now_s
        faults = [fault for kind in kinds for fault in self._by_kind.get((kind, region), ())]
        while later := [f.end_s for f in faults if f.start_s <= end_s < f.end_s]:
            end_s = max(later)
        return end_s

    def next_change(self, now_s: float) -> float:
        """When the next fault begins or ends (s); infinity if none does."""
        index = bisect_right(self.boundaries, now_s)
        return self.boundaries[index] if index < len(self.boundaries) else float("inf")

    def certain(self, now_s: float) -> bool:
        """Whether the same call would fare the same until the next change."""
        return all(f.rate >= 1 for f in self.schedule if f.start_s <= now_s < f.end_s)
