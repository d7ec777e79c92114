"""Rule targets: how EventBridge delivers an event, retries, and gives up.

A function is invoked asynchronously. A target that is missing or gives no permission is not retried; other failures
are, for the age and attempts of the target's retry policy. After that the event goes to the target's dead-letter queue:
a standard queue in the rule's Region whose own policy lets events.amazonaws.com send for the rule. Without one, or if
it refuses or is down, the event is dropped and counted as InvocationsFailedToBeSentToDlq (User Guide, "Retry policy and
using dead-letter queues", "Monitoring Amazon EventBridge"). EventBridge does not route
what came from one bus to a third ("Sending and receiving events between buses": THIRD_REGION_HOP_DETECTED).

By default a target is retried for 24 hours and up to 185 times, with exponential backoff and jitter; its retry policy
lowers both ("Retry policy"). The pauses are not published: here they double from one second up to 488, so that 185
retries take the 24 hours, or to whatever else a run is given; the jitter, seconds, is left out.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import orjson

from handlers.shared.contract import HEARTBEAT_SOURCE, PROBE_SOURCE
from signals.model import lake
from signals.model.blueprint import DEFAULT_ATTEMPTS, RulePlan, TargetPlan
from signals.model.event import Event
from signals.model.faults import FaultKind

if TYPE_CHECKING:
    from signals.model.platform import Platform

SERVICE = "events.amazonaws.com"
# While EventBridge in a Region is down it delivers nothing, and tries nothing again.
DOWN = (FaultKind.EVENTBRIDGE, FaultKind.STALLED)
LONGEST_PAUSE_S = 488.0
SIGNS_OF_LIFE = (HEARTBEAT_SOURCE, PROBE_SOURCE)


class TargetRefusedError(Exception):
    """The target refused the event."""

    def __init__(self, code: str, retryable: bool = False) -> None:
        super().__init__(code)
        self.code, self.retryable = code, retryable


def invoke(event: Event, rule: RulePlan, target: TargetPlan, platform: Platform, first_s: float | None = None) -> None:
    """Deliver an event to a target; `first_s` is the time of the first attempt."""
    first_s = platform.clock.now if first_s is None else first_s
    works_s = platform.faults.end(DOWN, rule.region, platform.clock.now)
    if works_s > platform.clock.now:
        platform.clock.at(works_s, lambda: invoke(event, rule, target, platform, first_s))
        return
    try:
        attempt(event, rule, target, platform)
        platform.invoked(rule)
    except TargetRefusedError as refusal:
        code = refusal.code
        if not refusal.retryable:
            platform.invoked(rule)
            _dead_letter(event, rule, target, code, platform)
            return
        again_s = platform.retries.next_try(
            first_s, platform.unchanged_until(), target.retry_age_s, target.retry_attempts
        )
        if again_s is None:
            end_s = platform.retries.given_up(first_s, target.retry_age_s, target.retry_attempts)
            platform.clock.at(end_s, lambda: _dead_letter(event, rule, target, code, platform))
        else:
            platform.clock.at(again_s, lambda: invoke(event, rule, target, platform, first_s))


def attempt(event: Event, rule: RulePlan, target: TargetPlan, platform: Platform) -> None:
    """Make one attempt.

    Raises:
        TargetRefusedError: The target refused it.
    """
    service, region = target.arn.split(":")[2:4]
    now = platform.clock.now
    if service == "events":
        _to_bus(event, target, region, platform)
    elif region != rule.region:
        raise TargetRefusedError("NO_RESOURCE")
    elif service == "lambda":
        function = platform.functions.get(target.arn)
        if function is None:
            raise TargetRefusedError("NO_RESOURCE")
        if not function.plan.policy.allows("lambda:InvokeFunction", target.arn, {"aws:SourceArn": rule.arn}, SERVICE):
            raise TargetRefusedError("NO_PERMISSIONS")
        if platform.faults.hits(FaultKind.LAMBDA_API, region, now, function.plan.folder):
            raise TargetRefusedError("SDK_CLIENT_ERROR", retryable=True)
        function.invoke_later(_payload(event, target))
    elif service == "sqs":
        queue = platform.queues.get(target.arn)
        if queue is None:
            raise TargetRefusedError("NO_RESOURCE")
        if not queue.admits(SERVICE, rule.arn):
            raise TargetRefusedError("NO_PERMISSIONS")
        if not queue.answers:
            raise TargetRefusedError("SDK_CLIENT_ERROR", retryable=True)
        queue.send(_payload(event, target))
    else:
        stream = platform.blueprint.streams.get(target.arn)
        if stream is None:
            raise TargetRefusedError("NO_RESOURCE")
        if not target.role.allows("firehose:PutRecord", target.arn):
            raise TargetRefusedError("NO_PERMISSIONS")
        if platform.faults.hits(FaultKind.LAKE, region, now):
            raise TargetRefusedError("THROTTLING", retryable=True)
        lake.write(stream, rule.name, _payload(event, target), platform)


def _to_bus(event: Event, target: TargetPlan, region: str, platform: Platform) -> None:
    if not target.role.allows("events:PutEvents", target.arn, {"events:source": event.source}):
        raise TargetRefusedError("NO_PERMISSIONS")
    if event.from_bus:
        platform.ledger.counts["THIRD_REGION_HOP_DETECTED"] += 1
        raise TargetRefusedError("THIRD_REGION_HOP_DETECTED")
    if region not in platform.buses or platform.faults.hits(FaultKind.EVENTBRIDGE, region, platform.clock.now):
        raise TargetRefusedError("CROSS_REGION_INGESTION_FAILED", retryable=True)
    bus = target.arn.rpartition("/")[2]
    platform.buses[region].accept(replace(event, id=platform.new_id(), bus=bus, from_bus=True, replay=None))


def _payload(event: Event, target: TargetPlan) -> str:
    if target.input_path is None:
        return event.text
    if target.input_path == "$.detail":
        return event.detail
    value = event.seen
    for name in target.input_path.removeprefix("$.").split("."):
        value = value[name]
    return orjson.dumps(value).decode()


def _dead_letter(event: Event, rule: RulePlan, target: TargetPlan, code: str, platform: Platform) -> None:
    queue = platform.queues.get(target.dead_letter_arn or "")
    if queue is None:
        platform.drop(event.detail, f"{rule.name}: {code}, and there is no dead-letter queue")
    elif queue.plan.region != rule.region or not queue.admits(SERVICE, rule.arn):
        platform.drop(event.detail, f"{rule.name}: {code}, and the dead-letter queue refuses")
    elif queue.is_down:
        if event.source not in SIGNS_OF_LIFE:  # the plan of a replay asks for the metrics of the other rules
            platform.given_up(rule.region)
        platform.drop(event.detail, f"{rule.name}: {code}, and the dead-letter queue is down")
    else:
        platform.ledger.counts["dead letters"] += 1
        queue.send(event.text, {"RULE_ARN": rule.arn, "TARGET_ARN": target.arn, "ERROR_CODE": code})


class RetrySchedule:
    """When EventBridge tries a target again.

    Args:
        longest_pause_s: To which the pauses between tries grow (s): with 488, 185 retries take 24 hours; with 60, 3.
    """

    def __init__(self, longest_pause_s: float = LONGEST_PAUSE_S) -> None:
        # Time of each retry since the first try (s).
        self._times = list(accumulate(min(longest_pause_s, 2.0**n) for n in range(DEFAULT_ATTEMPTS)))

    def next_try(self, first_s: float, after_s: float, age_s: float, attempts: int) -> float | None:
        """When a target is retried next (s); None if age or attempts are used up.

        Args:
            first_s: When it was tried first.
            after_s: The retry is later than this: now, or the time until which it is certain to fail again.
            age_s: Longest age of an event (MaximumEventAgeInSeconds).
            attempts: Most retries (MaximumRetryAttempts).
        """
        index = bisect_left(self._times, after_s - first_s + 0.001)
        if index >= min(attempts, len(self._times)) or self._times[index] > age_s:
            return None
        return first_s + self._times[index]

    def given_up(self, first_s: float, age_s: float, attempts: int) -> float:
        """When the last retry is made (s)."""
        tries = [time for time in self._times[:attempts] if time <= age_s]
        return first_s + (tries[-1] if tries else 0.0)
