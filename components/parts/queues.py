"""A queue: encrypted, TLS only, open to its own senders alone, and alarmed."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.names import messages_alarm
from components.parts.iam import Statement, document, tls_only
from components.parts.regions import Region, RegionalComponent
from components.parts.runbook import see

MAX_RETENTION_DAYS = 14  # SQS keeps a message no longer
_DAY_SECONDS = 86_400


class MessageQueue(RegionalComponent):
    """An SQS standard queue, its policy and the alarm on messages in it.

    Args:
        queue_name: Physical name.
        rule_arns: EventBridge rules that may send here: through the API, the queue policy is ours to write.
        alarmed: Whether a message in it is a fault that somebody must look at.
        holds_data: Whether it may hold the only copy of a signal, which a protected stack refuses to delete.
        retention_seconds: How long a message is kept (s).
        visibility_timeout_seconds: How long a received message stays hidden (s).
        redrive_policy: As JSON, where a message goes that has been received too often.

    Source: EventBridge User Guide, "Using dead-letter queues"; SQS Developer Guide.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

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
        aws.sqs.QueuePolicy(f"{name}-policy", queue_url=queue.url, policy=document(statements), opts=self.here)
        if alarmed:
            aws.cloudwatch.MetricAlarm(
                f"{name}-alarm",
                name=messages_alarm(queue_name),
                alarm_description=see(
                    "the-spool-grows" if queue_name == region.names.spool else "messages-in-a-queue",
                    f"There are messages in {queue_name}: something could not be delivered or processed.",
                ),
                namespace="AWS/SQS",
                metric_name="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": queue.name},
                statistic="Maximum",
                period=60,
                evaluation_periods=1,
                comparison_operator="GreaterThanThreshold",
                threshold=0,
                treat_missing_data="notBreaching",
                alarm_actions=region.alarm_actions,
                actions_enabled=region.actions_enabled,
                opts=self.here,
            )
        self.register_outputs({"arn": self.arn, "url": self.url})
