"""The return path: what is replayed from the secondary's archive goes back to the primary."""

import pulumi

from components.active_archive import ActiveArchivePair
from components.names import failed_queue
from components.parts.drained_queue import DrainedQueue
from components.parts.iam import put_events
from components.parts.regions import Component, Region, RegionPair
from components.parts.subscription import Subscription, rule_arn
from components.setting_groups import RETURN_PATH_CONCURRENCY, FunctionSize
from handlers.shared.contract import INGEST_SOURCE, REPLAY_NAME

# `signals replay` starts no slice while the queue holds more than an hour's work: six hours are no longer its pace.
_LONGEST_WAIT_SECONDS = 6 * 3_600


class ReturnPath(Component):
    """A rule in the secondary that takes replayed events alone, a queue, and a function that puts them in the primary.

    A replay goes to the archive's own bus and no other, and a bus target in the primary would be a second hop for
    events that came by replication: so a function puts them again, on the primary's own bus and not through the
    endpoint, which would replicate them back. Every replay names this rule in its FilterArns.

    Args:
        size: Memory (MB) and timeout (s) of the function.
        ingress: The ingress buses.

    Source: EventBridge User Guide, "Archiving and replaying events", "Sending and receiving events between buses".
    """

    def __init__(
        self,
        name: str,
        *,
        size: FunctionSize,
        regions: RegionPair[Region],
        ingress: ActiveArchivePair,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, opts)
        secondary, physical = regions.secondary, regions.secondary.names.return_path
        drained = DrainedQueue(
            name,
            region=secondary,
            queue_name=physical,
            dead_letter_queue_name=failed_queue(physical),
            rule_arns=[rule_arn(secondary, ingress.bus_name, physical)],
            alarmed=False,
            longest_wait_seconds=_LONGEST_WAIT_SECONDS,
            maximum_concurrency=RETURN_PATH_CONCURRENCY,
            folder="return_path",
            function_name=physical,
            size=size,
            environment={"EVENT_BUS_NAME": ingress.bus_name, "PRIMARY_REGION": regions.primary.name},
            statements=[put_events(INGEST_SOURCE, [ingress.buses.primary.arn])],
            opts=self.child,
        )
        subscription = Subscription(
            f"{name}-subscription",
            region=secondary,
            bus_name=ingress.buses.secondary.name,
            rule_name=physical,
            pattern={REPLAY_NAME: [{"exists": True}]},
            target_arn=drained.queue.arn,
            bus_of_signals=ingress.bus_name,
            after=[drained.queue.policy],
            opts=self.child,
        )
        self.register_outputs({"ruleArn": subscription.rule_arn})
