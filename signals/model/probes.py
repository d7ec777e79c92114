"""The probe that goes through the endpoint once a minute, and in each Region the alarm that sees when none arrives.

Between two changes of a fault or of the routing every probe fares alike: so it is followed at each change, not each
minute. The alarm is in ALARM after so many minutes without a probe, and OK again a minute after the next.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from components.setting_groups import MISSED_PROBES
from handlers.shared.contract import PROBE_SOURCE, PROBE_TYPE
from signals.model.clock import MINUTE_S
from signals.model.faults import FaultKind

if TYPE_CHECKING:
    from signals.model.platform import Platform

_DOWN = (FaultKind.EVENTBRIDGE, FaultKind.STALLED, FaultKind.BUS_MISSING)
_NOT_RUN = (FaultKind.LAMBDA_API, FaultKind.THROTTLED, FaultKind.FUNCTION_ERRORS)


class ProbeAlarms:
    """The canary in the secondary, and the history of the alarm on missing probes in each Region."""

    def __init__(self, platform: Platform) -> None:
        self._platform, endpoint = platform, platform.blueprint.endpoint
        self._endpoint = endpoint
        regions = (endpoint.primary, endpoint.secondary)
        self.history: dict[str, list[tuple[datetime, str]]] = {region: [] for region in regions}
        self._arrives = dict.fromkeys(regions, True)
        self._in_alarm = dict.fromkeys(regions, False)
        for boundary in (0.0, *platform.faults.boundaries):
            platform.clock.at(boundary, self.look)

    def look(self) -> None:
        """See where probes arrive from now on."""
        for region, arrived in self._arrives.items():
            arrives = self._arrives_in(region)
            self._arrives[region] = arrives
            if arrives != arrived:
                delay_s = MINUTE_S if arrives else MISSED_PROBES * MINUTE_S
                self._platform.clock.after(delay_s, lambda region=region: self._evaluate(region))  # type: ignore[misc]

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
        if entered == region:
            return True
        bus = self._platform.blueprint.bus_arn(region, self._endpoint.bus)
        allowed = self._endpoint.role.allows("events:PutEvents", bus, {"events:source": PROBE_SOURCE})
        return self._endpoint.replicates and allowed and not self._down(FaultKind.REPLICATION, entered)

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
