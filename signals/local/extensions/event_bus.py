"""PutEvents as EventBridge answers it, and the dispatch of an accepted event to its rules' targets.

AWS: an entry is refused for what it lacks, one by one; an entry for a bus that does not exist is answered with an
event id, not counted as failed, and dropped; a request is at most 10 entries and 1 MiB; `Time` is the event's time if
given (EventBridge User Guide, "Sending events with PutEvents"; API reference, PutEvents). A rule that EventBridge
manages for a global endpoint matches only what came in through the endpoint, and no replay (seen live: aws-samples/
sample-serverless-messaging-hub, docs/e2e-evidence.md). `AWS/Events IngestionToInvocationStartLatency` is the time
from ingestion to the first invocation (ms), here without dimensions, which is the form that failover watches.

ministack: refuses an unknown bus's ARN, takes malformed entries, ignores Time, and publishes no metric.
"""

import json
import logging
import time
from collections.abc import Container
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid
from ministack.services import cloudwatch
from ministack.services import eventbridge as events

from signals.local import faults
from signals.local.extensions import patching

Event = dict[str, Any]
MANAGED_BY = "events.amazonaws.com"
# "Less than 1 MB": EventBridge User Guide, "Sending events with PutEvents".
MAX_REQUEST_BYTES = 999_999
_TIME_BYTES = 14
_REQUIRED = ("Source", "DetailType", "Detail")
logger = logging.getLogger("signals.local.events")
_THROTTLED = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded."}
patching.require(events, "_pattern_event_view", "_matches_pattern_view", "_event_bus_name_from_ref")
patching.require(cloudwatch, "record_metric(namespace, metric_name, value, unit, dimensions)")


def put_events(
    data: dict[str, Any],
    allow_aws_source: bool = False,
    *,
    endpoint_arn: str | None = None,
    throttled: Container[int] = (),
) -> Any:
    """PutEvents on the Region in scope.

    Args:
        data: The request.
        allow_aws_source: Whether it comes from a service of AWS.
        endpoint_arn: The global endpoint that it came through.
        throttled: Places of the entries that a fault refuses.
    """
    if get_region() in faults.now.refusing_regions:
        return error_response_json("InternalException", f"EventBridge in {get_region()} does not answer.", 500)
    entries = data.get("Entries") or []
    if not 1 <= len(entries) <= 10:
        return error_response_json(
            "ValidationException",
            f"1 validation error detected: Value '{len(entries)}' at 'entries' failed to satisfy constraint: "
            f"Member must have length {'less than or equal to 10' if entries else 'greater than or equal to 1'}",
        )
    if sum(map(_bytes, entries)) > MAX_REQUEST_BYTES:
        return error_response_json("ValidationException", "Total size of the entries in the request is over the limit.")
    results = [
        _THROTTLED if place in throttled else _put(entry, allow_aws_source, endpoint_arn)
        for place, entry in enumerate(entries)
    ]
    failed = sum("ErrorCode" in result for result in results)
    return json_response({"FailedEntryCount": failed, "Entries": results})


def accept(event: Event) -> None:
    """Accept an event on its bus in the Region in scope: rules first, then archives."""
    event["_Ingested"] = time.time()
    view = events._pattern_event_view(event)
    dispatch(event, view)
    events._archive_event(event, view)


@patching.replaces(events, "_dispatch_event(event, view)")
def dispatch(event: Event, view: Any = None, *, only_rules: frozenset[str] = frozenset()) -> None:
    """Hand an event to the targets of the rules that match; of `only_rules` (ARNs) alone if there are any."""
    bus = event.get("EventBusName", "default")
    view = view or events._pattern_event_view(event)
    invoked = False
    for key, rule in list(events._rules.items()):
        if rule.get("EventBusName", "default") != bus or rule.get("State") != "ENABLED" or not rule.get("EventPattern"):
            continue
        if only_rules and rule["Arn"] not in only_rules:
            continue
        if rule.get("ManagedBy") == MANAGED_BY and (event.get("_Endpoint") is None or event.get("ReplayName")):
            continue
        if not events._matches_pattern_view(rule["EventPattern"], view, f"rule {key}"):
            continue
        for target in list(events._targets.get(key, [])):
            if not invoked:
                invoked = True
                _measure(event)
            events._invoke_target(target, event, rule, view)


def _measure(event: Event) -> None:
    latency_ms = max(0.0, (time.time() - event.get("_Ingested", time.time())) * 1000)
    latency_ms += faults.now.latency_ms.get(get_region(), 0.0)
    cloudwatch.record_metric("AWS/Events", "IngestionToInvocationStartLatency", latency_ms, "Milliseconds")


def _put(entry: dict[str, Any], allow_aws_source: bool, endpoint_arn: str | None) -> dict[str, str]:
    bus, error = events._event_bus_name_from_ref(entry.get("EventBusName") or "default")
    refused = _refusal(entry, allow_aws_source) or error
    if refused:
        return {"ErrorCode": refused[0], "ErrorMessage": refused[1]}
    event: Event = {
        "EventId": new_uuid(),
        "Source": entry["Source"],
        "DetailType": entry["DetailType"],
        "Detail": entry["Detail"],
        "EventBusName": bus,
        "Time": int(events._coerce_timestamp(entry.get("Time") or time.time())),
        "Resources": entry.get("Resources") or [],
        "Account": get_account_id(),
        "Region": get_region(),
        "_Endpoint": endpoint_arn,
    }
    if bus not in events._event_buses or bus in faults.now.missing_buses:
        logger.warning("event %s is dropped: there is no bus %s in %s", event["EventId"], bus, get_region())
    else:
        accept(event)
    return {"EventId": event["EventId"]}


def _refusal(entry: dict[str, Any], allow_aws_source: bool) -> tuple[str, str] | None:
    for name in _REQUIRED:
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    if entry["Source"].startswith("aws.") and not allow_aws_source:
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        well_formed = isinstance(json.loads(entry["Detail"]), dict)
    except (ValueError, TypeError):
        well_formed = False
    return None if well_formed else ("MalformedDetail", "Detail is malformed.")


def _bytes(entry: dict[str, Any]) -> int:
    texts = [entry.get(name) or "" for name in _REQUIRED] + list(entry.get("Resources") or [])
    return sum(len(str(text).encode()) for text in texts) + (_TIME_BYTES if entry.get("Time") else 0)
