"""Where ingest puts what the global endpoint refuses, and the function that sends it there again."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.active_archive import GlobalBus
from components.parts.drained_queue import DrainedQueue
from components.parts.iam import Statement, allow
from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.settings import PlatformSettings
from handlers.shared.contract import INGEST_SOURCE


def publish_statements(*bus_arns: pulumi.Input[str]) -> Sequence[Statement]:
    """What a publisher of signal batches may do: put them, as ingest's, on these buses.

    Through the global endpoint both Regions' buses are needed: it may route to either.
    """
    return [allow("events:PutEvents", list(bus_arns), {"StringEquals": {"events:source": INGEST_SOURCE}})]


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
        self.queue = DrainedQueue(
            name,
            settings=settings,
            region=region,
            queue_name=f"{settings.name}-spool",
            dead_letter_queue_name=f"{settings.name}-spool-dlq",
            folder="republish",
            function_name=f"{settings.name}-republish",
            environment={"EVENT_BUS_NAME": bus.bus_name, "EVENT_ENDPOINT_ID": bus.endpoint_id},
            statements=publish_statements(*(regional.arn for regional in bus.buses)),
            opts=pulumi.ResourceOptions(parent=self),
        ).queue
        self.register_outputs({"queueUrl": self.queue.url})
