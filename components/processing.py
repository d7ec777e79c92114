"""What a Region that processes signals has: enrichment, the data platform bus, and consumers; one Region, or both."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.consumer import ConsumerSubscription
from components.enrichment import Enrichment
from components.parts.regions import Component, Region, RegionalComponent
from components.setting_groups import Consumer
from components.settings import PlatformSettings


class RegionalProcessing(RegionalComponent):
    """From a Region's ingress bus to its consumers.

    Args:
        settings: The stack's settings: sources, the lake, and the sizes of functions.
        ingress_bus: The Region's ingress bus.
        consumers: Those that run here.
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
                opts=self.child,
            )
            for consumer in consumers
        }
        self.register_outputs({"dataBusName": self.data_bus.name})


class ActiveActiveConsumers(Component):
    """The secondary's half of the active/active pair, for consumers that may not wait for a failover.

    Replication brings every signal to both Regions, so each such consumer sees each signal in both, at least once and
    in any order.

    Args:
        settings: The stack's settings, with at least one active/active consumer.
        ingress_bus: The secondary's ingress bus.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        secondary: Region,
        ingress_bus: aws.cloudwatch.EventBus,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, opts)
        processing = RegionalProcessing(
            f"{name}-{secondary.name}",
            settings=settings,
            region=secondary,
            ingress_bus=ingress_bus,
            consumers=settings.active_active,
            opts=self.child,
        )
        rule_arns = {name: consumer.rule_arn for name, consumer in processing.consumers.items()}
        self.register_outputs({"dataBusName": processing.data_bus.name, "ruleArns": rule_arns})
