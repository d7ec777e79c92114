"""A platform in memory that can be drilled."""

# ruff: noqa: ARG002 - arguments are `DeployedEnvironment`'s
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from signals.drill.deployed import ArchivedSignal, Notify
from signals.drill.rehearsal import DrillTiming
from signals.drill.traffic import Answer
from signals.model.scenarios import Scenario
from signals.observe.inputs import Signal

PRIMARY, SECONDARY = "us-west-2", "us-east-1"
QUICK = DrillTiming(
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
    follow_s=0.3,
)


class MemoryEnvironment:
    """Delivers at once while it is healthy; what comes in during a fault waits, with `drops` until a replay."""

    stack = "memory"
    regions = (PRIMARY, SECONDARY)
    entry_points: tuple[str, ...] = (PRIMARY, SECONDARY)

    def __init__(
        self, *, drops: bool = False, twice: bool = False, refuses: bool = False, keeps_connections_s: float = 0
    ) -> None:
        self.drops, self.twice, self.refuses = drops, twice, refuses
        self.keeps_connections_s, self.moved_at = keeps_connections_s, 0.0
        self.faulty = self.moved = False
        self.calls: list[str] = []
        self.copies: list[tuple[str, datetime]] = []
        self.waiting: list[str] = []
        self.archive: list[ArchivedSignal] = []
        self.on: dict[str, Callable[[], None]] = {}

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.on.get(name, lambda: None)()

    def check_ready(self) -> None:
        self._call("check_ready")

    def post(self, entry_point: str, signals: Sequence[Signal]) -> Answer:
        if self.refuses:
            return Answer(frozenset(), entry_point)
        now = datetime.now(UTC)
        follows = time.monotonic() - self.moved_at >= self.keeps_connections_s
        for identity in (signal["id"] for signal in signals):
            self.archive.append(ArchivedSignal(identity, now, SECONDARY if self.moved and follows else PRIMARY))
            if self.faulty:
                self.waiting.append(identity)
            else:
                self.copies += [(identity, now)] * (2 if self.twice else 1)
        return Answer(frozenset(signal["id"] for signal in signals), entry_point)

    def inject(self, scenario: Scenario) -> None:
        self._call("inject")
        self.faulty = True

    def symptom(self, scenario: Scenario, late: int) -> str | None:
        self._call("symptom")
        return "it is faulty" if self.faulty else None

    def fail_over(self, notify: Notify) -> None:
        self._call("fail_over")
        self.moved, self.moved_at = True, time.monotonic()
        notify("moved")

    def clear_fault(self) -> None:
        self._call("clear_fault")
        self.faulty = False
        if not self.drops:
            self._deliver()

    def fail_back(self, notify: Notify) -> None:
        self._call("fail_back")
        self.moved = False
        notify("moved back")

    def redrive(self, notify: Notify) -> None:
        """Nothing fails on the way."""

    def replay(self, start: datetime, end: datetime, notify: Notify) -> None:
        self._call("replay")
        assert start < end
        self._deliver()

    def restore(self) -> None:
        self._call("restore")
        self.faulty = self.moved = False

    def lake(self, run_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        return list(self.copies)

    def archived(self, run_id: str) -> Mapping[str, Sequence[ArchivedSignal] | None]:
        return {PRIMARY: None, SECONDARY: self.archive}

    def notes(self) -> tuple[str, ...]:
        return ("in memory",)

    def _deliver(self) -> None:
        self.copies += [(identity, datetime.now(UTC)) for identity in self.waiting]
        self.waiting.clear()
