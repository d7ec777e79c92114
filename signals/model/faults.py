"""Faults and when they occur, as data."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class FaultKind(StrEnum):
    """What may fail in a Region."""

    EVENTBRIDGE = "eventbridge"  # PutEvents fails and nothing is delivered
    STALLED = "stalled"  # PutEvents succeeds, but nothing is delivered until it ends
    API = "api"  # API Gateway or the ingest function does not answer
    SQS = "sqs"  # queues neither take messages nor hand them out
    FUNCTION_ERRORS = "function-errors"  # the function raises
    THROTTLED = "throttled"  # the function has no concurrency left: 429
    LAMBDA_API = "lambda-api"  # Lambda itself is down: it neither takes an invocation nor makes one
    REPLICATION = "replication"  # no copy leaves this Region
    LAKE = "lake"  # Firehose is throttled
    PARTIAL = "partial"  # entries of a PutEvents request fail, each with this rate
    DUPLICATES = "duplicates"  # a target is invoked twice
    BUS_MISSING = "bus-missing"  # the ingress bus was deleted
    INVERTED = "inverted"  # the health check is inverted: a drill's failover
    REPLAY = "replay"  # a replay of this Region's archive ends FAILED


# What may fail for one function alone.
OF_FUNCTIONS = (FaultKind.FUNCTION_ERRORS, FaultKind.THROTTLED, FaultKind.LAMBDA_API)


@dataclass(frozen=True)
class Fault:
    """One fault for a time.

    Args:
        kind: What.
        region: Where.
        start_s: From when.
        end_s: Until when.
        rate: Share of the calls that fail.
        of: For functions, the folder in handlers/; None: every function.
    """

    kind: FaultKind
    region: str
    start_s: float
    end_s: float
    rate: float = 1.0
    of: str | None = None

    @property
    def thing(self) -> str:
        """What fails, in words: `sqs us-east-1`, `throttled us-west-2 of enrichment`."""
        return f"{self.kind} {self.region}" + (f" of {self.of}" if self.of else "")


class FaultSchedule:
    """Answers which faults are active at a time."""

    def __init__(self, schedule: Sequence[Fault], rng: Random) -> None:
        self.schedule = tuple(schedule)
        self._rng = rng
        self._by_kind: dict[tuple[FaultKind, str], list[Fault]] = {}
        for fault in schedule:
            self._by_kind.setdefault((fault.kind, fault.region), []).append(fault)
        self.boundaries = sorted({t for f in schedule for t in (f.start_s, f.end_s)})

    def hits(self, kind: FaultKind, region: str, now_s: float, of: str | None = None) -> bool:
        """Whether a call made now fails."""
        return any(
            fault.start_s <= now_s < fault.end_s
            and fault.of in (None, of)
            and (fault.rate >= 1 or self._rng.random() < fault.rate)
            for fault in self._by_kind.get((kind, region), ())
        )

    def always(self, kind: FaultKind, region: str, now_s: float, of: str | None = None) -> bool:
        """Whether every call made now fails."""
        faults = self._by_kind.get((kind, region), ())
        return any(f.start_s <= now_s < f.end_s and f.of in (None, of) and f.rate >= 1 for f in faults)

    def failing(self, start_s: float, end_s: float) -> tuple[str, ...]:
        """What was failing at any time from one moment to another, both included (s)."""
        faults = [fault for fault in self.schedule if fault.start_s <= end_s and start_s <= fault.end_s]
        return tuple(sorted({fault.thing for fault in faults}))

    def end(self, kinds: Sequence[FaultKind], region: str, now_s: float) -> float:
        """When the last of these faults has ended (s); now, if none is active."""
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
        """Whether the same call has the same result until the next change."""
        return all(f.rate >= 1 for f in self.schedule if f.start_s <= now_s < f.end_s)
