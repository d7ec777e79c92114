"""The return path: what is replayed from the secondary's archive goes back to the primary."""

from __future__ import annotations

import pulumi

from components.active_archive import GlobalBus
from components.parts.drained_queue import DrainedQueue
from components.parts.regions import Region, RegionPair
from components.parts.subscription import Subscription, rule_arn
from components.settings import PlatformSettings
from components.spool import publish_statements
from handlers.shared.contract import REPLAY_NAME


class ReturnPath(pulumi.ComponentResource):
    """A rule in the secondary that takes replayed events alone, a queue, and a function that puts them in the primary.

    A replay goes to the archive's own bus and no other, and a bus target in the primary would be a second hop for
    events that came by replication: so a function puts them anew, on the primary's own bus and not through the
    endpoint, which would replicate them back. Every replay names this rule in its FilterArns.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        regions: The primary and the secondary Region.
        bus: The ingress buses.

    Source: EventBridge User Guide, "Archiving and replaying events", "Sending and receiving events between buses".
    """

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        regions: RegionPair[Region],
        bus: GlobalBus,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:ReturnPath", name, None, opts)
        child, physical = pulumi.ResourceOptions(parent=self), f"{settings.name}-return"
        drained = DrainedQueue(
            name,
            settings=settings,
            region=regions.secondary,
            queue_name=physical,
            dead_letter_queue_name=f"{physical}-failed",
            rule_arns=[rule_arn(settings, regions.secondary, bus.bus_name, physical)],
            alarmed=False,
            # Hours of signals come back at once, well below the primary's 10,000 PutEvents requests a second.
            maximum_concurrency=50,
            folder="return_path",
            function_name=physical,
            environment={"EVENT_BUS_NAME": bus.bus_name, "PRIMARY_REGION": regions.primary.name},
            statements=publish_statements(bus.buses.primary.arn),
            opts=child,
        )
        subscription = Subscription(
            f"{name}-subscription",
            settings=settings,
            region=regions.secondary,
            bus_name=bus.buses.secondary.name,
            rule_name=physical,
            pattern={REPLAY_NAME: [{"exists": True}]},
            target_arn=drained.queue.arn,
            opts=child,
        )
        self.rule_arn = subscription.rule_arn
        self.register_outputs({"ruleArn": self.rule_arn})
