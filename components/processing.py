"""What a Region that processes signals has: enrichment, the data platform bus, and consumers; one Region, or both."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.consumer import ConsumerSubscription, ConsumerTables
from components.enrichment import Enrichment
from components.parts.regions import Region, RegionalComponent
from components.setting_groups import Consumer
from components.settings import PlatformSettings


class RegionalProcessing(RegionalComponent):
    """From a Region's ingress bus to its consumers.

    Args:
        settings: The stack's settings: sources, the lake, and the sizes of functions.
        ingress_bus: The Region's ingress bus.
        consumers: Those that run here.
        tables: Those of the functions among them, by the consumer's name.
    """

    data_bus: aws.cloudwatch.EventBus
    consumers: Mapping[str, ConsumerSubscription]

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        region: Region,
        ingress_bus: aws.cloudwatch.EventBus,
        consumers: Sequence[Consumer],
        tables: Mapping[str, ConsumerTables],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        self.data_bus = aws.cloudwatch.EventBus(
            f"{name}-data-bus",
            name=region.names.data_bus,
            description="Enriched signals, one an event.",
            opts=region.options(self, protect=True),
        )
        Enrichment(
            f"{name}-enrichment",
            size=settings.enrichment,
            sources=settings.sources,
            region=region,
            ingress_bus=ingress_bus,
            data_bus=self.data_bus,
            opts=self.child,
        )
        self.consumers = {
            consumer.name: ConsumerSubscription(
                f"{name}-{consumer.name}",
                consumer=consumer,
                region=region,
                data_bus=self.data_bus,
                lake=settings.lake,
                size=settings.consumer_functions,
                tables=tables.get(consumer.name),
                opts=self.child,
            )
            for consumer in consumers
        }
        self.register_outputs({"dataBusName": self.data_bus.name})
