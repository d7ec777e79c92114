"""EventBridge global endpoints: one address, two Regions, a health check that decides, and replication both ways.

AWS: PutEvents with an EndpointId goes to the primary's bus while the health check is healthy, else to the secondary's;
the bus may be named by the name or the ARN of either Region. With replication (the default, which needs a role)
EventBridge keeps a rule `GlobalEndpointManagedRule-…` on each bus that forwards to the other; the copy has an id of its
own, its `region` says where the event came in, its `resources` hold the endpoint's ARN. Only what came in through the
endpoint is replicated, no replay is. The id looks like `abc123.veo`, the URL is
`https://{id}.endpoint.events.amazonaws.com`; a request must be signed with SigV4A, which shows only once failed over
(User Guide, "Making applications Regional-fault tolerant"; botocore's endpoint rules; boto/boto3#4465). The URL is a
DNS name: a kept connection stays with the Region where it was opened (`signals.local.connections`). The managed rules'
pattern is not published: here it matches every event but replays, and `event_bus.dispatch` does the rest. On
AWS an unknown id has no DNS name; here it answers ResourceNotFoundException.

ministack: stores the endpoint and ignores EndpointId.
"""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.core.router import extract_signed_region
from ministack.services import eventbridge as events

from components import resource_types as types
from signals.local import connections, faults
from signals.local.extensions import event_bus, health_check, patching, permissions

Endpoint = dict[str, Any]
DNS_SUFFIX = ".endpoint.events.amazonaws.com"
RULE_PREFIX = "GlobalEndpointManagedRule-"
_SETTINGS = ("Description", "RoutingConfig", "ReplicationConfig", "EventBuses", "RoleArn")
_signed_region: ContextVar[str | None] = ContextVar("signed_region", default=None)
_entries_seen = 0
patching.require(events, "_endpoints", "_event_buses", "_rule_key", "_rule_arn")


def active_region(endpoint: Endpoint) -> str:
    """The Region an endpoint sends to now."""
    failover = endpoint["RoutingConfig"]["FailoverConfig"]
    check_id = failover["Primary"]["HealthCheck"].rpartition("/")[2]
    home = parse_arn(endpoint["Arn"]).region
    return str(home if health_check.status(check_id).healthy else failover["Secondary"]["Route"])


@patching.replaces(events, "_put_events(data, allow_aws_source)")
def put_events(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
    """PutEvents; through an endpoint, on the Region it sends to."""
    endpoint_id = data.get("EndpointId")
    if not endpoint_id:
        return _refused(data.get("Entries")) or event_bus.put_events(data, allow_aws_source)
    endpoint = next((e for e in events._endpoints.all_values() if e["EndpointId"] == endpoint_id), None)
    if endpoint is None:
        return error_response_json("ResourceNotFoundException", f"Endpoint {endpoint_id} does not exist.", 400)
    if faults.now.refusing_endpoints:
        return error_response_json("InternalException", f"Endpoint {endpoint_id} does not answer.", 500)
    region = connections.bound_to(endpoint_id, lambda: active_region(endpoint))
    signed = _signed_region.get()
    if signed not in (None, region):
        reason = f"Credential should be scoped to a valid region, not '{signed}'."
        return error_response_json("InvalidSignatureException", reason, 403)
    entries = [
        {**entry, "EventBusName": _bus_in(region, entry.get("EventBusName"))} for entry in data.get("Entries") or []
    ]
    with request_scope(parse_arn(endpoint["Arn"]).account_id, region):
        return _refused(entries) or event_bus.put_events(
            {"Entries": entries},
            endpoint_arn=endpoint["Arn"] if _replicates(endpoint) else None,
            throttled=_throttled(len(entries)),
        )


def _refused(entries: Any) -> Any:
    """The answer where the caller may not put one of the entries on its bus in the Region in scope; None if it may."""
    for entry in entries or []:
        bus = entry.get("EventBusName") or "default"
        there = {"region": get_region(), "account": get_account_id()}
        arn = bus if bus.startswith("arn:") else types.arn(types.BUS, **there, name=bus)
        if refused := permissions.entry_refusal(entry, arn):
            return refused
    return None


def _replicates(endpoint: Endpoint) -> bool:
    return bool(endpoint["ReplicationConfig"].get("State") == "ENABLED")


def _throttled(count: int) -> set[int]:
    """Places of the entries that the fault refuses: every nth, counted across requests."""
    global _entries_seen
    every, first = faults.now.refuse_every_entry, _entries_seen
    _entries_seen += count
    return {place for place in range(count) if every and (first + place) % every == every - 1}


@patching.replaces(events, "_create_endpoint(data)")
def create(data: dict[str, Any]) -> Any:
    name = data.get("Name") or ""
    if name in events._endpoints:
        return error_response_json("ResourceAlreadyExistsException", f"Endpoint {name} already exists.", 400)
    region, account = get_region(), get_account_id()
    digest = hashlib.sha256(f"{account}/{region}/{name}".encode()).digest()
    endpoint_id = f"{base64.b32encode(digest).decode().lower()[:10]}.veo"
    endpoint: Endpoint = {
        "Name": name,
        "Arn": types.arn(types.ENDPOINT, region=region, account=account, name=name),
        "EndpointId": endpoint_id,
        "EndpointUrl": f"https://{endpoint_id}{DNS_SUFFIX}",
        "State": "ACTIVE",
        "CreationTime": int(time.time()),
        "ReplicationConfig": {"State": "ENABLED"},
    }
    return _save(endpoint, data)


@patching.extends(events, "_update_endpoint(data)")
def update(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    endpoint = events._endpoints.get(data.get("Name"))
    return _save(endpoint, data) if endpoint else original(data)


@patching.extends(events, "_describe_endpoint(data)")
def describe(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    endpoint = events._endpoints.get(data.get("Name"))
    return json_response(endpoint) if endpoint else original(data)


@patching.extends(events, "_delete_endpoint(data)")
def delete(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    endpoint = events._endpoints.get(data.get("Name"))
    if endpoint:
        _manage_rules(endpoint, wanted=False)
    return original(data)


@patching.replaces(events, "_list_endpoints(data)")
def list_endpoints(data: dict[str, Any]) -> Any:
    home = data.get("HomeRegion") or get_region()
    prefix = data.get("NamePrefix") or ""
    found = events._endpoints.items_scoped(get_account_id(), home)
    return json_response({"Endpoints": [endpoint for name, endpoint in sorted(found) if name.startswith(prefix)]})


def _save(endpoint: Endpoint, request: dict[str, Any]) -> Any:
    """Answer a request to create or change an endpoint."""
    changed = {**endpoint, **{key: request[key] for key in _SETTINGS if request.get(key) is not None}}
    refused = _refusal(changed)
    if refused:
        return error_response_json("ValidationException", refused, 400)
    changed["LastModifiedTime"] = int(time.time())
    _manage_rules(endpoint, wanted=False)
    events._endpoints[changed["Name"]] = changed
    _manage_rules(changed, wanted=_replicates(changed))
    return json_response(changed)


def _refusal(endpoint: Endpoint) -> str | None:
    buses = [bus.get("EventBusArn", "") for bus in endpoint.get("EventBuses") or []]
    failover = (endpoint.get("RoutingConfig") or {}).get("FailoverConfig") or {}
    if len(buses) != 2 or len({arn.rpartition("/")[2] for arn in buses}) != 1:
        return "An endpoint needs two event buses of the same name."
    if {arn.split(":")[3] for arn in buses} != {get_region(), (failover.get("Secondary") or {}).get("Route")}:
        return "The event buses must be in the endpoint's Region and in the secondary Region."
    for arn in map(parse_arn, buses):
        if not events._event_buses.contains_scoped(arn.account_id, arn.region, arn.resource.removeprefix("event-bus/")):
            return f"Event bus {arn} does not exist."
    if _replicates(endpoint) and not endpoint.get("RoleArn"):
        return "RoleArn is required when event replication is enabled."
    return _role_refusal(endpoint) if _replicates(endpoint) else None


def _role_refusal(endpoint: Endpoint) -> str | None:
    """Why EventBridge cannot manage replication by the endpoint's role. On AWS that ends a creation, too."""
    role = endpoint["RoleArn"]
    asked = [("iam:PassRole", role, {"iam:PassedToService": event_bus.MANAGED_BY})]
    for bus in map(parse_arn, (bus["EventBusArn"] for bus in endpoint["EventBuses"])):
        where = {"region": bus.region, "account": bus.account_id}
        rule = types.arn(types.RULE, **where, eventBusName=bus.resource.partition("/")[2], name=_rule_name(endpoint))
        asked += [(action, rule, {}) for action in ("events:PutRule", "events:PutTargets")]
    source = {"service": event_bus.MANAGED_BY, "source_arn": endpoint["Arn"]}
    refusals = (permissions.refusal(role, action=a, resource=r, keys=keys, **source) for a, r, keys in asked)
    return next((refused for refused in refusals if refused), None)


def _rule_name(endpoint: Endpoint) -> str:
    return RULE_PREFIX + str(endpoint["EndpointId"]).partition(".")[0]


def _manage_rules(endpoint: Endpoint, *, wanted: bool) -> None:
    """Put the rules of replication on an endpoint's buses, or remove them."""
    arns = [bus["EventBusArn"] for bus in endpoint.get("EventBuses") or ()]
    rule = _rule_name(endpoint)
    for here, there in zip(map(parse_arn, arns), reversed(arns), strict=True):
        bus = here.resource.removeprefix("event-bus/")
        with request_scope(here.account_id, here.region):
            key = events._rule_key(rule, bus)
            if not wanted:
                events._rules.pop(key, None)
                events._targets.pop(key, None)
                continue
            events._rules[key] = {
                "Name": rule,
                "Arn": events._rule_arn(rule, bus),
                "EventBusName": bus,
                "EventPattern": json.dumps({"replay-name": [{"exists": False}]}),
                "State": "ENABLED",
                "Description": f"Replicates events of the endpoint {endpoint['Name']}.",
                "ManagedBy": event_bus.MANAGED_BY,
                "CreatedBy": here.account_id,
                "CreationTime": int(time.time()),
            }
            events._targets[key] = [{"Id": "replication", "Arn": there, "RoleArn": endpoint["RoleArn"]}]


def _bus_in(region: str, bus: str | None) -> str | None:
    """The same bus in the Region that answers: a name is good anywhere, an ARN is carried over."""
    if not bus or not bus.startswith("arn:"):
        return bus
    return str(replace(parse_arn(bus), region=region))


@patching.extends(events, "handle_request(method, path, headers, body, query_params)")
async def _handle(original: Callable[..., Any], *request: Any) -> Any:
    _, _, headers, body, query_params = request
    # Unsigned calls come from inside; SigV4A names no single Region.
    _signed_region.set(extract_signed_region(headers, query_params))
    if faults.now.slow_endpoints_s and b'"EndpointId"' in body and b'"Entries"' in body:
        await asyncio.sleep(faults.now.slow_endpoints_s)
    return await original(*request)
