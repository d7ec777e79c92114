"""What rules look at: resources and the stack they are in, whoever declared them.

A value that names another resource is a reference token in a recording, and an ARN, a URL or a name in what Pulumi
hands to a policy pack. `StackView.refer` takes any of them, so that a rule never asks which it has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from components.parts.references import TOKEN, Reference
from signals.recording.resolve import Resolver
from signals.recording.types import ROLE, ROLE_POLICY, TARGET, known


class UnknownValue(Exception):  # noqa: N818 - it is no error of anybody's
    """A rule asked for what a preview cannot know yet."""


class Unknown:
    """What a preview does not know yet: to look at it is to give up the rule, not to guess."""

    def _refuse(self, *_: object) -> NoReturn:
        raise UnknownValue

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __str__ = __iter__ = __getitem__ = __contains__ = _refuse
    __hash__ = object.__hash__


@dataclass(frozen=True, eq=False)
class ResourceView:
    """One resource.

    Attributes:
        type: Pulumi's type token.
        name: Logical name.
        urn: As the Pulumi engine names it.
        region: Region of its provider.
        account: The account that provider is pinned to.
        inputs: Properties under Pulumi's names; an archive of code has a `path`.
    """

    type: str
    name: str
    urn: str
    region: str | None
    account: str | None
    inputs: Mapping[str, Any] = field(repr=False)

    def get(self, path: str) -> Any:
        """The property at a dotted path (`routingConfig.failoverConfig`), None where there is none."""
        value: Any = self.inputs
        for key in path.split("."):
            if isinstance(value, list) and key.isdigit():
                value = value[int(key)] if int(key) < len(value) else None
            else:
                value = value.get(key) if isinstance(value, Mapping) else None
        return value


class StackView:
    """Every resource of a stack, and what their values refer to."""

    def __init__(self, resources: Iterable[ResourceView]) -> None:
        self.resources = sorted(resources, key=lambda resource: resource.urn)
        self._resolver = Resolver(self.resources)

    def of(self, *types: str) -> list[ResourceView]:
        """The resources of these types."""
        return [resource for resource in self.resources if resource.type in types]

    def refer(self, value: Any, type: str | None = None, region: str | None = None) -> ResourceView | None:
        """The resource that a value names.

        Args:
            value: A reference, an ARN or a URL; with `type`, a physical name or id too.
            type: What it must be.
            region: Where it must be: names are unique in a Region only.

        Raises:
            UnknownValue: In a preview, where the value is not known and could be of several resources.
        """
        if isinstance(value, Unknown):
            raise UnknownValue
        if not isinstance(value, str):
            return None
        reference = Reference.parse(value)
        if reference:
            found = self._resolver.referred(reference)
        else:
            named = [r for r in self.of(type) if region in (None, r.region) and value in _names(r)] if type else []
            found = self._by_arn.get(value) or (named[0] if len(named) == 1 else None)
        return found if found and type in (None, found.type) else None

    def arn(self, resource: ResourceView) -> str:
        """The ARN that a resource has, or that AWS will give it."""
        told = resource.inputs.get("arn")
        return told if isinstance(told, str) and not TOKEN.search(told) else self._resolver.arn(resource)

    @cached_property
    def _by_arn(self) -> dict[str, ResourceView]:
        # A rule's target calls what it points at `arn`; everybody else, themselves.
        own = [resource for resource in self.resources if resource.type != TARGET]
        index = {self.arn(resource): resource for resource in own if known(resource.type).arn}
        for resource in own:
            for value in _names(resource):
                if value.startswith(("arn:", "https:")):
                    index.setdefault(value, resource)
        return index

    def role_statements(self, role: ResourceView | None) -> list[Mapping[str, Any]]:
        """All that a role may do."""
        policies = [p for p in self.of(ROLE_POLICY) if self.refer(p.inputs.get("role"), ROLE) is role]
        return [statement for policy in policies for statement in statements(policy.inputs["policy"])]

    def policies_of(self, type: str, key: str, resource: ResourceView) -> list[Mapping[str, Any]]:
        """The statements of a resource's own policy: those of `type` whose property `key` names it."""
        found = [p for p in self.of(type) if self.refer(p.inputs.get(key), resource.type, p.region) is resource]
        return [statement for policy in found for statement in statements(policy.inputs["policy"])]


def _names(resource: ResourceView) -> Iterator[str]:
    for key in ("name", "id", "arn", "url", "bucket", "invokeArn"):
        value = resource.inputs.get(key)
        if isinstance(value, str):
            yield value


def as_list(value: Any) -> list[Any]:
    """A value that may be one or several, as several."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def json_document(value: Any) -> dict[str, Any]:
    """A JSON document, or the mapping that it would be.

    Raises:
        UnknownValue: Where a preview knows no more than that it depends on something.
    """
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Unknown) or Reference.parse(value):
        raise UnknownValue
    return dict(json.loads(value))


def statements(policy: Any) -> list[Mapping[str, Any]]:
    """A policy document's statements; actions and resources always as lists."""
    listed = as_list(json_document(policy)["Statement"])
    return [{**s, "Action": as_list(s.get("Action")), "Resource": as_list(s.get("Resource"))} for s in listed]


def conditions(statement: Mapping[str, Any], key: str) -> list[str]:
    """The values that a statement's conditions allow for one key, whatever operator compares them."""
    wanted = key.lower()
    return [
        value
        for operator, compared in (statement.get("Condition") or {}).items()
        if not operator.startswith(("StringNot", "ArnNot", "Null"))
        for name, values in compared.items()
        if name.lower() == wanted
        for value in as_list(values)
    ]
