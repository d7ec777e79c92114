"""Names that AWS takes once."""

from collections import defaultdict
from collections.abc import Iterator

from components.names import KINDS, Kind
from components.resource_types import BUS
from policies.rule import Finding, rule
from policies.view import StackView, UnknownValue
from signals.recording.resources import Declared


@rule(
    "NAMES-UNIQUE",
    why="Two resources of one kind and name are one to AWS: the second is refused, or they overwrite each other over "
    "and over, as two policies of one queue do. Names of roles and buckets are unique in the whole account, those of "
    "roles in any letter case; names of rules are unique on their bus.",
    source="the services' API references, for example IAM CreateRole ('not distinguished by case'), SQS CreateQueue, "
    "EventBridge PutRule",
    remedy="give one of them another name",
)
def names_are_taken_once(stack: StackView) -> Iterator[Finding]:
    for kind in KINDS:
        taken: dict[tuple[str | None, str], list[Declared]] = defaultdict(list)
        for resource in stack.of(kind.type):
            name = resource.inputs.get(kind.name_property)
            if name is None:  # generated, and so unique
                continue
            if not isinstance(name, str):
                raise UnknownValue
            for where in _where(stack, kind, resource):
                taken[where, name.lower()].append(resource)
        for first, *others in taken.values():
            for other in others:
                yield other, f"it has the name of the {kind.word} {first.name}, {first.inputs[kind.name_property]}"


def _where(stack: StackView, kind: Kind, resource: Declared) -> list[str | None]:
    """Where the resource's name must be unique: an account, a bus, or its Region and those of a table's replicas."""
    match kind.unique_in:
        case "account":
            return [resource.account]
        case "bus":
            given = resource.inputs.get("eventBusName")
            bus = stack.refer(given, BUS, resource.region)
            return [bus.urn if bus else f"{resource.region} {given}"]
    return [resource.region, *(replica["regionName"] for replica in resource.inputs.get("replicas") or ())]
