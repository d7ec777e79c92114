"""A drill step by step: traffic, fault, detection, failover, recovery, replay, and the count. It always restores."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from handlers.shared.connections import OLDEST_S
from signals.drill.deployed import DeployedEnvironment
from signals.drill.interruption import terminable, uninterrupted
from signals.drill.traffic import Traffic
from signals.errors import Failed
from signals.model.report import DrillReport, Moment, MomentKind
from signals.model.scenarios import Scenario

_MISSING_SHOWN = 20


@dataclass(frozen=True)
class DrillTiming:
    """How long a drill waits for what (s)."""

    rate: float = 12.0  # signals a second at each entry point
    before_s: float = 6.0  # traffic before the fault
    after_s: float = 5.0  # traffic after it
    detect_s: float = 20.0  # longest time to detection
    stall_s: float = 6.0  # signals that have not arrived for so long do not arrive by themselves
    settle_s: float = 60.0  # the same after a replay
    late_s: float = 5.0  # a signal that is not in the lake so long after its acknowledgement is late
    look_s: float = 0.5  # pause between two looks at the stack
    gather_s: float = 0.5  # pause between two requests of a client
    patience_s: float = 20.0  # how long clients go on sending what is not acknowledged
    quiet_s: float = 3.0  # no copy for so long: there are no more
    # Longest time from the failover until signals go there: functions keep their connections for up to a minute.
    follow_s: float = OLDEST_S + 15.0


def rehearse(
    environment: DeployedEnvironment,
    scenario: Scenario,
    *,
    timing: DrillTiming | None = None,
    replay: bool = True,
    on_moment: Callable[[Moment], None] = lambda _: None,
) -> DrillReport:
    """Run a drill and count its signals.

    Args:
        environment: The stack.
        scenario: The fault.
        timing: Rate and times.
        replay: Whether to replay what replication has not delivered.
        on_moment: Called with everything that happens.

    Raises:
        Failed: The stack is not healthy to begin with, does not fail over, signals do not follow, or it could not be
            restored.
    """
    environment.check_ready()
    drill = _Drill(environment, scenario, timing or DrillTiming(), replay, on_moment)
    with terminable(), ExitStack() as cleaning:
        cleaning.callback(uninterrupted, drill.restore)
        # Registered second, so called first: nobody sends any more when the stack is restored.
        cleaning.callback(drill.traffic.stop, patience_s=0)
        drill.run()
    return drill.report()


@dataclass
class _Drill:
    environment: DeployedEnvironment
    scenario: Scenario
    timing: DrillTiming
    replay: bool
    on_moment: Callable[[Moment], None]
    outage: tuple[float, float] = (0.0, 0.0)
    detect_s: float | None = None
    route_s: float | None = None

    def __post_init__(self) -> None:
        entry_points, timing = self.environment.entry_points, self.timing
        self.traffic = Traffic(entry_points, self.environment.post, rate=timing.rate, gather_s=timing.gather_s)
        self.moments = self.traffic.ledger.moments

    def run(self) -> None:
        environment, timing = self.environment, self.timing
        clients = len(environment.entry_points)
        self.traffic.start()
        self.note(f"{clients} clients send {timing.rate * clients:.0f} signals a second")
        time.sleep(timing.before_s)
        began = self.traffic.seconds
        if self.scenario.faults:
            environment.inject(self.scenario)
            self.note(self.scenario.about, "fault")
            self._detect(began)
        if self.scenario.fails_over:
            asked = self.traffic.seconds
            self.note("failover is requested")
            environment.fail_over(self.note)
            self._follow()
            self.route_s = self.traffic.seconds - asked
            self.note(f"{environment.regions[1]} receives the signals", "routed")
        elif self.scenario.symptom == "api":
            self._routed_by_itself(began)
        time.sleep(max(0.0, self.scenario.outage_s - (self.traffic.seconds - began)))
        environment.clear_fault()
        self.outage = (began, self.traffic.seconds)
        if self.scenario.faults:
            self.note("the fault is cleared", "healed")
        if self.scenario.fails_over:
            environment.fail_back(self.note)
            self.note(f"{environment.regions[0]} receives the signals again", "routed")
        time.sleep(timing.after_s)
        self.traffic.stop(patience_s=timing.patience_s)
        self.note("the clients stop")
        self._recover()
        self._wait_for_last_copies()
        self.note("no more copies arrive: everything is counted", "end")

    def restore(self) -> None:
        self.environment.restore()
        self.note("the stack is restored")

    def note(self, text: str, kind: MomentKind = "step") -> None:
        if not text or (self.moments and self.moments[-1].text == text):
            return
        self.traffic.ledger.note(self.traffic.seconds, text, kind)
        self.on_moment(self.moments[-1])

    def _detect(self, began: float) -> None:
        while self.traffic.seconds - began < self.timing.detect_s:
            now = self.traffic.seconds
            old = {i for i, (at, _) in self.traffic.acknowledged().items() if at < now - self.timing.late_s}
            late = len(old - self._in_lake()) if self.scenario.symptom == "lake" else 0
            seen = self.environment.symptom(self.scenario, late)
            if seen:
                self.detect_s = self.traffic.seconds - began
                self.note(f"detected: {seen}", "detected")
                return
            time.sleep(self.timing.look_s)
        self.note(f"not detected within {self.timing.detect_s:.0f} s", "detected")

    def _follow(self) -> None:
        """Wait until clients' signals enter at the secondary, as far as its archive shows: kept connections delay that.

        Raises:
            Failed: None does.
        """
        environment, since, secondary = self.environment, self.traffic.seconds, self.environment.regions[1]
        while True:
            found = environment.archived(self.traffic.run_id)[secondary]
            if found is None or any(copy.region == secondary for copy in found):
                return
            if self.traffic.seconds - since >= self.timing.follow_s:
                raise Failed(
                    f"{self.timing.follow_s:.0f} s after the endpoint moved to {secondary} no signal arrives there: "
                    f"see which connections the functions keep (handlers/shared/connections.py)"
                )
            time.sleep(self.timing.look_s)

    def _routed_by_itself(self, began: float) -> None:
        """Wait until a client of the primary's API is answered by the secondary's."""
        first, other = self.environment.entry_points[0], self.environment.regions[1]
        while self.traffic.seconds - began < self.timing.detect_s:
            answered = [
                at for i, (at, by) in self.traffic.acknowledged().items() if at > began and by == other and first in i
            ]
            if answered:
                self.route_s = min(answered) - began
                self.note(f"clients of {first} are answered by {other}", "routed")
                return
            time.sleep(self.timing.look_s)

    def _recover(self) -> None:
        """Redrive what failed, wait for what is on its way, and replay what does not arrive."""
        self.environment.redrive(self._recovery)
        missing = self._settle(self.timing.stall_s)
        if missing and self.replay and self.scenario.fails_over:
            self._recovery(f"{len(missing)} signals do not arrive by themselves: they are in the secondary's archive")
            start, end = (self.traffic.began + timedelta(seconds=second) for second in self.outage)
            self.environment.replay(start, end, self._recovery)
            missing = self._settle(self.timing.settle_s)
        elif missing and not self.scenario.fails_over:
            missing = self._settle(self.timing.settle_s)
        elif not missing and self.scenario.fails_over:
            self._recovery("replication has delivered everything: no replay is needed")
        if missing:
            # What went to a failure queue meanwhile.
            self.environment.redrive(self._recovery)
            self._settle(self.timing.stall_s)

    def _recovery(self, text: str) -> None:
        self.note(text, "recovery")

    def _settle(self, stalled_s: float) -> set[str]:
        """What is acknowledged and not in the lake, once that is nothing or has not shrunk for so long (s)."""
        wanted = self.traffic.acknowledged().keys()
        last, since = len(wanted) + 1, time.monotonic()
        while missing := wanted - self._in_lake():
            if len(missing) < last:
                last, since = len(missing), time.monotonic()
            if time.monotonic() - since >= stalled_s:
                break
            time.sleep(self.timing.look_s)
        return set(missing)

    def _wait_for_last_copies(self) -> None:
        """What is replayed may arrive for the second time."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < self.timing.quiet_s:
            time.sleep(self.timing.look_s)
            found = len(self.environment.lake(self.traffic.run_id, self.traffic.began))
            if found != count:
                count, since = found, time.monotonic()

    def _in_lake(self) -> set[str]:
        return {identity for identity, _ in self.environment.lake(self.traffic.run_id, self.traffic.began)}

    def report(self) -> DrillReport:
        """The counts, as the client, the lake and the archives have them."""
        environment, ledger, began = self.environment, self.traffic.ledger, self.traffic.began
        for identity, at in environment.lake(self.traffic.run_id, began):
            ledger.lake[identity].append((at - began).total_seconds())
        archived = environment.archived(self.traffic.run_id)
        # A signal may be in both archives, and twice in one.
        entered = {copy for found in archived.values() if found for copy in found}
        duration_s = self.moments[-1].seconds
        return DrillReport(
            stack=environment.stack,
            scenario=self.scenario.name,
            about=self.scenario.about,
            began=began,
            duration_s=duration_s,
            moments=tuple(self.moments),
            lanes=ledger.lanes(
                [((copy.at - began).total_seconds(), copy.region) for copy in entered],
                environment.regions,
                duration_s,
            ),
            verdict=ledger.verdict(
                archived={
                    region: None if found is None else len({copy.id for copy in found} & ledger.acknowledged.keys())
                    for region, found in archived.items()
                },
                seconds_to_detect=self.detect_s,
                seconds_to_route=self.route_s,
                missing=tuple(sorted(ledger.lost)[:_MISSING_SHOWN]),
                notes=environment.notes(),
            ),
            outage=self.outage,
        )
