"""Who may put events, where, and as whom."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.resource_types import BUS, FUNCTION, ROLE
from policies.rule import Finding, rule
from policies.rules.endpoint import buses_named, ingress_buses
from policies.view import StackView, conditions
from signals.recording.resources import Declared


def publishes_through_endpoint(function: Declared) -> bool:
    """Whether a function has a global endpoint in its environment."""
    return "EVENT_ENDPOINT_ID" in (function.get("environment.variables") or {})


def _puts(stack: StackView, role: Declared | None) -> list[Mapping[str, Any]]:
    return stack.allowed(role, "events:PutEvents")


@rule(
    "EB-PUBLISHER-BUSES",
    why="A put through the endpoint is authorised on the bus of whichever Region it is routed to; there is no endpoint "
    "resource to allow. With one Region's bus it works until the first failover, with more it reaches what it should "
    "not.",
    source="Service Authorization Reference, events:PutEvents; EventBridge User Guide, eb-global-endpoints",
    remedy="allow events:PutEvents on the ingress buses of both Regions and on nothing else",
)
def may_put_on_both_buses(stack: StackView) -> Iterator[Finding]:
    wanted = ingress_buses(stack)
    for function in stack.of(FUNCTION):
        if not publishes_through_endpoint(function):
            continue
        resources = [resource for s in _puts(stack, stack.role(function)) for resource in s["Resource"]]
        named = buses_named(stack, resources)
        for bus in wanted:
            if bus not in named:
                yield function, f"it may not put on {bus.inputs['name']} in {bus.region}"
        for resource in resources:
            if not [bus for bus in buses_named(stack, [resource]) if bus in wanted]:
                yield function, f"it may put on {resource}"


@rule(
    "EB-PUT-SCOPE",
    why="A role that may put on any bus can forge signals on one it has nothing to do with, and PutEvents to "
    "a bus that is not there answers 200 and loses the event.",
    source="EventBridge API reference, PutEvents; Service Authorization Reference, events:PutEvents",
    remedy="name buses of this stack, by reference or ARN",
)
def puts_on_named_buses_only(stack: StackView) -> Iterator[Finding]:
    through_endpoint = {stack.role(f) for f in stack.of(FUNCTION) if publishes_through_endpoint(f)}
    for role in stack.of(ROLE):
        if role in through_endpoint:
            continue
        for resource in (resource for s in _puts(stack, role) for resource in s["Resource"]):
            if not buses_named(stack, [resource]):
                yield role, f"it may put on {resource}"


@rule(
    "EB-PUT-SOURCE",
    "advisory",
    why="`source` decides which rules an event matches; without a condition on it, a compromised function can send "
    "events as ingest, or heartbeats while the primary is failing.",
    source="Service Authorization Reference, condition key events:source",
    remedy="add the condition StringEquals events:source to the PutEvents statement",
)
def puts_as_itself(stack: StackView) -> Iterator[Finding]:
    for function in stack.of(FUNCTION):
        for statement in _puts(stack, stack.role(function)):
            if not conditions(statement, "events:source"):
                yield function, "it may put events of any source"


def may_put_on(stack: StackView, function: Declared) -> list[Declared]:
    """The stack's buses that a function may put events on."""
    buses = [buses_named(stack, s["Resource"]) for s in _puts(stack, stack.role(function))]
    return [bus for bus in stack.of(BUS) if any(bus in named for named in buses)]


def sources_put(stack: StackView, function: Declared) -> list[str]:
    """The values of `source` with which a function may put events."""
    return [s for statement in _puts(stack, stack.role(function)) for s in conditions(statement, "events:source")]
