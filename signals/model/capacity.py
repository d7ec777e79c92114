"""How many invocations EventBridge starts in a Region: the account's quota a second, and what is beyond waits.

What is beyond is delayed and not dropped (EventBridge User Guide, "Quotas"), in an order that is not documented: here
as it comes, live or not. One event of the model stands for many that come until the model's next one, so invocations
are a flow, and what waits is what has flowed in beyond the quota.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from components.aws_quotas import Quota
from signals.model.clock import VirtualClock


@dataclass(frozen=True)
class Limits:
    """What an account allows, and how the model's events add up to it.

    Args:
        invocations: EventBridge's quota.
        apart_s: Over how many seconds those events come that one of the model stands for.
        replayed: Invocations that an event of the return path takes in the primary.
    """

    invocations: Quota
    apart_s: float
    replayed: float


class Invocations:
    """The invocations of one Region."""

    def __init__(self, quota: float, apart_s: float, clock: VirtualClock) -> None:
        self.quota, self._apart_s, self._clock = quota, apart_s, clock
        self._flow = 0.0  # a second
        self._steady: dict[str, float] = {}
        self._ends: list[tuple[float, float]] = []  # when a part of the flow ends, and how much
        self._at_s = self._created = self._waiting = 0.0
        self.longest_wait_s = 0.0

    def create(self, number: float) -> float:
        """Create invocations; returns how long they wait before they are started (s)."""
        wait_s = self.wait_s
        part = number / self._apart_s
        self._flow += part
        heapq.heappush(self._ends, (self._clock.now + self._apart_s, part))
        return wait_s

    def steady(self, source: str, a_second: float) -> None:
        """From now on a source creates so many, apart from those of events."""
        self._advance()
        self._steady[source] = a_second

    @property
    def created(self) -> float:
        """How many were created until now."""
        self._advance()
        return self._created

    @property
    def wait_s(self) -> float:
        """How long an invocation that is created now waits (s)."""
        self._advance()
        return self._waiting / self.quota

    def _advance(self) -> None:
        now = self._clock.now
        while self._ends and self._ends[0][0] <= now:
            end_s, part = heapq.heappop(self._ends)
            self._flow_until(end_s)
            self._flow -= part
        self._flow_until(now)

    def _flow_until(self, at_s: float) -> None:
        number = max(0.0, self._flow + sum(self._steady.values())) * (at_s - self._at_s)
        self._created += number
        self._waiting = max(0.0, self._waiting + number - self.quota * (at_s - self._at_s))
        self._at_s = at_s
        self.longest_wait_s = max(self.longest_wait_s, self._waiting / self.quota)
