"""The spool: where ingest puts what the global endpoint refuses, and the function that sends it there again."""

import pulumi

from components.active_archive import ActiveArchivePair
from components.names import dead_letter_queue
from components.parts.drained_queue import DrainedQueue
from components.parts.iam import put_events
from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.setting_groups import FunctionSize
from handlers.shared.contract import INGEST_SOURCE

# A message is tried at once, after 6 minutes and after 12, then SQS counts its age no longer (SQS Developer Guide,
# "Available CloudWatch metrics"). A failover lets messages reach 12 minutes once; an endpoint that goes on refusing
# keeps the oldest between 10 and 12 for as long as it does.
_LONGEST_WAIT_SECONDS = 600
_FORMER_TYPE = "signals:index:Spool"


def spool(
    name: str, *, size: FunctionSize, region: Region, ingress: ActiveArchivePair, parent: pulumi.Resource
) -> MessageQueue:
    """The spool of one Region: a drained queue.

    Args:
        name: Its logical name, and the prefix of every child's.
        size: Memory (MB) and timeout (s) of the function that drains it.
        region: Where it is.
        ingress: The global endpoint that spooled batches return to.
        parent: The platform.
    """
    # The drained queue was once the only child of a component of its own: a stack that has both keeps the queue. The
    # order matters, because Pulumi takes the first alias that it finds.
    wrapper = pulumi.create_urn(name, _FORMER_TYPE, parent)
    return DrainedQueue(
        name,
        region=region,
        queue_name=region.names.spool,
        dead_letter_queue_name=dead_letter_queue(region.names.spool),
        longest_wait_seconds=_LONGEST_WAIT_SECONDS,
        folder="republish",
        function_name=region.names.republish,
        size=size,
        environment={"EVENT_BUS_NAME": ingress.bus_name, "EVENT_ENDPOINT_ID": ingress.endpoint_id},
        statements=[put_events(INGEST_SOURCE, ingress.bus_arns)],
        opts=pulumi.ResourceOptions(
            parent=parent, aliases=[pulumi.Alias(parent=wrapper), pulumi.Alias(type_=_FORMER_TYPE)]
        ),
    ).queue
