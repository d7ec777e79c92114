"""A rule and its target, with the retry policy and the dead-letter queue that every target has here."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.names import dead_letter_queue, undelivered_alarm
from components.parts.alarms import alarm_above
from components.parts.queues import MessageQueue
from components.parts.regions import Region, RegionalComponent
from components.resource_types import RULE

# EventBridge's own defaults, made explicit: a target is tried for 24 hours, 185 times.
RETRY_AGE_SECONDS = 86_400
RETRY_ATTEMPTS = 185


def rule_arn(region: Region, bus_name: str, rule_name: str) -> str:
    """ARN of a rule that does not exist yet: for the policy of the queue that is its target, which comes first."""
    return region.arn(RULE, eventBusName=bus_name, name=rule_name)


class Subscription(RegionalComponent):
    """A rule that sends matching events to one target, and what cannot be delivered to a dead-letter queue.

    Args:
        bus_name: The bus, in the same Region as target and dead-letter queue.
        rule_name: Physical name of the rule; the dead-letter queue is named after it.
        pattern: The event pattern.
        target_arn: What receives the events.
        target_role_arn: The role that EventBridge assumes to reach it, where the target needs one.
        permit: Makes the target's permission for the rule, from its ARN, where the target itself says who may send.
        after: What else the target needs before it gets events: its queue's policy, its role's policy.
        input_path: Part of the event that the target receives (`$.detail`); unset: the whole event.
        bus_of_signals: The bus's physical name where what the rule takes are signals, not signs of life: then an alarm
            says that one could neither be delivered nor kept.

    Source: EventBridge User Guide, "Event retry policy and using dead-letter queues".
    """

    rule_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        region: Region,
        bus_name: pulumi.Input[str],
        rule_name: str,
        pattern: Mapping[str, Any],
        target_arn: pulumi.Input[str],
        target_role_arn: pulumi.Input[str] | None = None,
        permit: Callable[[pulumi.Output[str]], pulumi.Resource] | None = None,
        after: Sequence[pulumi.Resource] = (),
        input_path: str | None = None,
        bus_of_signals: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule", name=rule_name, event_bus_name=bus_name, event_pattern=json.dumps(pattern), opts=self.here
        )
        self.rule_arn = rule.arn
        dead_letters = MessageQueue(
            f"{name}-dlq",
            region=region,
            queue_name=dead_letter_queue(rule_name),
            rule_arns=[rule.arn],
            opts=self.child,
        )
        permissions = [permit(rule.arn)] if permit else []
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            event_bus_name=bus_name,
            target_id="target",
            arn=target_arn,
            role_arn=target_role_arn,
            input_path=input_path,
            retry_policy={"maximum_event_age_in_seconds": RETRY_AGE_SECONDS, "maximum_retry_attempts": RETRY_ATTEMPTS},
            dead_letter_config={"arn": dead_letters.arn},
            # An event that may not be delivered goes to the dead-letter queue, and one that may not go there is lost.
            opts=region.options(self, depends_on=[dead_letters.policy, *permissions, *after]),
        )
        if bus_of_signals:
            alarm_above(
                f"{name}-undelivered",
                region=region,
                parent=self,
                physical_name=undelivered_alarm(rule_name),
                runbook="signals-are-lost",
                what=f"What {rule_name} could not deliver its dead-letter queue did not take either: it is lost here.",
                namespace="AWS/Events",
                metric="InvocationsFailedToBeSentToDlq",
                dimensions={"EventBusName": bus_of_signals, "RuleName": rule_name},
                at_risk=True,
            )
        self.register_outputs({"ruleArn": self.rule_arn})
