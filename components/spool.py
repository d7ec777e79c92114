"""Where ingest puts what the global endpoint refuses, and the function that sends it there again."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.function import PackagedFunction
from components.global_bus import GlobalBus
from components.iam import Statement, allow
from components.queues import MessageQueue
from components.regions import Region
from components.settings import PlatformSettings

INGEST_SOURCE = "signals.ingest"
# Lambda Developer Guide, "Using Lambda with Amazon SQS": at least six times the function's timeout.
_VISIBILITY_TIMEOUTS = 6
# Receives are at least a visibility timeout apart: with 6 minutes, a day of an endpoint that refuses everything.
_MAX_RECEIVES = 240


def publish_statements(bus: GlobalBus) -> Sequence[Statement]:
    """What a publisher through the global endpoint may do: the endpoint may route to either Region's bus."""
    condition = {"StringEquals": {"events:source": INGEST_SOURCE}}
    return [allow("events:PutEvents", [regional.arn for regional in bus.buses], condition)]


class Spool(pulumi.ComponentResource):
    """The spool of one Region.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        region: Where it lives.
        bus: The global endpoint that spooled batches return to.
    """

    queue: MessageQueue

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        region: Region,
        bus: GlobalBus,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:Spool", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        dead_letters = MessageQueue(
            f"{name}-dlq", settings=settings, region=region, queue_name=f"{settings.name}-spool-dlq", opts=child
        )
        self.queue = MessageQueue(
            f"{name}-queue",
            settings=settings,
            region=region,
            queue_name=f"{settings.name}-spool",
            visibility_timeout_seconds=_VISIBILITY_TIMEOUTS * settings.republish.timeout_seconds,
            dead_letter_queue=dead_letters,
            max_receives=_MAX_RECEIVES,
            opts=child,
        )
        republish = PackagedFunction(
            f"{name}-republish",
            settings=settings,
            region=region,
            folder="republish",
            function_name=f"{settings.name}-republish",
            size=settings.republish,
            environment={"EVENT_BUS_NAME": bus.bus_name, "EVENT_ENDPOINT_ID": bus.endpoint_id},
            statements=[
                *publish_statements(bus),
                allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], self.queue.arn),
            ],
            opts=child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=self.queue.arn,
            function_name=republish.alias_arn,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            # Few at a time: what returns after an outage must not crowd out what arrives now.
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(maximum_concurrency=5),
            opts=region.options(self),
        )
        self.register_outputs({"queueUrl": self.queue.url})
