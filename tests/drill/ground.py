"""A platform in memory that a drill can stand on."""

# ruff: noqa: ARG002 - a ground takes what the protocol says
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from signals.drill.ground import Entered, Tell
from signals.drill.rehearsal import Pace
from signals.drill.scenarios import Scenario
from signals.drill.traffic import Answer, Signal

PRIMARY, SECONDARY = "us-west-2", "us-east-1"
QUICK = Pace(
    rate=200,
    before_s=0.1,
    after_s=0.05,
    detect_s=1.0,
    stall_s=0.1,
    settle_s=0.2,
    late_s=0.05,
    look_s=0.01,
    gather_s=0.01,
    patience_s=0.3,
    quiet_s=0.05,
)


class MemoryGround:
    """Delivers at once while it is well; what comes in during a fault waits, or is `dropped` until a replay."""

    stack = "memory"
    regions = (PRIMARY, SECONDARY)
    doors: tuple[str, ...] = (PRIMARY, SECONDARY)

    def __init__(self, *, drops: bool = False, twice: bool = False, refuses: bool = False) -> None:
        self.drops, self.twice, self.refuses = drops, twice, refuses
        self.ill = self.moved = False
        self.calls: list[str] = []
        self.copies: list[tuple[str, datetime]] = []
        self.waiting: list[str] = []
        self.archive: list[Entered] = []
        self.on: dict[str, Callable[[], None]] = {}

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.on.get(name, lambda: None)()

    def ready(self) -> None:
        self._call("ready")

    def post(self, door: str, signals: Sequence[Signal]) -> Answer:
        if self.refuses:
            return Answer(frozenset(), door, 503)
        now = datetime.now(UTC)
        for identity in (signal["id"] for signal in signals):
            self.archive.append((identity, now, SECONDARY if self.moved else PRIMARY))
            if self.ill:
                self.waiting.append(identity)
            else:
                self.copies += [(identity, now)] * (2 if self.twice else 1)
        return Answer(frozenset(signal["id"] for signal in signals), door, 202)

    def inject(self, scenario: Scenario) -> None:
        self._call("inject")
        self.ill = True

    def symptom(self, scenario: Scenario, unsettled: int) -> str | None:
        self._call("symptom")
        return "it is ill" if self.ill else None

    def fail_over(self, tell: Tell) -> None:
        self._call("fail_over")
        self.moved = True
        tell("moved")

    def heal(self) -> None:
        self._call("heal")
        self.ill = False
        if not self.drops:
            self._deliver()

    def fail_back(self, tell: Tell) -> None:
        self._call("fail_back")
        self.moved = False
        tell("moved back")

    def redrive(self, tell: Tell) -> int:
        return 0

    def replay(self, start: datetime, end: datetime, tell: Tell) -> None:
        self._call("replay")
        assert start < end
        self._deliver()

    def restore(self) -> None:
        self._call("restore")
        self.ill = self.moved = False

    def lake(self, run_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        return list(self.copies)

    def archived(self, run_id: str, since: datetime) -> Mapping[str, Sequence[Entered] | None]:
        return {PRIMARY: None, SECONDARY: self.archive}

    def notes(self) -> tuple[str, ...]:
        return ("in memory",)

    def _deliver(self) -> None:
        self.copies += [(identity, datetime.now(UTC)) for identity in self.waiting]
        self.waiting.clear()
