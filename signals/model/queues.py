"""SQS standard queues.

A message is kept for the queue's retention, 14 days at most, counted from when it was first sent: moving to a
dead-letter queue does not renew it, a redrive does (SQS Developer Guide, "Using dead-letter queues in Amazon SQS"). A
received message is hidden for the visibility timeout; one received more often than maxReceiveCount goes to the
dead-letter queue. A service may send only if the queue's own policy says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from signals.model import blueprint
from signals.model.clock import DAY_S, MINUTE_S
from signals.model.faults import FaultKind

if TYPE_CHECKING:
    from signals.model.platform import Platform

# A consumer reads its queue once a day, or oftener (assumed: see `run.ASSUMPTIONS`).
READ_AFTER_S = 1 * DAY_S


@dataclass
class QueuedMessage:
    """One message; times in seconds."""

    id: str
    body: str
    attributes: Mapping[str, str]
    sent_s: float
    visible_s: float
    receives: int = 0


class SimulatedQueue:
    """One queue and its messages."""

    def __init__(self, plan: blueprint.QueuePlan, platform: Platform) -> None:
        self.plan, self._platform = plan, platform
        self.messages: dict[str, QueuedMessage] = {}
        self.received = 0
        self._ids = count()
        self.on_message: Callable[[float], None] = lambda _when_s: None  # set by what reads the queue
        self.consumer = ""

    def read_by(self, consumer: str) -> None:
        """Have a consumer read the queue, at the latest `READ_AFTER_S` after a message came."""
        self.consumer, self.on_message = (
            consumer,
            lambda when_s: self._platform.clock.at(when_s + READ_AFTER_S, self._read),
        )

    def _read(self) -> None:
        if self.is_down:
            clock = self._platform.clock
            clock.at(self._platform.faults.next_change(clock.now), self._read)
            return
        for message in self.waiting():
            self._platform.ledger.reach(self.consumer, message.body)
            self.delete(message.id)

    def admits(self, service: str, source_arn: str) -> bool:
        """Whether the queue's policy lets a service send for a resource."""
        context = {"aws:SourceArn": source_arn}
        return self.plan.policy.allows("sqs:SendMessage", self.plan.arn, context, service)

    @property
    def is_down(self) -> bool:
        """Whether SQS here answers nobody: a call that fails once in a while is made again by every AWS service."""
        return self._platform.faults.always(FaultKind.SQS, self.plan.region, self._platform.clock.now)

    @property
    def answers(self) -> bool:
        """Whether a call made now is answered."""
        return not self._platform.faults.hits(FaultKind.SQS, self.plan.region, self._platform.clock.now)

    def send(self, body: str, attributes: Mapping[str, str] | None = None, sent_s: float | None = None) -> None:
        """Add a message; a dead-letter queue is given the time at which it was sent to the source queue (s)."""
        now = self._platform.clock.now
        message = QueuedMessage(
            f"{self.plan.name}-{next(self._ids)}", body, attributes or {}, now if sent_s is None else sent_s, now
        )
        self.messages[message.id] = message
        if self.plan.alarmed and not self.received:
            text = f"an alarm reports messages in {self.plan.name} in {self.plan.region}"
            self._platform.ledger.note(now + MINUTE_S, text)
        self.received += 1
        self.on_message(now)

    def receive(self, most: int) -> list[QueuedMessage]:
        """Hide and return up to so many visible messages."""
        now = self._platform.clock.now
        found: list[QueuedMessage] = []
        for message in list(self.messages.values()):
            if message.visible_s > now or len(found) == most or self._expired(message):
                continue
            message.receives += 1
            if self.plan.max_receives and message.receives > self.plan.max_receives:
                self._to_dead_letters(message)
                continue
            message.visible_s = now + self.plan.visibility_s
            found.append(message)
        return found

    def waiting(self) -> list[QueuedMessage]:
        """The messages in the queue now, visible or not."""
        return [message for message in list(self.messages.values()) if not self._expired(message)]

    def next_visible_s(self) -> float:
        """When the next message can be received (s); infinity if there is none."""
        return min((message.visible_s for message in self.messages.values()), default=float("inf"))

    def delete(self, message_id: str) -> None:
        self.messages.pop(message_id, None)

    def _expired(self, message: QueuedMessage) -> bool:
        if self._platform.clock.now - message.sent_s <= self.plan.retention_s:
            return False
        del self.messages[message.id]
        seconds = self.plan.retention_s
        kept = f"{seconds / DAY_S:g} days" if seconds >= DAY_S else f"{seconds:g} s"
        # A consumer that reads its queue in time is owed every message: how long it is kept excuses nothing.
        limit_s = None if self.consumer else seconds
        self._platform.drop(message.body, f"{self.plan.name} keeps a message {kept}", limit_s=limit_s)
        return True

    def _to_dead_letters(self, message: QueuedMessage) -> None:
        del self.messages[message.id]
        dead_letters = self._platform.queues.get(self.plan.dead_letter_arn or "")
        if dead_letters is None:
            self._platform.drop(message.body, "received too often, and no dead-letter queue")
            return
        self._platform.ledger.counts["dead letters"] += 1
        dead_letters.send(message.body, message.attributes, message.sent_s)
