"""What rules look at: the resources of a stack, whether they come from a recording or from the Pulumi engine.

A value that names another resource is a reference token in a recording, and an ARN, a URL or a name in what Pulumi
hands to a policy pack. `StackView.refer` takes any of them, so that rules need not tell them apart.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, NoReturn

from components.parts.references import TOKEN, Reference
from components.resource_types import ALIAS, FUNCTION, ROLE, ROLE_POLICY, TARGET, known
from signals.recording import iam
from signals.recording.iam import as_list
from signals.recording.resolve import Resolver
from signals.recording.resources import Declared, Recording
from signals.recording.values import plain


class UnknownValue(Exception):  # noqa: N818 - not an error
    """A rule asked for a value that a preview does not know yet."""


class Unknown:
    """A value that a preview does not know yet; any use of it raises UnknownValue, so that no rule guesses."""

    def _refuse(self, *_: object) -> NoReturn:
        raise UnknownValue

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __str__ = __iter__ = __getitem__ = __contains__ = _refuse
    __getattr__ = _refuse
    __hash__ = object.__hash__


class StackView:
    """Every resource of a stack, and what their values refer to.

    Args:
        resources: The resources.
        protected: Whether the stack refuses to delete what holds data.
    """

    def __init__(self, resources: Iterable[Declared], *, protected: bool) -> None:
        self.protected = protected
        self.resources = sorted(resources, key=lambda resource: resource.urn)
        self._resolver = Resolver(self.resources)

    def of(self, *types: str) -> list[Declared]:
        """The resources of these types."""
        return [resource for resource in self.resources if resource.type in types]

    def refer(self, value: Any, type: str | None = None, region: str | None = None) -> Declared | None:
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

    def resolve(self, value: Any) -> Any:
        """A value with what AWS will answer in place of every reference.

        Raises:
            UnknownValue: In a preview, where the value is not known.
        """
        if isinstance(value, Unknown):
            raise UnknownValue
        return self._resolver.resolve(value)

    def execution_arn(self, api: Declared) -> str:
        """The ARN of an API as what invokes a function."""
        told = api.inputs.get("executionArn")
        return told if isinstance(told, str) else self._resolver.outputs(api)["executionArn"]

    def arn(self, resource: Declared) -> str:
        """The ARN that a resource has, or that AWS will give it."""
        told = resource.inputs.get("arn")
        return told if isinstance(told, str) and not TOKEN.search(told) else self._resolver.arn(resource)

    @cached_property
    def _by_arn(self) -> dict[str, Declared]:
        # `arn` of a rule's target is what it points at; of everything else, its own.
        own = [resource for resource in self.resources if resource.type != TARGET]
        index: dict[str, Declared] = {}
        for resource in own:
            # One that is named after another has no known ARN before that one is there.
            with suppress(UnknownValue):
                if known(resource.type).arn:
                    index[self.arn(resource)] = resource
        for resource in own:
            for value in _names(resource):
                if value.startswith(("arn:", "https:")):
                    index.setdefault(value, resource)
        return index

    def naming(self, type: str, key: str, resource: Declared) -> list[Declared]:
        """The resources of a type whose property (`destinationConfig.onFailure.destination`) names a resource."""
        everywhere = resource.type == ROLE  # the only names here that are the account's, not a Region's
        return [
            other
            for other in self.of(type)
            if self.refer(other.get(key), resource.type, None if everywhere else other.region) is resource
        ]

    def policies_of(self, type: str, key: str, resource: Declared) -> list[Mapping[str, Any]]:
        """The statements of the policies of a type whose property `key` names a resource."""
        return [s for policy in self.naming(type, key, resource) for s in statements(policy.inputs["policy"])]

    def role(self, function: Declared) -> Declared | None:
        """A function's role."""
        return self.refer(function.inputs["role"], ROLE)

    def role_statements(self, role: Declared | None) -> list[Mapping[str, Any]]:
        """The statements of a role's inline policies."""
        return self.policies_of(ROLE_POLICY, "role", role) if role else []

    def allowed(self, role: Declared | None, action: str) -> list[Mapping[str, Any]]:
        """The statements that allow a role an action."""
        return [s for s in self.role_statements(role) if s["Effect"] == "Allow" and action in s["Action"]]

    def function(self, value: Any, region: str | None = None) -> Declared | None:
        """The function that a value names, directly or by an alias; `region` as in `refer`."""
        alias = self.refer(value, ALIAS)
        given, region = (alias.inputs["functionName"], alias.region) if alias else (value, region)
        return self.refer(given, FUNCTION, region)


def recorded(recording: Recording) -> StackView:
    """The AWS resources of a recording."""
    return StackView(
        (replace(r, inputs=plain(r.inputs)) for r in recording.all if not r.is_provider and r.region),
        protected=any(r.options.get("protect") for r in recording.all),
    )


def _names(resource: Declared) -> Iterator[str]:
    for key in ("name", "id", "arn", "url", "bucket", "invokeArn"):
        value = resource.inputs.get(key)
        if isinstance(value, str):
            yield value


def json_document(value: Any) -> dict[str, Any]:
    """A JSON document, or the mapping that it would be.

    Raises:
        UnknownValue: Where a preview does not know it yet.
    """
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Unknown) or Reference.parse(value):
        raise UnknownValue
    return dict(json.loads(value))


def statements(policy: Any) -> list[dict[str, Any]]:
    """The statements of a policy document, which may be JSON text."""
    return iam.statements(json_document(policy))


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
