"""Access that a change grants or takes away: every policy as a set of grants, compared grant by grant.

A grant is one action on one resource under one set of conditions for one principal. What is new and not covered by a
grant of the base widens; what was there and is covered by none of the head narrows; for a Deny it is the
opposite. Wildcards cover what they match. Statements with NotAction, NotResource or
NotPrincipal are not taken apart, only reported when they change.

Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from components import resource_types as types
from components.parts.references import Reference
from components.resource_types import known
from signals.recording.iam import as_list
from signals.review.preview.difference import document
from signals.review.preview.identity import Identities
from signals.review.preview.snapshot import Snapshot


@dataclass(frozen=True, order=True)
class Grant:
    """One thing that is allowed or denied. `principal` is empty in a role's own policy."""

    effect: str
    action: str
    resource: str
    condition: str
    principal: str

    def covers(self, other: Grant) -> bool:
        """Whether this one allows (or denies) all that the other does."""
        mine, others = json.loads(self.condition), json.loads(other.condition)
        return (
            self.effect == other.effect
            and _expression(self.action.lower()).fullmatch(other.action.lower()) is not None
            and _expression(self.resource).fullmatch(other.resource) is not None
            and self.principal in ("*", other.principal)
            and mine.items() <= others.items()
        )


@dataclass(frozen=True)
class AccessChange:
    """How access of, or to, one thing changes.

    Args:
        subject: Logical name of the role, or of what the policy protects.
        kind: `role` for what a role may do, `trust` for who may assume it, `resource` for who may use a resource.
        widened: Grants that are new.
        narrowed: Grants that are gone.
        uncompared: Statements that changed and are not compared.
    """

    subject: str
    kind: str
    widened: tuple[Grant, ...]
    narrowed: tuple[Grant, ...]
    uncompared: bool = False


def compare(base: Snapshot, head: Snapshot) -> list[AccessChange]:
    """Whose access changes, by kind and name."""
    identities = Identities(base.resources, head.resources)
    before, after = _subjects(base, identities), _subjects(head)
    found = []
    for subject in sorted(before.keys() | after.keys()):
        one, other = before.get(subject, (set(), set())), after.get(subject, (set(), set()))
        appeared, gone = _uncovered(other[0], one[0]), _uncovered(one[0], other[0])
        same = [(new, old) for new in appeared for old in gone if _same(old, new, identities)]
        appeared = [new for new in appeared if new not in [pair[0] for pair in same]]
        gone = [old for old in gone if old not in [pair[1] for pair in same]]
        widened = [g for g in appeared if g.effect == "Allow"] + [g for g in gone if g.effect == "Deny"]
        narrowed = [g for g in gone if g.effect == "Allow"] + [g for g in appeared if g.effect == "Deny"]
        # What is new had no access that a Deny could take, and what is gone leaves none.
        widened, narrowed = (widened if subject in after else []), (narrowed if subject in before else [])
        if widened or narrowed or one[1] != other[1]:
            sides = tuple(sorted(widened)), tuple(sorted(narrowed))
            found.append(AccessChange(subject[1], subject[0], *sides, uncompared=one[1] != other[1]))
    return found


def _uncovered(grants: set[Grant], by: set[Grant]) -> list[Grant]:
    return [grant for grant in grants - by if not any(other.covers(grant) for other in by)]


def _same(before: Grant, after: Grant, identities: Identities) -> bool:
    return replace(before, resource=after.resource) == after and identities.same(before.resource, after.resource)


def _subjects(
    snapshot: Snapshot, identities: Identities | None = None
) -> dict[tuple[str, str], tuple[set[Grant], set[str]]]:
    """Grants, and statements that are not taken apart, by subject."""
    found: dict[tuple[str, str], tuple[set[Grant], set[str]]] = {}
    for resource in snapshot.resources.values():
        inputs = identities.as_head(resource["inputs"]) if identities else resource["inputs"]
        if resource["type"] == types.PERMISSION:
            grants, _ = found.setdefault(("resource", _named(inputs["function"])), (set(), set()))
            grants.add(_permission(inputs))
        policy = known(resource["type"]).policy
        if not policy:
            continue
        holder, _, owner = policy.partition("/")
        kind = "trust" if holder == "assumeRolePolicy" else "role" if "iam/" in resource["type"] else "resource"
        subject = _named(inputs[owner]) if owner else resource["name"]
        grants, opaque = found.setdefault((kind, subject), (set(), set()))
        for statement in as_list((document(inputs.get(holder)) or {}).get("Statement")):
            if any(key.startswith("Not") for key in statement):
                opaque.add(json.dumps(statement, sort_keys=True))
            else:
                grants.update(_grants(statement))
    return found


def _named(value: str) -> str:
    """What a property names: a resource's logical name, or what is written there."""
    reference = Reference.parse(value)
    return reference.name if reference else value


def _grants(statement: Mapping[str, Any]) -> Iterator[Grant]:
    condition = {
        f"{op} {key}": value for op, keys in statement.get("Condition", {}).items() for key, value in keys.items()
    }
    text = json.dumps({key: sorted(map(str, as_list(value))) for key, value in condition.items()}, sort_keys=True)
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principals = [
            f"{kind} {name}" if name != "*" else "*" for kind, names in principal.items() for name in as_list(names)
        ]
    else:
        principals = as_list(principal) or [""]
    for action in as_list(statement.get("Action")):
        for resource in as_list(statement.get("Resource")) or [""]:
            for who in principals:
                yield Grant(statement["Effect"], action, resource, text, who)


def _permission(inputs: Mapping[str, Any]) -> Grant:
    """What a Lambda permission grants."""
    conditions = {
        "ArnLike AWS:SourceArn": inputs.get("sourceArn"),
        "StringEquals AWS:SourceAccount": inputs.get("sourceAccount"),
        "StringEquals aws:PrincipalOrgID": inputs.get("principalOrgId"),
    }
    text = json.dumps({key: [value] for key, value in conditions.items() if value}, sort_keys=True)
    return Grant("Allow", inputs["action"], str(inputs.get("qualifier", "")), text, inputs["principal"])


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """What matches all that `pattern` does, in a text or a pattern: of its wildcards, only a `*` matches a `*`."""
    return re.compile("".join({"*": ".*", "?": "[^*]"}.get(letter, re.escape(letter)) for letter in pattern))
