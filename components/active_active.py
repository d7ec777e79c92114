"""The active/active pair: consumers that may not wait for a failover run in the secondary too."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.consumer import ConsumerSubscription, ConsumerTables
from components.parts.regions import Component, Region
from components.processing import RegionalProcessing
from components.settings import PlatformSettings


class ActiveActiveConsumers(Component):
    """The secondary's half: the same processing as in the primary, for active/active consumers alone.

    Replication brings every signal to both Regions, so each such consumer sees each signal in both, at least once and
    in any order.

    Args:
        settings: The stack's settings, with at least one active/active consumer.
        ingress_bus: The secondary's ingress bus.
        tables: The global tables of the functions, by the consumer's name.
    """

    data_bus: aws.cloudwatch.EventBus
    consumers: Mapping[str, ConsumerSubscription]

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        secondary: Region,
        ingress_bus: aws.cloudwatch.EventBus,
        tables: Mapping[str, ConsumerTables],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, opts)
        processing = RegionalProcessing(
            f"{name}-{secondary.name}",
            settings=settings,
            region=secondary,
            ingress_bus=ingress_bus,
            consumers=settings.active_active,
            tables=tables,
            opts=self.child,
        )
        self.data_bus, self.consumers = processing.data_bus, processing.consumers
        self.register_outputs(
            {
                "dataBusName": self.data_bus.name,
                "ruleArns": {name: consumer.rule_arn for name, consumer in self.consumers.items()},
            }
        )
