"""A queue that a function drains: what it cannot send on is retried for a day, then goes to a dead-letter queue."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.parts.function import PackagedFunction
from components.parts.iam import Statement, allow
from components.parts.queues import MessageQueue
from components.parts.regions import Region, RegionalComponent
from components.setting_groups import FunctionSize

# Lambda Developer Guide, "Using Lambda with Amazon SQS": at least six times the function's timeout.
_VISIBILITY_TIMEOUTS = 6
# Receives are at least a visibility timeout apart: with 6 minutes, a day of a bus that refuses everything.
_MAX_RECEIVES = 240


class DrainedQueue(RegionalComponent):
    """An SQS queue, its dead-letter queue and the function that it invokes with up to ten messages.

    Args:
        queue_name: Physical name.
        dead_letter_queue_name: Physical name of the queue for what failed for a day.
        rule_arns: EventBridge rules that may send here.
        longest_wait_seconds: How old the oldest message may get before an alarm says so (s).
        alarmed: Whether a message in the queue is a fault; one in the dead-letter queue always is.
        maximum_concurrency: Concurrent invocations, ten messages each: old signals must not crowd out new ones.
        folder: The function's folder in handlers/.
        function_name: Physical name of the function.
        size: Memory (MB) and timeout (s) of the function.
        environment: The function's environment.
        statements: What the function may do, beside receiving from the queue.
    """

    queue: MessageQueue

    def __init__(
        self,
        name: str,
        *,
        region: Region,
        queue_name: str,
        dead_letter_queue_name: str,
        folder: str,
        function_name: str,
        size: FunctionSize,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
        rule_arns: Sequence[pulumi.Input[str]] = (),
        longest_wait_seconds: int,
        alarmed: bool = True,
        maximum_concurrency: int = 5,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        dead_letters = MessageQueue(f"{name}-dlq", region=region, queue_name=dead_letter_queue_name, opts=self.child)
        self.queue = MessageQueue(
            f"{name}-queue",
            region=region,
            queue_name=queue_name,
            rule_arns=rule_arns,
            alarmed=alarmed,
            longest_wait_seconds=longest_wait_seconds,
            visibility_timeout_seconds=_VISIBILITY_TIMEOUTS * size.timeout_seconds,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": _MAX_RECEIVES}
            ),
            opts=self.child,
        )
        function = PackagedFunction(
            f"{name}-{folder.replace('_', '-')}",
            region=region,
            folder=folder,
            function_name=function_name,
            size=size,
            environment=environment,
            statements=[
                *statements,
                allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], self.queue.arn),
            ],
            opts=self.child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=self.queue.arn,
            function_name=function.alias.arn,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": maximum_concurrency},
            opts=self.here,
        )
        self.register_outputs({"queueUrl": self.queue.url})
