"""Enrichment: signal batches from the ingress bus become single signals on the data platform bus."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.ingest_api import sources_file
from components.parts.function import PackagedFunction
from components.parts.iam import allow, put_events
from components.parts.queues import MessageQueue
from components.parts.regions import Region, RegionalComponent
from components.parts.schedule import NOT_SIGNS_OF_LIFE
from components.parts.subscription import Subscription
from components.setting_groups import FunctionSize, Source
from handlers.shared.contract import REPLAY_NAME, SIGNAL_SOURCE


class Enrichment(RegionalComponent):
    """The rule on a Region's ingress bus, the enrichment function behind it and the quarantine beside it.

    The rule takes everything but heartbeats and probes, so that an event that did not come through ingest is
    quarantined with its reason instead of being ignored.

    Args:
        size: Memory (MB) and timeout (s) of the function.
        sources: The registered sources, by name.
        ingress_bus: Source of the batches.
        data_bus: Where single signals go.
    """

    def __init__(
        self,
        name: str,
        *,
        size: FunctionSize,
        sources: Mapping[str, Source],
        region: Region,
        ingress_bus: aws.cloudwatch.EventBus,
        data_bus: aws.cloudwatch.EventBus,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        quarantine = MessageQueue(
            f"{name}-quarantine", region=region, queue_name=region.names.quarantine, opts=self.child
        )
        function = PackagedFunction(
            name,
            region=region,
            folder="enrichment",
            function_name=region.names.enrichment,
            size=size,
            environment={"DATA_BUS_NAME": data_bus.name, "QUARANTINE_QUEUE_URL": quarantine.url},
            statements=[put_events(SIGNAL_SOURCE, data_bus.arn), allow("sqs:SendMessage", quarantine.arn)],
            files=sources_file(sources),
            asynchronous=True,
            opts=self.child,
        )
        pattern: dict[str, object] = {"source": [NOT_SIGNS_OF_LIFE]}
        # In the secondary the return path takes a replay of the archive back to the primary.
        if region.name != region.names.regions.primary:
            pattern[REPLAY_NAME] = [{"exists": False}]
        Subscription(
            name,
            region=region,
            bus_name=ingress_bus.name,
            rule_name=region.names.enrichment,
            pattern=pattern,
            target_arn=function.alias.arn,
            bus_of_signals=region.names.ingress_bus,
            permit=lambda rule: function.allow_invocation("ingress-rule", "events.amazonaws.com", rule),
            opts=self.child,
        )
        self.register_outputs({})
