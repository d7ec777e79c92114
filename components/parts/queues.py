"""A queue: encrypted, TLS only, open to its own senders alone, and alarmed."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.names import age_alarm, messages_alarm
from components.parts.alarms import alarm_above
from components.parts.iam import Statement, document, tls_only
from components.parts.regions import Region, RegionalComponent

MAX_RETENTION_DAYS = 14  # SQS keeps a message no longer
_DAY_SECONDS = 86_400


class MessageQueue(RegionalComponent):
    """An SQS standard queue, its policy and the alarms on messages in it.

    Args:
        queue_name: Physical name.
        rule_arns: EventBridge rules that may send here: through the API, the queue policy is ours to write.
        alarmed: Whether a message in it is a fault that somebody must look at.
        holds_data: Whether it may hold the only copy of a signal, which a protected stack refuses to delete.
        retention_seconds: How long a message is kept (s).
        visibility_timeout_seconds: How long a received message stays hidden (s).
        longest_wait_seconds: How old the oldest message may get before an alarm says so (s); unset: as it likes.
        redrive_policy: As JSON, where a message goes that has been received too often.

    Source: EventBridge User Guide, "Using dead-letter queues"; SQS Developer Guide.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    policy: aws.sqs.QueuePolicy

    def __init__(
        self,
        name: str,
        *,
        region: Region,
        queue_name: str,
        rule_arns: Sequence[pulumi.Input[str]] = (),
        alarmed: bool = True,
        holds_data: bool = True,
        retention_seconds: int = MAX_RETENTION_DAYS * _DAY_SECONDS,
        visibility_timeout_seconds: int = 30,
        longest_wait_seconds: int | None = None,
        redrive_policy: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=queue_name,
            message_retention_seconds=retention_seconds,
            visibility_timeout_seconds=visibility_timeout_seconds,
            sqs_managed_sse_enabled=True,
            redrive_policy=redrive_policy,
            opts=region.options(self, protect=holds_data),
        )
        self.arn, self.url = queue.arn, queue.url
        statements: list[Statement] = [tls_only([queue.arn], "sqs")]
        if rule_arns:
            statements.append(
                {
                    "Sid": "RulesSend",
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue.arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": list(rule_arns)}},
                }
            )
        self.policy = aws.sqs.QueuePolicy(
            f"{name}-policy", queue_url=queue.url, policy=document(statements), opts=self.here
        )
        if alarmed:
            alarm_above(
                f"{name}-alarm",
                region=region,
                parent=self,
                physical_name=messages_alarm(queue_name),
                runbook="the-spool-grows" if queue_name == region.names.spool else "messages-in-a-queue",
                what=f"There are messages in {queue_name}: something could not be delivered or processed.",
                namespace="AWS/SQS",
                metric="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": queue.name},
                statistic="Maximum",
            )
        if longest_wait_seconds:
            alarm_above(
                f"{name}-waits",
                region=region,
                parent=self,
                physical_name=age_alarm(queue_name),
                runbook="the-spool-grows" if queue_name == region.names.spool else "messages-wait-in-a-queue",
                what=f"Messages wait in {queue_name} for too long: whoever drains it is too slow, or does not.",
                namespace="AWS/SQS",
                metric="ApproximateAgeOfOldestMessage",
                dimensions={"QueueName": queue_name},
                statistic="Maximum",
                threshold=longest_wait_seconds,
                periods=5,
                at_risk=True,
            )
        self.register_outputs({"arn": self.arn, "url": self.url})
