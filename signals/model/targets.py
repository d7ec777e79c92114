"""Rule targets: how EventBridge hands an event over, tries again, and gives up.

A function is invoked asynchronously. A target that is missing or gives no permission is not tried again; other failures
are, for the age and attempts of the target's retry policy. What is given up goes to the target's dead-letter queue: a
standard queue in the rule's Region whose own policy lets events.amazonaws.com send for the rule. Without one, or if it
refuses, the event is gone (User Guide, "Retry policy and using dead-letter queues"). EventBridge does not route what
came from one bus to a third ("Sending and receiving events between buses": THIRD_REGION_HOP_DETECTED).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from signals.model.blueprint import Rule, Target
from signals.model.event import Event
from signals.model.faults import Kind
from signals.model.ledger import Perished
from signals.model.retries import given_up, next_try

if TYPE_CHECKING:
    from signals.model.platform import Platform

SERVICE = "events.amazonaws.com"


class RefusedError(Exception):
    """The target did not take the event."""

    def __init__(self, code: str, retryable: bool = False) -> None:
        super().__init__(code)
        self.code, self.retryable = code, retryable


def invoke(event: Event, rule: Rule, target: Target, platform: Platform, first_s: float | None = None) -> None:
    """Hand an event to a target; `first_s` is when that was tried first."""
    first_s = platform.clock.now if first_s is None else first_s
    try:
        hand_over(event, rule, target, platform)
    except RefusedError as refusal:
        code = refusal.code
        if not refusal.retryable:
            _bury(event, rule, target, code, platform)
            return
        again_s = next_try(first_s, platform.unchanged_until(), target.retry_age_s, target.retry_attempts)
        if again_s is None:
            end_s = given_up(first_s, target.retry_age_s, target.retry_attempts)
            platform.clock.at(end_s, lambda: _bury(event, rule, target, code, platform))
        else:
            platform.clock.at(again_s, lambda: invoke(event, rule, target, platform, first_s))


def hand_over(event: Event, rule: Rule, target: Target, platform: Platform) -> None:
    """One try.

    Raises:
        RefusedError: The target did not take it.
    """
    service, region = target.arn.split(":")[2:4]
    now = platform.clock.now
    if service == "events":
        _to_bus(event, target, region, platform)
    elif region != rule.region:
        raise RefusedError("NO_RESOURCE")
    elif service == "lambda":
        function = platform.functions.get(target.arn)
        if function is None:
            raise RefusedError("NO_RESOURCE")
        if not function.plan.policy.allows("lambda:InvokeFunction", target.arn, {"aws:SourceArn": rule.arn}, SERVICE):
            raise RefusedError("NO_PERMISSIONS")
        if platform.faults.hits(Kind.HAND_OVER, region, now, function.plan.folder):
            raise RefusedError("SDK_CLIENT_ERROR", retryable=True)
        function.invoke_later(_payload(event, target))
    elif service == "sqs":
        queue = platform.queues.get(target.arn)
        if queue is None:
            raise RefusedError("NO_RESOURCE")
        if not queue.admits(SERVICE, rule.arn):
            raise RefusedError("NO_PERMISSIONS")
        if not queue.answers:
            raise RefusedError("SDK_CLIENT_ERROR", retryable=True)
        queue.send(_payload(event, target))
    else:
        if target.arn not in platform.blueprint.streams:
            raise RefusedError("NO_RESOURCE")
        if not target.role.allows("firehose:PutRecord", target.arn):
            raise RefusedError("NO_PERMISSIONS")
        if platform.faults.hits(Kind.LAKE, region, now):
            raise RefusedError("THROTTLING", retryable=True)
        platform.ledger.deliver(_payload(event, target), now)


def _to_bus(event: Event, target: Target, region: str, platform: Platform) -> None:
    if not target.role.allows("events:PutEvents", target.arn, {"events:source": event.source}):
        raise RefusedError("NO_PERMISSIONS")
    if event.from_bus:
        platform.ledger.counts["THIRD_REGION_HOP_DETECTED"] += 1
        raise RefusedError("THIRD_REGION_HOP_DETECTED")
    if region not in platform.buses or platform.faults.hits(Kind.EVENTBRIDGE, region, platform.clock.now):
        raise RefusedError("CROSS_REGION_INGESTION_FAILED", retryable=True)
    bus = target.arn.rpartition("/")[2]
    platform.buses[region].accept(replace(event, id=platform.new_id(), bus=bus, from_bus=True, replay=None))


def _payload(event: Event, target: Target) -> str:
    if target.input_path is None:
        return event.text
    if target.input_path == "$.detail":
        return event.detail
    value = event.seen
    for name in target.input_path.removeprefix("$.").split("."):
        value = value[name]
    return orjson.dumps(value).decode()


def _bury(event: Event, rule: Rule, target: Target, code: str, platform: Platform) -> None:
    queue = platform.queues.get(target.dead_letter_arn or "")
    if queue is None:
        platform.ledger.perish(
            event.detail, Perished(rule.name, f"{rule.name}: {code}, and there is no dead-letter queue")
        )
    elif queue.plan.region != rule.region or not queue.admits(SERVICE, rule.arn):
        platform.ledger.perish(
            event.detail, Perished(rule.name, f"{rule.name}: {code}, and the dead-letter queue refuses")
        )
    else:
        platform.ledger.counts["dead letters"] += 1
        queue.send(event.text, {"RULE_ARN": rule.arn, "TARGET_ARN": target.arn, "ERROR_CODE": code})
