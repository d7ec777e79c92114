"""EventBridge Scheduler with an event bus as its target.

AWS: a schedule whose target is a bus puts one event with the Source and DetailType of EventBridgeParameters and the
target's Input as its Detail, by the target's role, on that bus (Scheduler User Guide, "Using templated targets").
`<aws.scheduler.schedule-arn>`, `…scheduled-time`, `…execution-id` and `…attempt-number` in the input are filled in
("Adding context attributes").

ministack: sends every target an `aws.scheduler` event of its own making, and looks every ten seconds.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import eventbridge as events
from ministack.services import scheduler

from signals.local.extensions import delivery, event_bus, patching, permissions
from signals.local.extensions.queues import DeliveryError

patching.require(scheduler, "_tick_schedules", "_SCHEDULE_TICK_INTERVAL")
scheduler._SCHEDULE_TICK_INTERVAL = 1  # second


@patching.extends(events, "_invoke_target(target, event, rule, view)")
def invoke(
    original: Callable[..., None], target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None
) -> None:
    """Deliver to one target of a rule or of a schedule."""
    scheduled = event.get("Source") == "aws.scheduler"
    if scheduled:
        target = {**target, "Input": _filled(target.get("Input") or "{}", rule)}
    parameters = target.get("EventBridgeParameters") if scheduled else None
    if not parameters:
        original(target, event, rule, view)
        return
    entry = {**parameters, "Detail": target["Input"], "EventBusName": target["Arn"]}
    keys = {"events:source": parameters["Source"], "events:detail-type": parameters["DetailType"]}
    asked = (target["RoleArn"], delivery.SCHEDULER, "events:PutEvents", target["Arn"])
    refused = permissions.refusal(*asked, source_arn=rule.get("Arn", ""), keys=keys)
    if refused:
        error = DeliveryError("NO_PERMISSIONS", refused)
    else:
        status, _, body = event_bus.put_events({"Entries": [entry]})
        if status == 200 and not json.loads(body)["FailedEntryCount"]:
            return
        error = DeliveryError("NO_RESOURCE", body.decode())
    delivery.send_to_dead_letter_queue(target, view or events._pattern_event_view(event), rule, error)


def _filled(text: str, schedule: dict[str, Any]) -> str:
    for name, value in (
        ("schedule-arn", schedule.get("Arn", "")),
        ("scheduled-time", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"),
        ("execution-id", new_uuid()),
        ("attempt-number", "1"),
    ):
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
