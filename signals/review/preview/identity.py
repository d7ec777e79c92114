"""Matches each resource of the head with the one of the base that it was: by URN and aliases, as the engine does.

Source: Pulumi, "Resource options: aliases", and its rules of inheritance from an aliased parent.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from components.parts.references import Reference
from components.resource_types import STACK
from signals.recording.values import substitute
from signals.review.preview.snapshot import plain_urn

Resources = Mapping[str, Mapping[str, Any]]


class Identities:
    """Which resource of the base each resource of the head was.

    Args:
        base: By URN without stack and project.
        head: The same.
    """

    def __init__(self, base: Resources, head: Resources) -> None:
        self._base, self._head = base, head
        self._base_inputs, self._head_inputs = _inputs(base), _inputs(head)
        self._aliases = cache(self._find_aliases)
        self._by_name = {(resource["type"], resource["name"]): urn for urn, resource in base.items()}
        self._former: dict[str, str] = {}
        for urn, resource in head.items():
            known = next((alias for alias in (urn, *self._aliases(urn)) if alias in base), None)
            # The same name under another parent: another resource to Pulumi, shown as one that is replaced.
            known = known or self._by_name.get((resource["type"], resource["name"]))
            if known and known not in self._former.values():
                self._former[urn] = known
        self._renamed = {
            (base[old]["type"], base[old]["name"]): (head[new]["type"], head[new]["name"])
            for new, old in self._former.items()
            if (base[old]["type"], base[old]["name"]) != (head[new]["type"], head[new]["name"])
        }

    def pairs(self) -> dict[str, Mapping[str, Any]]:
        """The base's resource of each of the head's that was there."""
        return {urn: self._base[old] for urn, old in self._former.items()}

    def gone(self) -> list[str]:
        """URNs of the base's resources that the head no longer has."""
        return sorted(self._base.keys() - set(self._former.values()))

    def moved(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Whether the engine sees two resources, since no alias covers the change of URN."""
        old, new = plain_urn(before["urn"]), plain_urn(after["urn"])
        return old != new and old not in self._aliases(new)

    def as_head(self, value: Any) -> Any:
        """A value of the base, with references to renamed resources under their names in the head."""
        return substitute(value, self._as_head) if self._renamed else value

    def same(self, before: Any, after: Any) -> bool:
        """Whether two values are one when names that the program gives stand in place of references to them.

        A name may be written out at one time and taken from its resource at another: to AWS that is the same.
        """
        return bool(_with_names(before, self._base_inputs) == _with_names(after, self._head_inputs))

    def _as_head(self, reference: Reference) -> str:
        type_, name = self._renamed.get((reference.type, reference.name), (reference.type, reference.name))
        return str(replace(reference, type=type_, name=name))

    def _find_aliases(self, urn: str) -> tuple[str, ...]:
        """URNs that a resource had: by its own aliases, by those of its parent, and by both together."""
        resource = self._head[urn]
        parent, type_, name = plain_urn(resource["options"].get("parent") or ""), resource["type"], resource["name"]
        aliases = resource["options"].get("aliases", ())
        found = [_alias(resource, parent, alias) for alias in aliases]
        specs = [alias.get("spec", {}) for alias in aliases if "urn" not in alias]
        mine = [
            (s.get("type") or type_, s.get("name") or name)
            for s in specs
            if not (s.get("noParent") or s.get("parentUrn"))
        ]
        for former in self._aliases(parent) if parent in self._head else ():
            old, new = former.rpartition("::")[2], self._head[parent]["name"]
            for kind, called in [(type_, name), *mine]:
                # A child named after its parent was named after the parent's former name.
                names = {called, old + called.removeprefix(new)} if called.startswith(new) else {called}
                found += [_urn(former, kind, each) for each in sorted(names)]
        return tuple(dict.fromkeys(found))


def _inputs(resources: Resources) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(resource["type"], resource["name"]): resource["inputs"] for resource in resources.values()}


def _with_names(value: Any, inputs: Mapping[tuple[str, str], Mapping[str, Any]]) -> Any:
    def name(reference: Reference) -> str:
        given = inputs.get((reference.type, reference.name), {}).get(reference.path)
        return given if isinstance(given, str) else str(reference)

    return substitute(value, name)


def _alias(resource: Mapping[str, Any], parent: str, alias: Mapping[str, Any]) -> str:
    if "urn" in alias:
        return plain_urn(alias["urn"])
    spec = alias.get("spec", {})
    above = "" if spec.get("noParent") else plain_urn(spec.get("parentUrn") or "") or parent
    return _urn(above, spec.get("type") or resource["type"], spec.get("name") or resource["name"])


def _urn(parent: str, type_: str, name: str) -> str:
    """URN, without stack and project, of a child."""
    above = parent.partition("::")[0]
    return f"{type_}::{name}" if above in ("", STACK) else f"{above}${type_}::{name}"
