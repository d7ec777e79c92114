"""EventBridge in one Region: PutEvents, and the delivery from a bus to its rules' targets.

PutEvents is answered entry by entry, 200 even if entries failed; an entry for a bus that does not exist gets an event
id and is dropped (User Guide, "Sending events with PutEvents"). A replayed event carries `replay-name`, keeps its time,
and with FilterArns reaches those rules only (API reference, ReplayDestination). Targets may be invoked more than once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from signals.model import replication, targets
from signals.model.event import Event
from signals.model.faults import FaultKind
from signals.model.iam import Policy
from signals.model.ledger import Drop

if TYPE_CHECKING:
    from signals.model.platform import Platform

DOWN = (FaultKind.EVENTBRIDGE, FaultKind.STALLED)


def refused(code: str, status: int, message: str = "") -> ClientError:
    """The exception that an SDK raises for an error response."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutEvents")


class EventBridge:
    """The buses of one Region."""

    def __init__(self, region: str, platform: Platform) -> None:
        self.region, self._platform = region, platform

    def put_events(
        self, entries: Sequence[Mapping[str, str]], caller: Policy, *, through_endpoint: bool = False
    ) -> dict[str, Any]:
        """Answer PutEvents.

        Raises:
            ClientError: The request as a whole is refused.
        """
        platform = self._platform
        if platform.faults.hits(FaultKind.EVENTBRIDGE, self.region, platform.clock.now):
            platform.ledger.counts["PutEvents that failed"] += 1
            raise refused("InternalException", 500)
        for entry in entries:
            arn = platform.blueprint.bus_arn(self.region, entry["EventBusName"])
            if not caller.allows("events:PutEvents", arn, {"events:source": entry["Source"]}):
                platform.ledger.counts["AccessDeniedException"] += 1
                raise refused("AccessDeniedException", 400, f"not authorized to perform events:PutEvents on {arn}")
        results = [self._put(entry, through_endpoint) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _put(self, entry: Mapping[str, str], through_endpoint: bool) -> dict[str, str]:
        platform, bus = self._platform, entry["EventBusName"]
        if platform.faults.hits(FaultKind.PARTIAL, self.region, platform.clock.now):
            platform.ledger.counts["entries that failed"] += 1
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
        event = Event(
            platform.new_id(),
            entry["Source"],
            entry["DetailType"],
            entry["Detail"],
            platform.blueprint.account,
            self.region,
            bus,
            platform.clock.now,
            through_endpoint=through_endpoint,
        )
        self.accept(event)
        return {"EventId": event.id}

    def accept(self, event: Event) -> None:
        """Accept an event: it is durable now, and is delivered once this Region's EventBridge works."""
        platform, now = self._platform, self._platform.clock.now
        arn = platform.blueprint.bus_arn(self.region, event.bus)
        missing = event.bus == platform.blueprint.endpoint.bus and platform.faults.hits(
            FaultKind.BUS_MISSING, self.region, now
        )
        if arn not in platform.blueprint.buses or missing:
            platform.ledger.drop(event.detail, Drop(arn, "put on a bus that does not exist"))
            return
        end_s = platform.faults.end(DOWN, self.region, now)
        if end_s > now:
            platform.clock.at(end_s, lambda: self.accept_stalled(event, now))
        else:
            self._go(event, now)

    def accept_stalled(self, event: Event, accepted_s: float) -> None:
        """Deliver an event that waited for the end of an outage, unless there is another one."""
        end_s = self._platform.faults.end(DOWN, self.region, self._platform.clock.now)
        if end_s > self._platform.clock.now:
            self._platform.clock.at(end_s, lambda: self.accept_stalled(event, accepted_s))
        else:
            self._go(event, accepted_s)

    def replay(self, event: Event, name: str, filter_arns: Collection[str]) -> None:
        """Deliver an archived event to the rules of its bus."""
        self._go(replace(event, replay=name, through_endpoint=False), self._platform.clock.now, filter_arns)

    def _go(self, event: Event, accepted_s: float, only: Collection[str] = ()) -> None:
        platform = self._platform
        for archive in platform.archives_of(self.region, event.bus):
            archive.keep(event)
        invoked = replication.replicate(event, self.region, platform, only)
        for rule in platform.blueprint.rules_on(self.region, event.bus):
            if (only and rule.arn not in only) or not rule.pattern.matches(event.seen):
                continue
            invoked = True
            for target in rule.targets:
                copies = 1 + platform.faults.hits(FaultKind.DUPLICATES, self.region, platform.clock.now)
                for _ in range(copies):
                    targets.invoke(event, rule, target, platform)
        if invoked:
            platform.failover.measured(self.region, (platform.clock.now - accepted_s) * 1000)
