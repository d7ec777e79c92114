"""The probe that goes through the endpoint once a minute, and in each Region the alarm that sees when none arrives.

Between two changes of a fault or of the routing every probe fares alike: so it is followed at each change, not each
minute. What replication could not bring comes as soon as it can, if its retries are not over. The alarm is in ALARM
after so many minutes without a probe, and OK again a minute after the next.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from components.setting_groups import MISSED_PROBES
from handlers.shared.contract import PROBE_SOURCE, PROBE_TYPE
from signals.model.blueprint import DEFAULT_AGE_S, DEFAULT_ATTEMPTS
from signals.model.clock import HOUR_S, MINUTE_S
from signals.model.faults import FaultKind

if TYPE_CHECKING:
    from signals.model.platform import Platform

_DOWN = (FaultKind.EVENTBRIDGE, FaultKind.STALLED, FaultKind.BUS_MISSING)
_NOT_RUN = (FaultKind.LAMBDA_API, FaultKind.THROTTLED, FaultKind.FUNCTION_ERRORS)


class ProbeAlarms:
    """The canary in the secondary, and in each Region the alarm on missing probes and the count of those that came."""

    def __init__(self, platform: Platform) -> None:
        self._platform, endpoint = platform, platform.blueprint.endpoint
        self._endpoint = endpoint
        regions = (endpoint.primary, endpoint.secondary)
        self.history: dict[str, list[tuple[datetime, str]]] = {region: [] for region in regions}
        self._arrives = dict.fromkeys(regions, True)
        self._in_alarm = dict.fromkeys(regions, False)
        # The metric Invocations of the probe's rule, by hour since the start, as far as it has been counted.
        self._seen: dict[str, Counter[int]] = {region: Counter() for region in regions}
        self._on_its_way: dict[str, list[float]] = {region: [] for region in regions}
        self._delayed = dict.fromkeys(regions, False)
        self._counted_s = 0.0
        for boundary in (0.0, *platform.faults.boundaries):
            platform.clock.at(boundary, self.look)

    def look(self) -> None:
        """See where probes arrive from now on."""
        self._count()
        for region, arrived in self._arrives.items():
            arrives = self._arrives_in(region)
            self._arrives[region] = arrives
            self._delayed[region] = not arrives and self._comes_late_to(region)
            if arrives:
                self._deliver_late(region)
            if arrives != arrived:
                delay_s = MINUTE_S if arrives else MISSED_PROBES * MINUTE_S
                self._platform.clock.after(delay_s, lambda region=region: self._evaluate(region))  # type: ignore[misc]

    def arrives(self, region: str) -> bool:
        """Whether probes arrive in a Region, as far as that was looked at."""
        return self._arrives[region]

    def seen(self, region: str) -> dict[int, int]:
        """Probes that came to a Region, by hour since the start."""
        self._count()
        return dict(self._seen[region])

    def _count(self) -> None:
        """Count the probes that were sent since the last time, one a minute."""
        now_s = self._platform.clock.now
        minutes = range(math.ceil(self._counted_s / MINUTE_S), math.ceil(now_s / MINUTE_S))
        self._counted_s = now_s
        for region, arrives in self._arrives.items():
            if arrives:
                self._seen[region].update(minute // 60 for minute in minutes)
            elif self._delayed[region]:
                self._on_its_way[region] += [minute * MINUTE_S for minute in minutes]

    def _deliver_late(self, region: str) -> None:
        now_s = self._platform.clock.now
        tried_s = self._platform.retries.given_up(0.0, DEFAULT_AGE_S, DEFAULT_ATTEMPTS)
        late = sum(sent_s + tried_s > now_s for sent_s in self._on_its_way[region])
        if late:
            self._seen[region][int(now_s // HOUR_S)] += late
        self._on_its_way[region].clear()

    def _evaluate(self, region: str) -> None:
        missing = not self._arrives[region]
        if missing != self._in_alarm[region]:
            self._in_alarm[region] = missing
            self.history[region].append((self._platform.clock.moment(), "ALARM" if missing else "OK"))
            if missing:
                self._platform.ledger.note(self._platform.clock.now, f"an alarm reports that no probe is in {region}")

    def _arrives_in(self, region: str) -> bool:
        """Whether a probe that is sent now is delivered in a Region."""
        entered = self._platform.failover.active
        if not (self._is_sent_to(entered) and self._is_seen_in(region)):
            return False
        if any(self._down(kind, entered) or self._down(kind, region) for kind in _DOWN):
            return False
        return entered == region or (self._may_replicate(region) and not self._down(FaultKind.REPLICATION, entered))

    def _comes_late_to(self, region: str) -> bool:
        """Whether a probe that is sent now is delivered in a Region once its faults and those of replication end."""
        entered = self._platform.failover.active
        refused = self._down(FaultKind.EVENTBRIDGE, entered) or self._down(FaultKind.BUS_MISSING, entered)
        if refused or self._down(FaultKind.BUS_MISSING, region) or not self._is_sent_to(entered):
            return False
        return self._is_seen_in(region) and (entered == region or self._may_replicate(region))

    def _may_replicate(self, region: str) -> bool:
        bus = self._platform.blueprint.bus_arn(region, self._endpoint.bus)
        allowed = self._endpoint.role.allows("events:PutEvents", bus, {"events:source": PROBE_SOURCE})
        return self._endpoint.replicates and allowed

    def _is_sent_to(self, region: str) -> bool:
        """Whether a schedule invokes the canary, and the canary may put a probe on a Region's bus."""
        platform = self._platform
        bus = platform.blueprint.bus_arn(region, self._endpoint.bus)
        for schedule in platform.blueprint.schedules:
            canary = platform.functions.get(schedule.arn)
            if canary and canary.plan.folder == "canary":
                failing = any(
                    platform.faults.always(kind, canary.plan.region, platform.clock.now, "canary") for kind in _NOT_RUN
                )
                may_run = schedule.role.allows("lambda:InvokeFunction", schedule.arn)
                runs = may_run and not failing and canary.plan.reserved_concurrency != 0
                return runs and canary.plan.role.allows("events:PutEvents", bus, {"events:source": PROBE_SOURCE})
        return False

    def _is_seen_in(self, region: str) -> bool:
        """Whether a rule in a Region matches probes, whose invocations the alarm counts."""
        blueprint = self._platform.blueprint
        probe = {"source": PROBE_SOURCE, "detail-type": PROBE_TYPE, "account": blueprint.account, "region": region}
        return any(rule.pattern.matches(probe) for rule in blueprint.rules_on(region, self._endpoint.bus))

    def _down(self, kind: FaultKind, region: str) -> bool:
        return self._platform.faults.hits(kind, region, self._platform.clock.now)
