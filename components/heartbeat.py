"""One event a minute on the primary's Regional bus, so that a quiet night does not look like an outage."""

import pulumi
import pulumi_aws as aws

from components.parts.iam import put_events
from components.parts.queues import MessageQueue
from components.parts.regions import Component, Region
from components.parts.schedule import every_minute
from components.parts.subscription import Subscription, rule_arn
from handlers.shared.contract import HEARTBEAT_SOURCE, HEARTBEAT_TYPE

_SHORTEST_RETENTION_SECONDS = 60


class Heartbeat(Component):
    """A schedule that puts an event on the primary's bus, and a rule that delivers it to a queue nobody reads.

    It never goes through the global endpoint: there it would leave with the failover, and the health check could not
    see the primary recover.

    Args:
        bus: The primary's ingress bus.
    """

    def __init__(
        self, name: str, *, primary: Region, bus: aws.cloudwatch.EventBus, opts: pulumi.ResourceOptions | None = None
    ):
        super().__init__(name, opts)
        physical = primary.names.heartbeat
        every_minute(
            f"{name}-schedule",
            region=primary,
            parent=self,
            physical_name=physical,
            role=self.role(
                f"{name}-role",
                primary,
                physical_name=physical,
                service="scheduler",
                statements=[put_events(HEARTBEAT_SOURCE, bus.arn)],
            ),
            target_arn=bus.arn,
            event={"source": HEARTBEAT_SOURCE, "detail_type": HEARTBEAT_TYPE},
        )
        sink = MessageQueue(
            f"{name}-sink",
            region=primary,
            queue_name=physical,
            rule_arns=[rule_arn(primary, primary.names.ingress_bus, physical)],
            alarmed=False,
            holds_data=False,
            retention_seconds=_SHORTEST_RETENTION_SECONDS,
            opts=self.child,
        )
        Subscription(
            f"{name}-subscription",
            region=primary,
            bus_name=bus.name,
            rule_name=physical,
            pattern={"source": [HEARTBEAT_SOURCE]},
            target_arn=sink.arn,
            after=[sink.policy],
            opts=self.child,
        )
        self.register_outputs({})
