"""Enrichment: signal batches from the ingress bus become single signals on the data platform bus."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.ingest_api import sources_file
from components.parts.function import PackagedFunction
from components.parts.iam import allow
from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.parts.schedule import NOT_SIGNS_OF_LIFE
from components.parts.subscription import Subscription
from components.settings import PlatformSettings
from handlers.shared.contract import REPLAY_NAME, SIGNAL_SOURCE


class Enrichment(pulumi.ComponentResource):
    """The rule on a Region's ingress bus, the enrichment function behind it and the quarantine beside it.

    The rule takes all that is no heartbeat and no probe, so that what did not come through ingest is quarantined with
    its reason instead of passing by unseen.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        region: Where it runs.
        ingress_bus: Source of the batches.
        data_bus: Where single signals go.
        takes_replays: Whether a replay of this Region's archive is processed here. In the secondary it is not: there a
            replay is on its way back to the primary.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        region: Region,
        ingress_bus: aws.cloudwatch.EventBus,
        data_bus: aws.cloudwatch.EventBus,
        takes_replays: bool,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:Enrichment", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        quarantine = MessageQueue(
            f"{name}-quarantine",
            settings=settings,
            region=region,
            queue_name=f"{settings.name}-quarantine",
            opts=child,
        )
        function = PackagedFunction(
            name,
            settings=settings,
            region=region,
            folder="enrichment",
            function_name=f"{settings.name}-enrichment",
            size=settings.enrichment,
            environment={"DATA_BUS_NAME": data_bus.name, "QUARANTINE_QUEUE_URL": quarantine.url},
            statements=[
                allow("events:PutEvents", data_bus.arn, {"StringEquals": {"events:source": SIGNAL_SOURCE}}),
                allow("sqs:SendMessage", quarantine.arn),
            ],
            files=sources_file(settings),
            asynchronous=True,
            opts=child,
        )
        pattern: dict[str, object] = {"source": [NOT_SIGNS_OF_LIFE]}
        if not takes_replays:
            pattern[REPLAY_NAME] = [{"exists": False}]
        subscription = Subscription(
            name,
            settings=settings,
            region=region,
            bus_name=ingress_bus.name,
            rule_name=f"{settings.name}-enrichment",
            pattern=pattern,
            target_arn=function.alias_arn,
            opts=child,
        )
        function.allow_invocation("ingress-rule", "events.amazonaws.com", subscription.rule_arn)
        self.register_outputs({})
