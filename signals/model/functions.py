"""Lambda: asynchronous invocation, and queues that invoke.

An asynchronous invocation whose function fails is retried twice, after one and two minutes; one that is throttled, for
up to 6 hours with pauses of 1 s to 5 minutes; then it goes to the on-failure destination, if there is one and the
function's role may send there, or else is dropped (Lambda Developer Guide, "Error handling for asynchronous
invocation").
While Lambda itself is down, its own retries wait like those for throttling, and age. A record that the destination
cannot take is counted (DestinationDeliveryFailures) and gone ("Capturing records of asynchronous invocations").
A queue invokes with a batch; without ReportBatchItemFailures every message of a batch that did not raise is deleted,
including those reported; otherwise those become visible again after the visibility timeout ("Handling errors for an SQS
event source"). An invocation is assumed to take 0.25 s, which with the concurrency gives the rate at which a queue is
drained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from signals.model import blueprint
from signals.model.faults import FaultKind

if TYPE_CHECKING:
    from signals.model.platform import Platform
    from signals.model.queues import QueuedMessage, SimulatedQueue

INVOCATION_S = 0.25
_RETRY_PAUSES_S = (60.0, 120.0)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 300.0


class FunctionError(Exception):
    """The function raised, or Lambda could not run it."""


class SimulatedFunction:
    """One function."""

    def __init__(self, plan: blueprint.FunctionPlan, run: Callable[[Any], Any], platform: Platform) -> None:
        self.plan, self._run, self._platform = plan, run, platform

    def invoke(self, payload: Any) -> Any:
        """Invoke it synchronously.

        Raises:
            FunctionError: It raised, or Lambda does not run it now.
        """
        if self.plan.reserved_concurrency == 0 or self._hit(FaultKind.THROTTLED) or self._hit(FaultKind.LAMBDA_API):
            raise FunctionError("Lambda does not run the function")
        return self._run_once(payload)

    def _hit(self, kind: FaultKind) -> bool:
        return self._platform.faults.hits(kind, self.plan.region, self._platform.clock.now, self.plan.folder)

    def _run_once(self, payload: Any) -> Any:
        if self._hit(FaultKind.FUNCTION_ERRORS):
            self._platform.ledger.counts["function errors"] += 1
            raise FunctionError("the function fails")
        try:
            return self._run(payload)
        except Exception as error:
            self._platform.ledger.counts["function errors"] += 1
            raise FunctionError(str(error)) from error

    def invoke_later(self, payload: str) -> None:
        """Queue an asynchronous invocation."""
        if self.plan.reserved_concurrency == 0:
            # Lambda Developer Guide, "Capturing records of asynchronous invocations": sent there without any retries.
            self._give_up(payload, "ZeroReservedConcurrency")
            return
        self._try(payload, self._platform.clock.now, failures=0, pause_s=_FIRST_PAUSE_S)

    def _try(self, payload: str, first_s: float, failures: int, pause_s: float) -> None:
        clock = self._platform.clock
        if self._hit(FaultKind.THROTTLED) or self._hit(FaultKind.LAMBDA_API):
            after_s = max(clock.now + pause_s, self._platform.unchanged_until())
            longer_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            if after_s - first_s > self.plan.max_age_s:
                clock.at(first_s + self.plan.max_age_s, lambda: self._give_up(payload, "EventAgeExceeded"))
            else:
                clock.at(after_s, lambda: self._try(payload, first_s, failures, longer_s))
            return
        try:
            self._run_once(orjson.loads(payload))
            if consumer := self._platform.blueprint.consumers.get(self.plan.arn):
                self._platform.ledger.reach(consumer, payload)
        except FunctionError:
            if failures >= min(self.plan.retries, len(_RETRY_PAUSES_S)):
                self._give_up(payload, "RetriesExhausted")
                return
            again_s = clock.now + _RETRY_PAUSES_S[failures]
            if again_s - first_s > self.plan.max_age_s:
                clock.at(first_s + self.plan.max_age_s, lambda: self._give_up(payload, "EventAgeExceeded"))
            else:
                clock.at(again_s, lambda: self._try(payload, first_s, failures + 1, pause_s))

    def _give_up(self, payload: str, condition: str) -> None:
        platform, queue = self._platform, self._platform.queues.get(self.plan.on_failure_arn or "")
        if queue is None:
            why = f"{self.plan.name}: {condition}, and there is no on-failure destination"
        elif not self.plan.role.allows("sqs:SendMessage", queue.plan.arn):
            why = f"{self.plan.name}: {condition}, and its role may not send to the on-failure destination"
        elif queue.is_down:
            platform.given_up(self.plan.region)
            why = f"{self.plan.name}: {condition}, and the on-failure destination is down"
        else:
            platform.ledger.counts["dead letters"] += 1
            failed = {"requestContext": {"condition": condition}, "requestPayload": orjson.loads(payload)}
            queue.send(orjson.dumps(failed).decode())
            return
        platform.drop(payload, why)


def drain_rate(plan: blueprint.MappingPlan) -> float:
    """How many messages a second a mapping's function can work through."""
    return plan.batch_size * plan.concurrency / INVOCATION_S


class SimulatedMapping:
    """One event source mapping."""

    def __init__(
        self, plan: blueprint.MappingPlan, queue: SimulatedQueue, function: SimulatedFunction, platform: Platform
    ) -> None:
        self._plan, self.queue, self._function, self._platform = plan, queue, function, platform
        self.at_a_time = plan.batch_size * plan.concurrency  # messages
        self._next_poll_s = float("inf")
        self._busy_until_s = 0.0
        queue.on_message = self._poll_at

    def _poll_at(self, when_s: float) -> None:
        when_s = max(when_s, self._busy_until_s)
        if when_s < self._next_poll_s:
            self._next_poll_s = when_s
            self._platform.clock.at(when_s, self._poll)

    def _poll(self) -> None:
        now = self._platform.clock.now
        if now < self._next_poll_s:
            return
        self._next_poll_s = float("inf")
        if now < self._busy_until_s:  # it works slower than when this was scheduled
            self._poll_at(now)
            return
        if self.queue.is_down:
            self._poll_at(self._platform.faults.next_change(now))
            return
        messages = self.queue.receive(self._plan.batch_size)
        if messages:
            records = [{"messageId": m.id, "body": m.body} for m in messages]
            self._platform.paced = self.is_return_path and self._platform.limits is not None
            try:
                failed = self._failed(self._function.invoke({"Records": records}), messages)
            except FunctionError:
                failed = {m.id for m in messages}
            self._platform.paced = False
            for message in messages:
                if message.id not in failed:
                    self.queue.delete(message.id)
                else:
                    self._skip(message)
            weight = max(self._platform.event_weight, 1.0)
            self._busy_until_s = now + len(messages) * weight / self._rate()
            self._flow()
        next_s = self.queue.next_visible_s()
        if next_s < float("inf"):
            self._poll_at(next_s)

    @property
    def is_return_path(self) -> bool:
        return self._function.plan.folder == "return_path"

    @property
    def has_work(self) -> bool:
        """Whether messages are in its queue, or in its hands."""
        return bool(self.queue.messages) or self._platform.clock.now < self._busy_until_s

    def work(self, at_a_time: int) -> None:
        """Work on so many messages at a time from now on."""
        now, before = self._platform.clock.now, self._rate()
        self.at_a_time = min(at_a_time, self._plan.batch_size * self._plan.concurrency)
        if now < self._busy_until_s:
            self._busy_until_s = now + (self._busy_until_s - now) * before / self._rate()
            self._flow()
        if self.queue.messages:
            self._poll_at(self.queue.next_visible_s())

    def _flow(self) -> None:
        """Have the return path's events flow to the primary until what was received is worked through."""
        if self.is_return_path:
            self._platform.replayed(self._rate())
            self._platform.clock.at(self._busy_until_s, self._rest)

    def _rest(self) -> None:
        if self._platform.clock.now >= self._busy_until_s:
            self._platform.replayed(0.0)

    def _rate(self) -> float:
        """Messages a second, as far as the concurrency and, on the return path, the primary's quotas allow."""
        own, limit = self.at_a_time / INVOCATION_S, self._platform.return_rate
        return min(own, limit) if limit and self.is_return_path else own

    def _failed(self, answer: Mapping[str, Any] | None, messages: Sequence[QueuedMessage]) -> set[str]:
        try:
            reported = {failure["itemIdentifier"] for failure in (answer or {}).get("batchItemFailures") or ()}
            well_formed = all(identity in self.queue.messages for identity in reported)
        except (AttributeError, KeyError, TypeError):
            reported, well_formed = set(), False
        if "ReportBatchItemFailures" in self._plan.response_types:
            # What is not well formed counts as the failure of all ("Implementing partial batch responses").
            return reported if well_formed else {message.id for message in messages}
        for identity in reported:
            why = f"{self.queue.plan.name}: deleted although the function reported that it failed"
            self._platform.drop(self.queue.messages[identity].body, why)
        return set()

    def _skip(self, message: Any) -> None:
        """Count the receives that are certain to fail like this one, without making them."""
        timeout_s, expires_s = self.queue.plan.visibility_s, message.sent_s + self.queue.plan.retention_s
        certain = int((min(self._platform.unchanged_until(), expires_s) - message.visible_s) // timeout_s)
        if self.queue.plan.max_receives:
            certain = min(certain, self.queue.plan.max_receives - message.receives)
        if certain > 0:
            message.receives += certain
            message.visible_s += certain * timeout_s
