"""Event buses as targets, in this Region and in others, and the rule that an event takes one hop.

AWS: a rule may send to a bus in another Region; the copy keeps the `region` it was first put in, and may have another
id. An event received from another bus is not passed on to a third: it goes to the dead-letter queue with
THIRD_REGION_HOP_DETECTED or THIRD_ACCOUNT_HOP_DETECTED (User Guide, "Sending and receiving events between event buses"
and "Using dead-letter queues"). Whether a replay resets the count is not documented; here it does not.

ministack: knows buses of the rule's own Region only, and forwards without limit. A target's input, which ministack
applies to buses too, is left out: no rule of this platform changes what it sends to a bus.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ministack.core.arn import Arn
from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import eventbridge as events

from components import resource_types as types
from signals.local import faults
from signals.local.extensions import event_bus, patching, permissions
from signals.local.extensions.event_bus import Event
from signals.local.extensions.queues import DeliveryError, permit

_CROSS_REGION, _PUT = "CROSS_REGION_INGESTION_FAILED", "events:PutEvents"
logger = logging.getLogger("signals.local.events")
# What crosses Regions is asynchronous: no request waits for it.
_between_regions = ThreadPoolExecutor(4, thread_name_prefix="between-regions")
patching.require(events, "_event_buses")


def forward(arn: Arn, event: Event, rule: dict[str, Any], *, role_arn: str | None) -> None:
    """Pass an event on to another bus by a role."""
    if event.get("_ReceivedFrom"):
        raise DeliveryError(
            "THIRD_REGION_HOP_DETECTED",
            f"the event was received from {event['_ReceivedFrom']} and cannot be sent on to {arn}",
        )
    if arn.region in faults.now.refusing_regions:
        raise DeliveryError(_CROSS_REGION, f"event buses in {arn.region} do not answer", retryable=True)
    if faults.now.cut_replication and rule.get("ManagedBy") == event_bus.MANAGED_BY:
        raise DeliveryError(_CROSS_REGION, "replication is cut", retryable=True)
    bus = arn.resource.removeprefix("event-bus/")
    if not events._event_buses.contains_scoped(arn.account_id, arn.region, bus):
        raise DeliveryError("NO_RESOURCE", f"Event bus {arn} does not exist")
    elsewhere = (arn.account_id, arn.region) != (get_account_id(), get_region())
    if role_arn:
        keys = {"events:source": event["Source"], "events:detail-type": event["DetailType"]}
        permit(permissions.refusal(role_arn, event_bus.MANAGED_BY, _PUT, str(arn), source_arn=rule["Arn"], keys=keys))
    elif elsewhere:
        raise DeliveryError("NO_PERMISSIONS", f"{rule['Arn']} has no role that may perform {_PUT} on {arn}")
    copy = {key: value for key, value in event.items() if key != "_Endpoint"}
    copy["EventBusName"] = bus
    copy["_ReceivedFrom"] = types.arn(
        types.BUS, region=get_region(), account=get_account_id(), name=event["EventBusName"]
    )
    if elsewhere:
        copy["EventId"] = new_uuid()
    if rule.get("ManagedBy") == event_bus.MANAGED_BY and event.get("_Endpoint"):
        copy["Resources"] = [*event["Resources"], event["_Endpoint"]]
    if elsewhere:
        _between_regions.submit(_receive, arn, copy)
    else:
        event_bus.accept(copy)


def _receive(arn: Arn, event: Event) -> None:
    try:
        with request_scope(arn.account_id, arn.region):
            event_bus.accept(event)
    except Exception:
        logger.exception("bus %s could not take an event", arn)
