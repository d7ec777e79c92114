"""A queue that a function drains: what it cannot pass on is tried for a day, then lies in a dead-letter queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.parts.function import PackagedFunction
from components.parts.iam import Statement, allow
from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.settings import PlatformSettings

# Lambda Developer Guide, "Using Lambda with Amazon SQS": at least six times the function's timeout.
_VISIBILITY_TIMEOUTS = 6
# Receives are at least a visibility timeout apart: with 6 minutes, a day of a bus that refuses everything.
_MAX_RECEIVES = 240


class DrainedQueue(pulumi.ComponentResource):
    """An SQS queue, its dead-letter queue and the function that it invokes with up to ten messages.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings: size and timeout (s) of the function.
        region: Where it lives.
        queue_name: Physical name.
        dead_letter_queue_name: Physical name of what failed for a day.
        rule_arns: EventBridge rules that may send here.
        alarmed: Whether a message in the queue is a fault in itself; one in the dead-letter queue always is.
        maximum_concurrency: Invocations at a time, ten messages each: what returns must not crowd out what arrives now.
        folder: The function's folder in handlers/.
        function_name: Physical name of the function.
        environment: The function's environment.
        statements: What the function may do, beside receiving from the queue.
    """

    queue: MessageQueue

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        region: Region,
        queue_name: str,
        dead_letter_queue_name: str,
        folder: str,
        function_name: str,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
        rule_arns: Sequence[pulumi.Input[str]] = (),
        alarmed: bool = True,
        maximum_concurrency: int = 5,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:DrainedQueue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        dead_letters = MessageQueue(
            f"{name}-dlq", settings=settings, region=region, queue_name=dead_letter_queue_name, opts=child
        )
        self.queue = MessageQueue(
            f"{name}-queue",
            settings=settings,
            region=region,
            queue_name=queue_name,
            rule_arns=rule_arns,
            alarmed=alarmed,
            visibility_timeout_seconds=_VISIBILITY_TIMEOUTS * settings.republish.timeout_seconds,
            dead_letter_queue=dead_letters,
            max_receives=_MAX_RECEIVES,
            opts=child,
        )
        function = PackagedFunction(
            f"{name}-{folder.replace('_', '-')}",
            settings=settings,
            region=region,
            folder=folder,
            function_name=function_name,
            size=settings.republish,
            environment=environment,
            statements=[
                *statements,
                allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], self.queue.arn),
            ],
            opts=child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=self.queue.arn,
            function_name=function.alias_arn,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(maximum_concurrency=maximum_concurrency),
            opts=region.options(self),
        )
        self.register_outputs({"queueUrl": self.queue.url})
