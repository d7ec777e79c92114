"""What a run of the model says: a timeline and a verdict, as plain data and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from signals.model.clock import HOUR_S

# AWS's own figures for a global endpoint with the prescriptive alarm (s).
RTO_EXPECTED_S, RTO_MAXIMUM_S = 360, 420


@dataclass(frozen=True)
class Step:
    """A moment of the timeline: seconds from the start of the outage (before it: negative), and what happened."""

    at_s: float
    kind: str
    text: str


@dataclass(frozen=True)
class Report:
    """The verdict on an outage.

    Args:
        stack: The stack.
        scenario: What failed.
        outage_s: For how long (s).
        signals_per_day: Load of the real platform.
        weight: How many signals each signal of the model stands for.
        seed: Of what was left to chance.
        acknowledged: Signals that a client was told are accepted.
        delivered: Of those, the ones in the lake.
        duplicates: Further copies in the lake.
        lost: Acknowledged and not in the lake.
        not_acknowledged: Answers that made a client send again, in signals.
        detected_s: From the outage to the alarm (s); None if there was none.
        routed_s: From the outage until the endpoint sent to the secondary (s).
        returned_s: From the outage's end until it sent to the primary again (s).
        complete_s: From the outage's end until all that was acknowledged before it was in the lake (s).
        lost_by: How many of the lost ones for which reason; "waiting in …": they can still be brought back.
        observed: What else could be seen, counted.
        timeline: What happened.
        operator: What somebody had to do.
        assumptions: What AWS does not document and the model takes for granted.
    """

    stack: str
    scenario: str
    outage_s: float
    signals_per_day: float
    weight: float
    seed: int
    acknowledged: int
    delivered: int
    duplicates: int
    lost: int
    not_acknowledged: int
    detected_s: float | None
    routed_s: float | None
    returned_s: float | None
    complete_s: float | None
    lost_by: Mapping[str, int]
    observed: Mapping[str, int]
    timeline: tuple[Step, ...]
    operator: tuple[str, ...]
    assumptions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)

    def to_text(self) -> str:
        """The report for a person."""
        lines = [
            f"{self.scenario} in {self.stack} for {self.outage_s / HOUR_S:g} h",
            f"{self.signals_per_day:,.0f} signals a day, one in {self.weight:,.0f} in the model; seed {self.seed}",
            "",
            *(f"{_clock(step.at_s):>12}  {step.text}" for step in self.timeline),
            "",
            f"acknowledged  {self.acknowledged:>15,}",
            f"delivered     {self.delivered:>15,}",
            f"duplicates    {self.duplicates:>15,}",
            f"lost          {self.lost:>15,}",
            *(f"              {count:>15,}  {why}" for why, count in self.lost_by.items()),
            f"sent again    {self.not_acknowledged:>15,}  by clients that were not told yes at once",
            f"detected      {_seconds(self.detected_s)}",
            f"routed        {_seconds(self.routed_s)}  (AWS: {RTO_EXPECTED_S} s expected, {RTO_MAXIMUM_S} s at most)",
            f"returned      {_seconds(self.returned_s)}  after the outage's end",
            f"complete      {_seconds(self.complete_s)}  after the outage's end, in the lake",
            "",
            "What an operator had to do:",
            *(f"  {number}. {step}" for number, step in enumerate(self.operator or ("nothing",), 1)),
            "Taken for granted, because AWS does not document it:",
            *(f"  - {assumption}" for assumption in self.assumptions),
        ]
        return "\n".join(lines)


def _clock(at_s: float) -> str:
    sign, at = ("-" if at_s < 0 else "+"), round(abs(at_s))
    return f"{sign}{at // 3600}:{at // 60 % 60:02}:{at % 60:02}"


def _seconds(value: float | None) -> str:
    return f"{'-' if value is None else f'{value:,.0f} s':>15}"
