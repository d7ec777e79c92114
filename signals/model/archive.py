"""Archives and replays.

An archive keeps what its bus received, except replays, for its retention. A replay goes to that same bus, oldest
minute of event time first, to the rules in FilterArns or else to all; at most 10 run at once; what came in during the
last 10 minutes may not be in the archive yet (User Guide, "Archiving and replaying events"; API reference,
ReplayDestination). Its speed is published only as "based on, but separate from" the PutEvents quota: here half of that
quota.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from signals.model import blueprint
from signals.model.clock import DAY_S, MINUTE_S
from signals.model.event import Event
from signals.model.ledger import Drop

if TYPE_CHECKING:
    from signals.model.platform import Platform

LAG_S = 600.0
MOST_REPLAYS = 10
EVENTS_PER_SECOND = 5_000.0  # half of 10,000 PutEvents a second in us-east-1, us-west-2 and eu-west-1


class TooManyReplaysError(Exception):
    """AWS refuses a further replay now."""


class SimulatedArchive:
    """One archive and its events."""

    def __init__(self, plan: blueprint.ArchivePlan, platform: Platform) -> None:
        self.plan, self._platform = plan, platform
        self._events: list[tuple[float, Event]] = []
        self._replays = 0

    def keep(self, event: Event) -> None:
        """Put an event into the archive."""
        if event.replay is None and self.plan.pattern.matches(event.seen):
            self._events.append((self._platform.clock.now, event))

    def held(self) -> list[Event]:
        """The events in the archive now; drops those older than its retention."""
        now, days = self._platform.clock.now, self.plan.retention_days
        if days and self._events and self._events[0][0] < now - days * DAY_S:
            why = f"the archive in {self.plan.region} keeps {days} days"
            for kept_s, event in self._events:
                if kept_s < now - days * DAY_S:
                    self._platform.ledger.drop(event.detail, Drop("archive", why, limit=True))
            self._events = [(kept_s, event) for kept_s, event in self._events if kept_s >= now - days * DAY_S]
        return [event for _, event in self._events]

    def start_replay(self, name: str, start_s: float, end_s: float, filter_arns: Collection[str] = ()) -> float:
        """Replay what came in from `start_s` to `end_s`; returns when the replay will end (s).

        Raises:
            TooManyReplaysError: Ten are running.
        """
        if self._replays >= MOST_REPLAYS:
            raise TooManyReplaysError(f"LimitExceededException: {MOST_REPLAYS} replays are running")
        clock, bus = self._platform.clock, self._platform.buses[self.plan.region]
        self.held()
        events = [e for kept_s, e in self._events if start_s <= e.time_s <= end_s and kept_s <= clock.now - LAG_S]
        self._replays += 1
        at_s = clock.now
        for event in sorted(events, key=lambda event: event.time_s // MINUTE_S):
            at_s += self._platform.event_weight / EVENTS_PER_SECOND
            clock.at(at_s, lambda event=event: bus.replay(event, name, filter_arns))  # type: ignore[misc]
        self._platform.ledger.counts["events replayed"] += len(events)
        clock.at(at_s, self._ended)
        return at_s

    def _ended(self) -> None:
        self._replays -= 1
