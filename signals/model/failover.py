"""Where the global endpoint sends, minute by minute.

The health check reads the last complete minutes; when its status changes, the endpoint's clients follow within a
minute. With the prescriptive alarm, five minutes of 60 s, that makes 300 to 420 s from outage to routing: AWS's 360 s
expected and 420 s at most (EventBridge User Guide, "Making applications Regional-fault tolerant"), which include alarm
and health check. That DNS takes the last minute is derived from those numbers.

The heartbeat goes through the platform like any event. Once nothing has changed for longer than the check's periods,
every minute is like the last, and the model skips to the next change: that is how a month takes milliseconds.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from signals.model import alarm
from signals.model.clock import MINUTE_S
from signals.model.faults import FaultKind

if TYPE_CHECKING:
    from signals.model.platform import Platform

ROUTING_S = (0.0, 60.0)
_HEARTBEAT_AT_S = 5.0


class EndpointRouting:
    """The metric, the alarm, the health check and the endpoint's routing."""

    def __init__(self, platform: Platform) -> None:
        self._platform, plan = platform, platform.blueprint.endpoint
        self._plan = plan
        self.active = plan.primary
        self._in_alarm = False
        self.alarm_history: list[tuple[datetime, str]] = []
        self._periods = int(plan.alarm["evaluationPeriods"])
        self._latencies_ms: dict[int, list[float]] = {}
        self._usual_ms: float | None = None
        self._slept_at = 0  # minute
        self._awake_until_s = -1.0
        self._ticking = False
        self._healthy, self._measured_healthy = True, True
        self.wake()

    def unchanged_until(self) -> float:
        """The earliest time at which the routing may change (s)."""
        return self._platform.clock.now + MINUTE_S if self._ticking else float("inf")

    def measured(self, region: str, latency_ms: float) -> None:
        """Record a data point of the latency metric."""
        if region != self._plan.alarm["region"]:
            return
        if not self._ticking:
            if self._usual_ms is not None and latency_ms <= self._plan.alarm["threshold"]:
                return  # the same as the heartbeat's
            self.wake()
        self._latencies_ms.setdefault(int(self._platform.clock.now // MINUTE_S), []).append(latency_ms)

    def wake(self) -> None:
        """Evaluate every minute from now on, until a change made now can have no further effect."""
        now = self._platform.clock.now
        self._stay_awake()
        if self._ticking:
            return
        self._ticking = True
        minute = int(now // MINUTE_S)
        if self._usual_ms is not None:
            begun = now % MINUTE_S > _HEARTBEAT_AT_S
            for slept in range(max(self._slept_at, minute - self._periods - 1), minute + begun):
                self._latencies_ms.setdefault(slept, [self._usual_ms])
        self._platform.clock.at((minute + 1) * MINUTE_S, self._tick)
        if now == 0:
            self._platform.clock.at(_HEARTBEAT_AT_S, self._beat)

    def _stay_awake(self) -> None:
        self._awake_until_s = self._platform.clock.now + (self._periods + 3) * MINUTE_S

    def _tick(self) -> None:
        now = self._platform.clock.now
        minute = round(now / MINUTE_S)
        found = [self._latencies_ms.get(m) for m in range(max(0, minute - self._periods), minute)]
        averages = [fmean(latencies) if latencies else None for latencies in found]
        self._evaluate(averages)
        own = self._platform.capacity.get(self._plan.alarm["region"])
        if own and own.wait_s:
            self._stay_awake()
        if now > self._awake_until_s:
            self._ticking, self._slept_at, self._usual_ms = False, minute, averages[-1]
            self._latencies_ms.clear()
            return
        self._platform.clock.after(_HEARTBEAT_AT_S, self._beat)
        self._platform.clock.after(MINUTE_S, self._tick)

    def _beat(self) -> None:
        for schedule in self._platform.blueprint.schedules:
            if schedule.source is None or schedule.detail_type is None:
                continue
            entry = {"Source": schedule.source, "DetailType": schedule.detail_type, "Detail": "{}"}
            entry["EventBusName"] = schedule.arn.rpartition("/")[2]
            if bus := self._platform.buses.get(schedule.region):
                with suppress(ClientError):  # the next one is due in a minute
                    bus.put_events([entry], schedule.role)

    def _evaluate(self, averages_ms: list[float | None]) -> None:
        platform, plan = self._platform, self._plan
        in_alarm = len(averages_ms) >= self._periods and alarm.is_in_alarm(plan.alarm, averages_ms)
        if in_alarm != self._in_alarm:
            self._in_alarm = in_alarm
            self.alarm_history.append((platform.clock.moment(), "ALARM" if in_alarm else "OK"))
            text = f"the alarm on EventBridge's latency in {plan.primary} is {'ALARM' if in_alarm else 'OK'}"
            platform.ledger.note(platform.clock.now, text, "detected" if in_alarm else "step")

        inverted = platform.faults.hits(FaultKind.INVERTED, plan.primary, platform.clock.now)
        check, last = plan.health_check, self._measured_healthy
        not_inverted = {**check, "invertHealthcheck": False}
        self._measured_healthy = alarm.is_healthy(not_inverted, plan.alarm, averages_ms, last=last)
        healthy = alarm.is_healthy(check, plan.alarm, averages_ms, last=last, inverted=inverted)
        if healthy != self._healthy:
            self._healthy = healthy
            text = f"the health check is {'healthy' if healthy else 'unhealthy'}"
            platform.ledger.note(platform.clock.now, text)
            self._awake_until_s = max(self._awake_until_s, platform.clock.now + 2 * MINUTE_S)
            platform.clock.after(platform.rng.uniform(*ROUTING_S), self._route)

    def _route(self) -> None:
        active = self._plan.primary if self._healthy else self._plan.secondary
        if active != self.active:
            self.active = active
            self._platform.ledger.counts[f"routed to {active}"] += 1
            self._platform.ledger.note(self._platform.clock.now, f"the endpoint sends to {active}", "routed")
            self._platform.probes.look()
