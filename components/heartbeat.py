"""One event a minute on the primary's Regional bus, so that a quiet night does not look like an outage."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.parts.iam import allow, service_role
from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.parts.schedule import every_minute
from components.parts.subscription import Subscription, rule_arn
from components.settings import PlatformSettings
from handlers.shared.contract import HEARTBEAT_SOURCE, HEARTBEAT_TYPE

_SHORTEST_RETENTION_SECONDS = 60


class Heartbeat(pulumi.ComponentResource):
    """A schedule that puts an event on the primary's bus, and a rule that delivers it to a queue nobody reads.

    It never goes through the global endpoint: there it would leave with the failover, and the health check could not
    see the primary recover.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        primary: The primary Region.
        bus: The primary's ingress bus.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        primary: Region,
        bus: aws.cloudwatch.EventBus,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:Heartbeat", name, None, opts)
        here, child, physical = primary.options(self), pulumi.ResourceOptions(parent=self), f"{settings.name}-heartbeat"
        role, policy = service_role(
            f"{name}-role",
            physical_name=physical,
            service="scheduler.amazonaws.com",
            statements=[allow("events:PutEvents", bus.arn, {"StringEquals": {"events:source": HEARTBEAT_SOURCE}})],
            account_id=settings.account_id,
            opts=here,
        )
        every_minute(
            f"{name}-schedule",
            physical_name=physical,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=bus.arn,
                role_arn=role.arn,
                input="{}",
                eventbridge_parameters=aws.scheduler.ScheduleTargetEventbridgeParametersArgs(
                    source=HEARTBEAT_SOURCE, detail_type=HEARTBEAT_TYPE
                ),
            ),
            opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[policy])),
        )
        sink = MessageQueue(
            f"{name}-sink",
            settings=settings,
            region=primary,
            queue_name=physical,
            rule_arns=[rule_arn(settings, primary, f"{settings.name}-ingress", physical)],
            alarmed=False,
            holds_data=False,
            retention_seconds=_SHORTEST_RETENTION_SECONDS,
            opts=child,
        )
        Subscription(
            f"{name}-subscription",
            settings=settings,
            region=primary,
            bus_name=bus.name,
            rule_name=physical,
            pattern={"source": [HEARTBEAT_SOURCE]},
            target_arn=sink.arn,
            opts=child,
        )
        self.register_outputs({})
