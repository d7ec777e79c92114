"""What a change does to the resources of a stack: two snapshots compared."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from signals.recording.values import leaves, references_in, substitute
from signals.review.preview.difference import Difference, differences
from signals.review.preview.identity import Identities
from signals.review.preview.replacement import HOLDS_DATA, Verdict, verdict
from signals.review.preview.snapshot import Snapshot, is_custom

Action = Literal["added", "changed", "renamed", "removed"]
Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class PropertyChange:
    """One property, before and after, and what its change does to the resource."""

    difference: Difference
    verdict: Verdict


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource.

    Args:
        action: `renamed` is for a resource removed and added under another logical name.
        properties: Where its inputs differ.
        replaced: Why it is replaced; empty if it is not.
        former_name: Logical name at the base, where it is another.
        holds_data: What is lost with it; None if nothing.
        protected: The engine refuses to delete it (`protect`).
    """

    action: Action
    type: str
    name: str
    component: str | None
    region: str | None
    properties: tuple[PropertyChange, ...] = ()
    replaced: tuple[str, ...] = ()
    former_name: str | None = None
    protected: bool = False
    inputs: Inputs = field(default_factory=dict, repr=False, compare=False)

    @property
    def holds_data(self) -> str | None:
        return HOLDS_DATA.get(self.type)

    @property
    def loses_data(self) -> bool:
        """Whether what it holds is gone afterwards."""
        return self.holds_data is not None and (self.action == "removed" or bool(self.replaced))

    @property
    def unknown(self) -> tuple[PropertyChange, ...]:
        """Changes of which it is not known whether they replace the resource."""
        return tuple(p for p in self.properties if p.verdict.kind == "unknown") if not self.replaced else ()


def compare(base: Snapshot, head: Snapshot) -> list[ResourceChange]:
    """Every resource that changes, by component, Region, type and name."""
    identities = Identities(base.resources, head.resources)
    pairs = identities.pairs()
    found: dict[str, ResourceChange] = {}
    for urn, resource in head.resources.items():
        if not is_custom(resource):
            continue
        before = pairs.get(urn)
        if before is None:
            found[urn] = _change("added", resource)
        elif change := _changed(before, resource, identities):
            found[urn] = change
    _spread(found, head.resources, pairs)
    gone = [base.resources[urn] for urn in identities.gone()]
    removed = [_change("removed", resource) for resource in gone if is_custom(resource)]
    for urn, change in found.items():
        same = [other for other in removed if change.action == "added" and _nameless(other) == _nameless(change)]
        if same:
            former = same[0]
            removed.remove(former)
            found[urn] = replace(
                change,
                action="renamed",
                former_name=former.name,
                protected=former.protected,
                replaced=(f"it was {former.name}, and no alias covers it",),
            )
    everything = [*found.values(), *removed]
    return sorted(everything, key=lambda c: (c.component or "", c.region or "", c.type, c.name, c.action))


def _change(action: Action, resource: Mapping[str, Any]) -> ResourceChange:
    return ResourceChange(
        action,
        resource["type"],
        resource["name"],
        resource["component"],
        resource["region"],
        protected=bool(resource["options"].get("protect")),
        inputs=resource["inputs"],
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], identities: Identities) -> ResourceChange | None:
    """What happens to a resource that is in both; None if nothing changes."""
    ignored = {re.split(r"[.\[]", path)[0] for path in after["options"].get("ignoreChanges", ())}
    forced = {re.split(r"[.\[]", path)[0] for path in after["options"].get("replaceOnChanges", ())}
    properties = []
    for difference in differences(identities.as_head(before["inputs"]), after["inputs"]):
        name = difference.path[0]
        if name in ignored or "*" in ignored:
            continue
        if identities.same(before["inputs"].get(name), after["inputs"].get(name)):
            continue
        effect = verdict(after["type"], difference.path)
        if name in forced or "*" in forced:
            effect = Verdict("replace", "the program's replaceOnChanges")
        elif after["type"].startswith("pulumi:"):
            effect = Verdict("update", "Pulumi")
        properties.append(PropertyChange(difference, effect))
    reasons = [
        f"`{p.difference.where}` cannot change in place ({p.verdict.source})"
        for p in properties
        if p.verdict.kind == "replace"
    ]
    if before["region"] != after["region"]:
        reasons.append(f"it moves from {before['region']} to {after['region']}")
    elif identities.moved(before, after):
        reasons.append("its parent is another component, and no alias covers it")
    if not properties and not reasons:
        return None
    return replace(
        _change("changed", after),
        properties=tuple(properties),
        replaced=tuple(dict.fromkeys(reasons)),
        former_name=before["name"] if before["name"] != after["name"] else None,
        # The engine obeys the `protect` of its state, which is the base's until it has run.
        protected=bool(before["options"].get("protect")),
    )


def _spread(found: dict[str, ResourceChange], head: Mapping[str, Any], pairs: Mapping[str, Any]) -> None:
    """Replace what takes, in a property that cannot change in place, an output of what is replaced."""
    while True:
        replaced = {(c.type, c.name): c for c in found.values() if c.replaced}
        news = 0
        for urn, resource in head.items():
            change = found.get(urn)
            if urn not in pairs or not is_custom(resource) or (change and change.replaced):
                continue
            reasons = tuple(dict.fromkeys(_inherited(resource, replaced)))
            if reasons:
                news += 1
                before = bool(pairs[urn]["options"].get("protect"))
                found[urn] = replace(change or _change("changed", resource), replaced=reasons, protected=before)
        if not news:
            return


def _inherited(resource: Mapping[str, Any], replaced: Mapping[tuple[str, str], ResourceChange]) -> Iterator[str]:
    for path, leaf in leaves(resource["inputs"]):
        for reference in references_in(leaf):
            other = replaced.get((reference.type, reference.name))
            if other is None:
                continue
            # An input that stayed the same is the same afterwards: the engine knows it before.
            differs = any(p.difference.path[0] == reference.path for p in other.properties)
            if reference.path in other.inputs and not differs:
                continue
            effect = verdict(resource["type"], path)
            if effect.kind == "replace":
                yield f"`{path[0]}` comes from {reference.name}, which is replaced ({effect.source})"


def _nameless(change: ResourceChange) -> Any:
    """What a resource that was only renamed keeps: all but its name and the names that it refers to."""
    inputs = substitute(change.inputs, lambda reference: f"<<{reference.type}#{reference.path}>>")
    return change.region, change.type, inputs
