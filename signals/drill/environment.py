"""What a drill needs of a stack: entry points, the fault, failover, recovery, and where signals are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from signals.drill.traffic import Answer, Signal
from signals.model.scenarios import Scenario

Notify = Callable[[str], None]


class ArchivedSignal(NamedTuple):
    """A signal in an archive: its id, when it entered a bus (UTC), and that bus's Region."""

    id: str
    at: datetime
    region: str


class DrillEnvironment(Protocol):
    """A stack that can be drilled; `tests/drill` has one in memory."""

    stack: str
    regions: tuple[str, str]
    entry_points: tuple[str, ...]

    def check_ready(self) -> None:
        """Raise Failed, saying what to do, unless the stack is healthy and nobody else drills it."""

    def post(self, entry_point: str, signals: Sequence[Signal]) -> Answer:
        """Send signals once."""

    def inject(self, scenario: Scenario) -> None:
        """Inject the scenario's fault."""

    def symptom(self, scenario: Scenario, late: int) -> str | None:
        """What shows the fault, in words, or None; `late` signals are not in the lake in time."""

    def fail_over(self, notify: Notify) -> None:
        """Fail over; return when signals go to the secondary."""

    def clear_fault(self) -> None:
        """Remove the fault."""

    def fail_back(self, notify: Notify) -> None:
        """Undo the failover; return when signals go to the primary."""

    def redrive(self, notify: Notify) -> None:
        """Redrive the failure queues."""

    def replay(self, start: datetime, end: datetime, notify: Notify) -> None:
        """Replay the window from the secondary's archive into the primary."""

    def restore(self) -> None:
        """Leave no fault and no failover, whatever happened before. Raise Failed if that did not succeed."""

    def lake(self, run_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        """The id of every copy of this drill's signals in the lake, and when it arrived."""

    def archived(self, run_id: str, since: datetime) -> Mapping[str, Sequence[ArchivedSignal] | None]:
        """By Region, this drill's signals in its archive; None where they cannot be counted."""

    def notes(self) -> tuple[str, ...]:
        """What the numbers do not show here."""
