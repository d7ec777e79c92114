"""A rule and its target, with the retry policy and the dead-letter queue that every target has here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.settings import PlatformSettings

# EventBridge's own defaults, said aloud: a target is tried for 24 hours, 185 times.
RETRY_AGE_SECONDS = 86_400
RETRY_ATTEMPTS = 185


def rule_arn(settings: PlatformSettings, region: Region, bus_name: str, rule_name: str) -> str:
    """ARN of a rule to be: for the policy of a queue that is the rule's target and must exist before it."""
    return f"arn:aws:events:{region.name}:{settings.account_id}:rule/{bus_name}/{rule_name}"


class Subscription(pulumi.ComponentResource):
    """What matches a pattern on a bus goes to one target; what cannot be handed over goes to a dead-letter queue.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        region: The bus's Region; target and dead-letter queue are in the same one.
        bus_name: The bus.
        rule_name: Physical name of the rule; the dead-letter queue is `<rule_name>-dlq`.
        pattern: The event pattern.
        target_arn: What receives the events.
        target_role_arn: The role that EventBridge assumes to reach it, where the target needs one.
        input_path: Part of the event that the target receives (`$.detail`); none: the whole event.

    Source: EventBridge User Guide, "Event retry policy and using dead-letter queues".
    """

    rule_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        region: Region,
        bus_name: pulumi.Input[str],
        rule_name: str,
        pattern: Mapping[str, Any],
        target_arn: pulumi.Input[str],
        target_role_arn: pulumi.Input[str] | None = None,
        input_path: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:Subscription", name, None, opts)
        here = region.options(self)
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule", name=rule_name, event_bus_name=bus_name, event_pattern=json.dumps(pattern), opts=here
        )
        self.rule_arn = rule.arn
        dead_letters = MessageQueue(
            f"{name}-dlq",
            settings=settings,
            region=region,
            queue_name=f"{rule_name}-dlq",
            rule_arns=[rule.arn],
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            event_bus_name=bus_name,
            target_id="target",
            arn=target_arn,
            role_arn=target_role_arn,
            input_path=input_path,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=RETRY_AGE_SECONDS, maximum_retry_attempts=RETRY_ATTEMPTS
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=dead_letters.arn),
            opts=here,
        )
        self.register_outputs({"ruleArn": self.rule_arn})
