"""EventBridge in one Region: PutEvents, the delivery from a bus to its rules' targets, archives and replays.

PutEvents is answered entry by entry, 200 even if entries failed; an entry for a bus that does not exist gets an event
id and is dropped (User Guide, "Sending events with PutEvents"). A replayed event carries `replay-name`, keeps its time,
and with FilterArns reaches those rules only (API reference, ReplayDestination). Targets may be invoked more than once.

An archive keeps what its bus received, except replays, for its retention. A replay goes to that same bus, oldest
minute of event time first; at most 10 run at once; what came in during the last 10 minutes may not be in the archive
yet (User Guide, "Archiving and replaying events"). Its speed is published only as "based on, but separate from" the
PutEvents quota: here half of that quota.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handlers.shared.packing import REQUEST_BYTES, REQUEST_ENTRIES, Entry
from signals.model import blueprint, replication, targets
from signals.model.clock import DAY_S, MINUTE_S
from signals.model.event import Event
from signals.model.faults import FaultKind
from signals.model.iam import Policy
from signals.model.targets import SIGNS_OF_LIFE

if TYPE_CHECKING:
    from signals.model.platform import Platform

LAG_S = 600.0
MOST_REPLAYS = 10
EVENTS_PER_SECOND = 5_000.0  # half of 10,000 PutEvents a second in us-east-1, us-west-2 and eu-west-1


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
        size = sum(Entry(each["Source"], each["DetailType"], each["Detail"]).size_bytes for each in entries)
        if len(entries) > REQUEST_ENTRIES or size > REQUEST_BYTES:
            raise refused("ValidationException", 400, f"{len(entries)} entries, {size} bytes")
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
            paced=platform.paced,
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
            platform.drop(event.detail, "put on a bus that does not exist")
            return
        self._deliver(event, now)

    def _deliver(self, event: Event, accepted_s: float) -> None:
        end_s = self._platform.faults.end(targets.DOWN, self.region, self._platform.clock.now)
        if end_s > self._platform.clock.now:
            self._platform.clock.at(end_s, lambda: self._deliver(event, accepted_s))
        else:
            self._go(event, accepted_s)

    def replay(self, event: Event, name: str, filter_arns: Collection[str]) -> None:
        """Deliver an archived event to the rules of its bus."""
        self._go(replace(event, replay=name, through_endpoint=False), self._platform.clock.now, filter_arns)

    def _go(self, event: Event, accepted_s: float, only: Collection[str] = ()) -> None:
        platform = self._platform
        for archive in platform.archives_of(self.region, event.bus):
            archive.keep(event)
        copied = replication.is_replicated(event, platform, only)
        rules = [
            rule
            for rule in platform.blueprint.rules_on(self.region, event.bus)
            if (not only or rule.arn in only) and rule.pattern.matches(event.seen)
        ]
        if not (copied or rules):
            return
        start = partial(self._start, event, accepted_s, rules, copied)
        wait_s = self._wait_s(event, copied + sum(len(rule.targets) for rule in rules))
        if wait_s:
            platform.clock.after(wait_s, start)
        else:
            start()

    def _wait_s(self, event: Event, invocations: int) -> float:
        """How long an event's invocations wait before they are started (s)."""
        platform = self._platform
        if not platform.limits:
            return 0.0
        own = platform.capacity[self.region]
        if event.paced:
            return own.wait_s
        if event.source in SIGNS_OF_LIFE:
            return own.create(invocations)
        ingress = event.bus == platform.blueprint.endpoint.bus
        return own.create(invocations * (platform.event_weight if ingress else platform.signal_weight))

    def _start(self, event: Event, accepted_s: float, rules: Sequence[blueprint.RulePlan], copied: bool) -> None:
        platform = self._platform
        before, platform.paced = platform.paced, event.paced
        if copied:
            replication.replicate(event, self.region, platform)
        for rule in rules:
            for target in rule.targets:
                copies = 1 + platform.faults.hits(FaultKind.DUPLICATES, self.region, platform.clock.now)
                for _ in range(copies):
                    targets.invoke(event, rule, target, platform)
        platform.paced = before
        platform.failover.measured(self.region, (platform.clock.now - accepted_s) * 1000)


class TooManyReplaysError(Exception):
    """AWS refuses a further replay now."""


class SimulatedArchive:
    """One archive and its events."""

    def __init__(self, plan: blueprint.ArchivePlan, platform: Platform) -> None:
        self.plan, self._platform = plan, platform
        self._events: deque[tuple[float, Event]] = deque()  # the oldest first
        self._replays = 0  # that run
        # Of completed replays: name, when they began, and what they cover.
        self.replayed: list[tuple[str, datetime, tuple[datetime, datetime]]] = []
        # Names of replays that failed; one that is started again begins from its start.
        self.failed: set[str] = set()

    def keep(self, event: Event) -> None:
        """Put an event into the archive."""
        if event.replay is None and self.plan.pattern.matches(event.seen):
            self._events.append((self._platform.clock.now, event))

    @property
    def replaying(self) -> bool:
        """Whether a replay runs."""
        return self._replays > 0

    def held(self) -> list[Event]:
        """The events in the archive now; drops those older than its retention."""
        now, days = self._platform.clock.now, self.plan.retention_days
        while days and self._events and self._events[0][0] < now - days * DAY_S:
            kept_s, event = self._events.popleft()
            why = f"the archive in {self.plan.region} keeps {days} days"
            self._platform.drop(event.detail, why, limit_s=days * DAY_S, at_s=kept_s + days * DAY_S)
        return [event for _, event in self._events]

    def start_replay(self, name: str, start_s: float, end_s: float, filter_arns: Collection[str] = ()) -> float:
        """Replay what came in from `start_s` to `end_s`; returns when the replay will end (s).

        Raises:
            TooManyReplaysError: Ten are running.
        """
        if self._replays >= MOST_REPLAYS:
            raise TooManyReplaysError(f"LimitExceededException: {MOST_REPLAYS} replays are running")
        clock = self._platform.clock
        self.failed.discard(name)
        self.held()
        events = [e for kept_s, e in self._events if start_s <= e.time_s <= end_s and kept_s <= clock.now - LAG_S]
        self._replays += 1
        at_s = clock.now
        for event in sorted(events, key=lambda event: event.time_s // MINUTE_S):
            at_s += self._platform.event_weight / EVENTS_PER_SECOND
            clock.at(at_s, partial(self._deliver, event, name, filter_arns))
        self._platform.ledger.counts["events replayed"] += len(events)
        complete = (clock.moment(start_s), clock.moment(min(end_s, clock.now - LAG_S)))
        clock.at(at_s, partial(self._ended, name, clock.moment(), complete))
        return at_s

    def _deliver(self, event: Event, name: str, filter_arns: Collection[str]) -> None:
        if name not in self.failed and not self._fails():
            self._platform.buses[self.plan.region].replay(event, name, filter_arns)
        else:
            self.failed.add(name)

    def _fails(self) -> bool:
        """Whether what a replay does now fails, be it that EventBridge here is down."""
        faults, now_s = self._platform.faults, self._platform.clock.now
        return any(faults.hits(kind, self.plan.region, now_s) for kind in (FaultKind.EVENTBRIDGE, FaultKind.REPLAY))

    def _ended(self, name: str, began: datetime, window: tuple[datetime, datetime]) -> None:
        self._replays -= 1
        if name in self.failed or self._fails():
            self.failed.add(name)
            self._platform.ledger.counts["replays that failed"] += 1
        else:
            self.replayed.append((name, began, window))
