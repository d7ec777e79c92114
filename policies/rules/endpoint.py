"""The global endpoint: two buses of one name, replication, and a role that can do it."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from components.resource_types import BUS, ENDPOINT, ROLE, RULE, arn
from policies.rule import Finding, rule
from policies.view import StackView, conditions, json_document
from signals.recording.iam import as_list, trusted_services
from signals.recording.resources import Declared

_MANAGED_RULES = ("events:PutRule", "events:PutTargets", "events:DeleteRule", "events:RemoveTargets")


def endpoint_buses(stack: StackView, endpoint: Declared) -> list[Declared]:
    """The buses an endpoint is made of, as far as they are of this stack."""
    named = [stack.refer(bus["eventBusArn"], BUS) for bus in as_list(endpoint.get("eventBuses"))]
    return [bus for bus in named if bus]


def ingress_buses(stack: StackView) -> list[Declared]:
    """The buses behind global endpoints, found by name, so that one that an endpoint forgot is among them."""
    names = {bus.inputs["name"] for endpoint in stack.of(ENDPOINT) for bus in endpoint_buses(stack, endpoint)}
    return [bus for bus in stack.of(BUS) if bus.inputs["name"] in names]


def primary_and_secondary(stack: StackView) -> tuple[list[Declared], list[Declared]]:
    """The ingress buses of the Regions that hold an endpoint, and those of the other Regions."""
    homes = {endpoint.region for endpoint in stack.of(ENDPOINT)}
    buses = ingress_buses(stack)
    return [b for b in buses if b.region in homes], [b for b in buses if b.region not in homes]


@rule(
    "EB-ENDPOINT-REPLICATION",
    why="Without replication the other Region has no copy of what an impaired Region holds, and fail-back is by hand: "
    "the latency metric needs traffic on the primary to leave missing data.",
    source="EventBridge User Guide, eb-global-endpoints; Security Hub control EventBridge.4",
    remedy="set replicationConfig.state to ENABLED and give the endpoint its roleArn",
)
def replicates(stack: StackView) -> Iterator[Finding]:
    for endpoint in stack.of(ENDPOINT):
        # Replication is on unless it is switched off (API reference, CreateEndpoint).
        state = endpoint.get("replicationConfig.state") or "ENABLED"
        if state != "ENABLED":
            yield endpoint, f"replication is {state}"


@rule(
    "EB-ENDPOINT-BUSES",
    why="An endpoint takes exactly two custom buses of one name and one account, in its own Region and in the one that "
    "it fails over to; anything else is refused at creation, or loses what is put on a bus that is not there.",
    source="EventBridge API reference, EndpointEventBus; User Guide, eb-ge-create-endpoint",
    remedy="name both Regions' buses alike in one account, list both, and route to the second one's Region",
)
def two_buses_of_one_name(stack: StackView) -> Iterator[Finding]:
    for endpoint in stack.of(ENDPOINT):
        listed, buses = as_list(endpoint.get("eventBuses")), endpoint_buses(stack, endpoint)
        route = endpoint.get("routingConfig.failoverConfig.secondary.route")
        if len(listed) != 2 or len(buses) != 2:
            yield endpoint, f"it lists {len(listed)} buses, {len(buses)} of them of this stack, where two must be"
        elif len({bus.inputs["name"] for bus in buses}) != 1:
            yield endpoint, f"its buses are named {' and '.join(sorted(str(bus.inputs['name']) for bus in buses))}"
        elif len({bus.account for bus in buses}) != 1:
            yield endpoint, "its buses are in two accounts"
        elif {bus.region for bus in buses} != {endpoint.region, route} or endpoint.region == route:
            regions = " and ".join(str(bus.region) for bus in buses)
            yield endpoint, f"its buses are in {regions}, and it fails over from {endpoint.region} to {route}"


@rule(
    "EB-ENDPOINT-ROLE",
    why="EventBridge replicates as this role, with managed rules that it writes itself: where one permission is "
    "missing, or only one Region's bus is named, replication fails without a metric of its own.",
    source="EventBridge User Guide, eb-global-endpoints; mavi888/eventbridge-global-endpoints-cdk; "
    "hashicorp/terraform-provider-aws#25846 and its acceptance test",
    remedy="let events.amazonaws.com assume it; allow PutRule, PutTargets, DeleteRule and RemoveTargets on "
    "rule/<bus>/GlobalEndpointManagedRule-*, PutEvents on both buses, and PassRole of itself to events.amazonaws.com",
)
def role_can_replicate(stack: StackView) -> Iterator[Finding]:
    for endpoint in stack.of(ENDPOINT):
        if (endpoint.get("replicationConfig.state") or "ENABLED") != "ENABLED":
            continue
        role = stack.refer(endpoint.inputs.get("roleArn"), ROLE)
        if role is None:
            yield endpoint, "it has no role of this stack"
            continue
        yield from ((role, what) for what in _missing(stack, role, endpoint))


def _missing(stack: StackView, role: Declared, endpoint: Declared) -> Iterator[str]:
    if "events.amazonaws.com" not in trusted_services(json_document(role.inputs["assumeRolePolicy"])):
        yield "events.amazonaws.com may not assume it"
    for bus in endpoint_buses(stack, endpoint):
        # EventBridge adds a suffix of its own choice.
        where = {"region": bus.region, "account": bus.account, "eventBusName": bus.inputs["name"]}
        managed = arn(RULE, **where, name="GlobalEndpointManagedRule-anything")
        for action in _MANAGED_RULES:
            resources = [str(resource) for s in stack.allowed(role, action) for resource in s["Resource"]]
            if not any(fnmatchcase(managed, resource) for resource in resources):
                yield f"{action} on the managed rule in {bus.region} is not allowed"
        if not any(bus in buses_named(stack, s["Resource"]) for s in stack.allowed(role, "events:PutEvents")):
            yield f"events:PutEvents on {bus.name} is not allowed"
    passes = [s for s in stack.allowed(role, "iam:PassRole") if any(stack.refer(r) is role for r in s["Resource"])]
    if not any("events.amazonaws.com" in conditions(s, "iam:PassedToService") for s in passes):
        yield "iam:PassRole of itself to events.amazonaws.com is not allowed"


def buses_named(stack: StackView, resources: list[str]) -> list[Declared]:
    """The stack's buses that an IAM statement's resources cover; a Region may be left open, a name may not."""
    named = []
    for resource in resources:
        bus = stack.refer(resource, BUS)
        if bus:
            named.append(bus)
        elif isinstance(resource, str) and not resource.rpartition(":")[2].count("*"):
            named += [b for b in stack.of(BUS) if fnmatchcase(stack.arn(b) or "", resource)]
    return named
