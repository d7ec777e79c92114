"""EventBridge global endpoints: one address, two Regions, a health check that decides, and replication both ways.

AWS: PutEvents with an EndpointId goes to the primary's bus while the health check is healthy, else to the secondary's;
the bus may be named by the name or the ARN of either Region. With replication (the default, which needs a role)
EventBridge keeps a rule `GlobalEndpointManagedRule-…` on each bus that forwards to the other; the copy has an id of its
own, its `region` says where the event came in, its `resources` hold the endpoint's ARN. Only what came in through the
endpoint is replicated, no replay is. The id looks like `abc123.veo`, the URL is
`https://{id}.endpoint.events.amazonaws.com`; a request must be signed with SigV4A, which shows only once failed over
(User Guide, "Making applications Regional-fault tolerant"; botocore's endpoint rules; boto/boto3#4465). The managed
rules' pattern is not published: here it matches every event but replays, and `event_bus.dispatch` does the rest. On
AWS an unknown id has no DNS name; here it answers ResourceNotFoundException.

ministack: stores the endpoint and ignores EndpointId.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.core.router import extract_signed_region
from ministack.services import eventbridge as events

from components import resource_types as types
from signals.local import faults
from signals.local.extensions import event_bus, health_check, patching

Endpoint = dict[str, Any]
DNS_SUFFIX = ".endpoint.events.amazonaws.com"
RULE_PREFIX = "GlobalEndpointManagedRule-"
_SHOWN: tuple[str, ...] = (
    *("Name", "Description", "Arn", "RoutingConfig", "ReplicationConfig", "EventBuses", "RoleArn", "EndpointId"),
    *("EndpointUrl", "State", "CreationTime", "LastModifiedTime"),
)
_signed_region: ContextVar[str | None] = ContextVar("signed_region", default=None)
_ministack_handle: Callable[..., Any]
_entries_seen = 0


def install() -> None:
    global _ministack_handle
    patching.require(events, "_endpoints")
    for name, new in (
        ("_create_endpoint", create),
        ("_describe_endpoint", describe),
        ("_update_endpoint", update),
        ("_delete_endpoint", delete),
        ("_list_endpoints", list_endpoints),
        ("_put_events", put_events),
    ):
        patching.replace(events, f"{name}(data)", new)
    _ministack_handle = patching.replace(events, "handle_request(method, path, headers, body, query_params)", _handle)


def active_region(endpoint: Endpoint) -> str:
    """The Region an endpoint sends to now."""
    failover = endpoint["RoutingConfig"]["FailoverConfig"]
    check_id = failover["Primary"]["HealthCheck"].rpartition("/")[2]
    home = endpoint["Arn"].split(":")[3]
    return str(home if health_check.status(check_id).healthy else failover["Secondary"]["Route"])


def put_events(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
    """PutEvents; through an endpoint, on the Region it sends to."""
    endpoint_id = data.get("EndpointId")
    if not endpoint_id:
        return event_bus.put_events(data, allow_aws_source)
    endpoint = next((e for e in events._endpoints.all_values() if e["EndpointId"] == endpoint_id), None)
    if endpoint is None:
        return error_response_json("ResourceNotFoundException", f"Endpoint {endpoint_id} does not exist.", 400)
    if faults.now.refusing_endpoints:
        return error_response_json("InternalException", f"Endpoint {endpoint_id} does not answer.", 500)
    region = active_region(endpoint)
    if _signed_region.get() not in (None, region):
        return error_response_json(
            "InvalidSignatureException",
            f"Credential should be scoped to a valid region, not '{_signed_region.get()}'.",
            403,
        )
    entries = [
        {**entry, "EventBusName": _bus_in(region, entry.get("EventBusName"))} for entry in data.get("Entries") or []
    ]
    replicated = endpoint["ReplicationConfig"].get("State") == "ENABLED"
    refused = _refused(len(entries))
    taken = [entry for place, entry in enumerate(entries) if place not in refused]
    with request_scope(endpoint["Arn"].split(":")[4], region):
        if not refused:
            return event_bus.put_events({"Entries": entries}, endpoint_arn=endpoint["Arn"] if replicated else None)
        results = event_bus.put_entries(taken, endpoint_arn=endpoint["Arn"] if replicated else None)
    for place in sorted(refused):
        results.insert(place, {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded."})
    return json_response({"FailedEntryCount": sum("ErrorCode" in r for r in results), "Entries": results})


def _refused(count: int) -> set[int]:
    """Places of the entries that the fault refuses: every nth, counted across requests."""
    global _entries_seen
    every, first = faults.now.refuse_every_entry, _entries_seen
    _entries_seen += count
    return {place for place in range(count) if every and (first + place) % every == every - 1}


def create(data: dict[str, Any]) -> Any:
    name = data.get("Name") or ""
    if name in events._endpoints:
        return error_response_json("ResourceAlreadyExistsException", f"Endpoint {name} already exists.", 400)
    region, account, now = get_region(), get_account_id(), int(time.time())
    endpoint_id = _id(account, region, name)
    endpoint: Endpoint = {
        "Name": name,
        "Arn": types.arn(types.ENDPOINT, region=region, account=account, name=name),
        "EndpointId": endpoint_id,
        "EndpointUrl": f"https://{endpoint_id}{DNS_SUFFIX}",
        "State": "ACTIVE",
        "CreationTime": now,
    }
    refused = _set(endpoint, data)
    if refused:
        return error_response_json("ValidationException", refused, 400)
    events._endpoints[name] = endpoint
    _manage_rules(endpoint)
    return json_response({key: endpoint[key] for key in _SHOWN if key in endpoint and not key.startswith("Endpoint")})


def update(data: dict[str, Any]) -> Any:
    endpoint = events._endpoints.get(data.get("Name"))
    if endpoint is None:
        return _missing(data)
    changed = {**endpoint}
    refused = _set(changed, {**{key: endpoint[key] for key in _SHOWN if key in endpoint}, **data})
    if refused:
        return error_response_json("ValidationException", refused, 400)
    _remove_rules(endpoint)
    events._endpoints[endpoint["Name"]] = changed
    _manage_rules(changed)
    return json_response({key: changed[key] for key in _SHOWN if key in changed})


def describe(data: dict[str, Any]) -> Any:
    endpoint = events._endpoints.get(data.get("Name"))
    return json_response({key: endpoint[key] for key in _SHOWN if key in endpoint}) if endpoint else _missing(data)


def delete(data: dict[str, Any]) -> Any:
    endpoint = events._endpoints.pop(data.get("Name"), None)
    if endpoint is None:
        return _missing(data)
    _remove_rules(endpoint)
    return json_response({})


def list_endpoints(data: dict[str, Any]) -> Any:
    home = data.get("HomeRegion") or get_region()
    prefix = data.get("NamePrefix") or ""
    found = events._endpoints.items_scoped(get_account_id(), home)
    shown = [{key: e[key] for key in _SHOWN if key in e} for name, e in sorted(found) if name.startswith(prefix)]
    return json_response({"Endpoints": shown})


def _set(endpoint: Endpoint, data: dict[str, Any]) -> str | None:
    """Take over what the request says; the reason if AWS would refuse it."""
    buses = [bus.get("EventBusArn", "") for bus in data.get("EventBuses") or []]
    replication = data.get("ReplicationConfig") or {"State": "ENABLED"}
    failover = (data.get("RoutingConfig") or {}).get("FailoverConfig") or {}
    if len(buses) != 2 or len({arn.rpartition("/")[2] for arn in buses}) != 1:
        return "An endpoint needs two event buses of the same name."
    if {arn.split(":")[3] for arn in buses} != {get_region(), (failover.get("Secondary") or {}).get("Route")}:
        return "The event buses must be in the endpoint's Region and in the secondary Region."
    for arn in buses:
        if not events._event_buses.contains_scoped(arn.split(":")[4], arn.split(":")[3], arn.rpartition("/")[2]):
            return f"Event bus {arn} does not exist."
    if replication.get("State") == "ENABLED" and not data.get("RoleArn"):
        return "RoleArn is required when event replication is enabled."
    endpoint.update(
        {
            "RoutingConfig": data["RoutingConfig"],
            "ReplicationConfig": replication,
            "EventBuses": data["EventBuses"],
            "LastModifiedTime": int(time.time()),
        }
    )
    for key in ("Description", "RoleArn"):
        if data.get(key) is not None:
            endpoint[key] = data[key]
    return None


def _manage_rules(endpoint: Endpoint) -> None:
    if endpoint["ReplicationConfig"].get("State") != "ENABLED":
        return
    arns = [bus["EventBusArn"] for bus in endpoint["EventBuses"]]
    for here, there in (arns, arns[::-1]):
        region, account, bus = here.split(":")[3], here.split(":")[4], here.rpartition("/")[2]
        with request_scope(account, region):
            rule = RULE_PREFIX + endpoint["EndpointId"].partition(".")[0]
            key = events._rule_key(rule, bus)
            events._rules[key] = {
                "Name": rule,
                "Arn": events._rule_arn(rule, bus),
                "EventBusName": bus,
                "EventPattern": json.dumps({"replay-name": [{"exists": False}]}),
                "State": "ENABLED",
                "Description": f"Replicates events of the endpoint {endpoint['Name']}.",
                "ManagedBy": event_bus.MANAGED_BY,
                "CreatedBy": account,
                "CreationTime": int(time.time()),
            }
            events._targets[key] = [{"Id": "replication", "Arn": there, "RoleArn": endpoint["RoleArn"]}]


def _remove_rules(endpoint: Endpoint) -> None:
    for arn in (bus["EventBusArn"] for bus in endpoint["EventBuses"]):
        with request_scope(arn.split(":")[4], arn.split(":")[3]):
            key = events._rule_key(RULE_PREFIX + endpoint["EndpointId"].partition(".")[0], arn.rpartition("/")[2])
            events._rules.pop(key, None)
            events._targets.pop(key, None)


def _bus_in(region: str, bus: str | None) -> str | None:
    """The same bus in the Region that answers: a name is good anywhere, an ARN is carried over."""
    if not bus or not bus.startswith("arn:"):
        return bus
    parts = bus.split(":")
    return ":".join([*parts[:3], region, *parts[4:]])


def _id(account: str, region: str, name: str) -> str:
    digest = hashlib.sha256(f"{account}/{region}/{name}".encode()).digest()
    return f"{base64.b32encode(digest).decode().lower()[:10]}.veo"


def _missing(data: dict[str, Any]) -> Any:
    return error_response_json("ResourceNotFoundException", f"Endpoint '{data.get('Name')}' does not exist.", 400)


async def _handle(method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]) -> Any:
    # Unsigned calls come from inside; SigV4A names no single Region.
    _signed_region.set(extract_signed_region(headers, query_params))
    if faults.now.slow_endpoints_s and b'"EndpointId"' in body and b'"Entries"' in body:
        await asyncio.sleep(faults.now.slow_endpoints_s)
    return await _ministack_handle(method, path, headers, body, query_params)
