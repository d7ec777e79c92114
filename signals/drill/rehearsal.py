"""The course of a drill: traffic, fault, detection, failover, recovery, replay, and the count. It always restores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

from signals.drill.counting import Outcome
from signals.drill.ground import Entered, Ground
from signals.drill.interruption import terminable, undisturbed
from signals.drill.report import Kind, Moment, Report
from signals.drill.scenarios import Scenario
from signals.drill.traffic import Traffic


@dataclass(frozen=True)
class Pace:
    """How a drill spends its time, in seconds; `rate` is signals a second at each way in."""

    rate: float = 12.0
    before_s: float = 6.0
    after_s: float = 5.0
    detect_s: float = 20.0
    stall_s: float = 6.0
    settle_s: float = 60.0
    late_s: float = 5.0
    look_s: float = 0.5
    gather_s: float = 0.5
    patience_s: float = 20.0
    quiet_s: float = 3.0


def rehearse(
    ground: Ground,
    scenario: Scenario,
    *,
    pace: Pace | None = None,
    replay: bool = True,
    on_moment: Callable[[Moment], None] = lambda _: None,
) -> Report:
    """Run a drill and count.

    Args:
        ground: The stack.
        scenario: What is to go wrong.
        pace: Rates and times.
        replay: Whether to replay what replication has not delivered.
        on_moment: Told of everything as it happens.

    Raises:
        Failed: When the stack is not well to begin with, does not fail over, or could not be restored.
    """
    ground.ready()
    course = _Course(ground, scenario, pace or Pace(), replay, on_moment)
    with terminable(), ExitStack() as cleaning:
        cleaning.callback(undisturbed, course.restore)
        # Registered second, so done first: nobody sends any more when the stack is restored.
        cleaning.callback(course.traffic.stop, patience_s=0)
        course.run()
    return course.report()


class _Course:
    def __init__(
        self, ground: Ground, scenario: Scenario, pace: Pace, replay: bool, on_moment: Callable[[Moment], None]
    ) -> None:
        self.ground, self.scenario, self.pace, self.replay = ground, scenario, pace, replay
        self.traffic = Traffic(ground.doors, ground.post, rate=pace.rate, gather_s=pace.gather_s)
        self.moments: list[Moment] = []
        self.outage = (0.0, 0.0)
        self.detect_s: float | None = None
        self.route_s: float | None = None
        self._on_moment = on_moment

    def run(self) -> None:
        ground, pace = self.ground, self.pace
        self.traffic.start()
        self.say(f"{len(ground.doors)} clients send {pace.rate * len(ground.doors):.0f} signals a second")
        time.sleep(pace.before_s)
        began = self.traffic.seconds
        if self.scenario.faults:
            ground.inject(self.scenario)
            self.say(self.scenario.about, "fault")
            self._detect(began)
        if self.scenario.fails_over:
            asked = self.traffic.seconds
            self.say("failover is asked for")
            ground.fail_over(self.say)
            self.route_s = self.traffic.seconds - asked
            self.say(f"{ground.regions[1]} takes signals in", "routed")
        elif self.scenario.symptom == "api":
            self._routed_by_itself(began)
        time.sleep(max(0.0, self.scenario.outage_s - (self.traffic.seconds - began)))
        ground.heal()
        self.outage = (began, self.traffic.seconds)
        if self.scenario.faults:
            self.say("the fault is healed", "healed")
        if self.scenario.fails_over:
            ground.fail_back(self.say)
            self.say(f"{ground.regions[0]} takes signals in again", "routed")
        time.sleep(pace.after_s)
        self.traffic.stop(patience_s=pace.patience_s)
        self.say("the clients stop")
        self._recover()
        self._quiet()
        self.say("nothing more comes: everything is counted", "end")

    def restore(self) -> None:
        self.ground.restore()
        self.say("the stack is as it was")

    def say(self, text: str, kind: Kind = "step") -> None:
        if not text or (self.moments and self.moments[-1].text == text):
            return
        moment = Moment(self.traffic.seconds, text, kind)
        self.moments.append(moment)
        self._on_moment(moment)

    def _detect(self, began: float) -> None:
        while self.traffic.seconds - began < self.pace.detect_s:
            now = self.traffic.seconds
            old = {i for i, (at, _) in self.traffic.acknowledged().items() if at < now - self.pace.late_s}
            late = len(old - self._in_lake()) if self.scenario.symptom == "lake" else 0
            seen = self.ground.symptom(self.scenario, late)
            if seen:
                self.detect_s = self.traffic.seconds - began
                self.say(f"noticed: {seen}", "detected")
                return
            time.sleep(self.pace.look_s)
        self.say(f"nobody noticed within {self.pace.detect_s:.0f} s", "detected")

    def _routed_by_itself(self, began: float) -> None:
        """Wait until a client of the primary's API is answered by the secondary's."""
        first, other = self.ground.doors[0], self.ground.regions[1]
        while self.traffic.seconds - began < self.pace.detect_s:
            answered = [
                at for i, (at, by) in self.traffic.acknowledged().items() if at > began and by == other and first in i
            ]
            if answered:
                self.route_s = min(answered) - began
                self.say(f"clients of {first} are answered by {other}", "routed")
                return
            time.sleep(self.pace.look_s)

    def _recover(self) -> None:
        """Send back what failed, wait for what is on its way, and replay what does not come."""
        self.ground.redrive(self._recovery)
        missing = self._settle(self.pace.stall_s)
        if missing and self.replay and self.scenario.fails_over:
            self._recovery(f"{len(missing)} signals do not come by themselves: the secondary's archive has them")
            start, end = (self.traffic.began + timedelta(seconds=second) for second in self.outage)
            self.ground.replay(start, end, self._recovery)
            missing = self._settle(self.pace.settle_s)
        elif missing and not self.scenario.fails_over:
            missing = self._settle(self.pace.settle_s)
        elif not missing and self.scenario.fails_over:
            self._recovery("replication has delivered all of it: no replay is needed")
        if missing:
            # What a retry buried meanwhile.
            self.ground.redrive(self._recovery)
            self._settle(self.pace.stall_s)

    def _recovery(self, text: str) -> None:
        self.say(text, "recovery")

    def _settle(self, stalled_s: float) -> set[str]:
        """What is acknowledged and not in the lake, once that is nothing or has not shrunk for so long (s)."""
        wanted = self.traffic.acknowledged().keys()
        last, since = len(wanted) + 1, time.monotonic()
        while missing := wanted - self._in_lake():
            if len(missing) < last:
                last, since = len(missing), time.monotonic()
            if time.monotonic() - since >= stalled_s:
                break
            time.sleep(self.pace.look_s)
        return set(missing)

    def _quiet(self) -> None:
        """Wait for the last copies: what is replayed comes for the second time too."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < self.pace.quiet_s:
            time.sleep(self.pace.look_s)
            found = len(self.ground.lake(self.traffic.run_id, self.traffic.began))
            if found != count:
                count, since = found, time.monotonic()

    def _in_lake(self) -> set[str]:
        return {identity for identity, _ in self.ground.lake(self.traffic.run_id, self.traffic.began)}

    def report(self) -> Report:
        found = Outcome(self.traffic, self.ground.lake(self.traffic.run_id, self.traffic.began), self.archived())
        duration_s = self.moments[-1].seconds
        return Report(
            stack=self.ground.stack,
            scenario=self.scenario.name,
            about=self.scenario.about,
            began=self.traffic.began,
            duration_s=duration_s,
            moments=tuple(self.moments),
            lanes=found.lanes(self.ground.regions, duration_s),
            verdict=replace(
                found.verdict(),
                seconds_to_detect=self.detect_s,
                seconds_to_route=self.route_s,
                notes=self.ground.notes(),
            ),
            outage=self.outage,
        )

    def archived(self) -> Mapping[str, Sequence[Entered] | None]:
        return self.ground.archived(self.traffic.run_id, self.traffic.began)
