"""The probe that goes through the endpoint once a minute, and in each Region the alarm that sees when none arrives.

Between two changes of a fault or of the routing every probe fares alike: so it is followed at each change, not each
minute. The alarm is in ALARM after so many minutes without a probe, and OK again a minute after the next.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from components.setting_groups import MISSED_PROBES
from handlers.shared.contract import PROBE_SOURCE
from signals.model.clock import MINUTE_S
from signals.model.faults import FaultKind

if TYPE_CHECKING:
    from signals.model.platform import Platform

_DOWN = (FaultKind.EVENTBRIDGE, FaultKind.STALLED, FaultKind.BUS_MISSING)


class ProbeAlarms:
    """The canary in the secondary, and the history of the alarm on missing probes in each Region."""

    def __init__(self, platform: Platform) -> None:
        self._platform, endpoint = platform, platform.blueprint.endpoint
        self._endpoint = endpoint
        regions = (endpoint.primary, endpoint.secondary)
        self.history: dict[str, list[tuple[datetime, str]]] = {region: [] for region in regions}
        self._arrives = dict.fromkeys(regions, True)
        self._in_alarm = dict.fromkeys(regions, False)
        for boundary in platform.faults.boundaries:
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
        if any(self._down(kind, entered) or self._down(kind, region) for kind in _DOWN):
            return False
        if entered == region:
            return True
        bus = self._platform.blueprint.bus_arn(region, self._endpoint.bus)
        allowed = self._endpoint.role.allows("events:PutEvents", bus, {"events:source": PROBE_SOURCE})
        return self._endpoint.replicates and allowed and not self._down(FaultKind.REPLICATION, entered)

    def _down(self, kind: FaultKind, region: str) -> bool:
        return self._platform.faults.hits(kind, region, self._platform.clock.now)
