"""What a drill stands on: the ways in, the fault, the way back, and the places where signals are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from signals.drill.scenarios import Scenario
from signals.drill.traffic import Answer, Signal

Tell = Callable[[str], None]
# A signal's id, when (UTC), and the Region whose bus it entered.
Entered = tuple[str, datetime, str]


class Ground(Protocol):
    """A stack that can be drilled; `tests/drill` has one in memory."""

    stack: str
    regions: tuple[str, str]
    doors: tuple[str, ...]

    def ready(self) -> None:
        """Raise Failed, saying what to do, unless everything is well."""

    def post(self, door: str, signals: Sequence[Signal]) -> Answer:
        """Send signals once."""

    def inject(self, scenario: Scenario) -> None:
        """Make it ill."""

    def symptom(self, scenario: Scenario, unsettled: int) -> str | None:
        """What shows the fault, in words; `unsettled` signals have been under way for too long."""

    def fail_over(self, tell: Tell) -> None:
        """Return when signals go to the secondary."""

    def heal(self) -> None:
        """Take the fault away."""

    def fail_back(self, tell: Tell) -> None:
        """Return when the check is as it was."""

    def redrive(self, tell: Tell) -> int:
        """Send back what failed on the way; the number of messages."""

    def replay(self, start: datetime, end: datetime, tell: Tell) -> None:
        """Replay the window from the secondary's archive into the primary."""

    def restore(self) -> None:
        """Whatever happened: no fault, the check as it was. Raise Failed if something is left."""

    def lake(self, run_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        """Every copy in the lake of this drill's signals, with the time it came there."""

    def archived(self, run_id: str, since: datetime) -> Mapping[str, Sequence[Entered] | None]:
        """By Region, this drill's signals in its archive; None where they cannot be told."""

    def notes(self) -> tuple[str, ...]:
        """What the numbers do not say here."""
