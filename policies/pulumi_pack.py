"""The rules as policies of a Pulumi policy pack."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from components.parts.references import Reference
from policies import rules  # noqa: F401 - makes them known
from policies.rule import RULES, PolicyRule
from policies.view import StackView, Unknown, UnknownValue
from signals.recording.resources import Declared
from signals.recording.values import with_leaves


def policies() -> list[pulumi_policy.Policy]:
    """Each rule as a policy over the whole stack."""
    return [_policy(rule) for rule in RULES]


def _policy(rule: PolicyRule) -> pulumi_policy.Policy:
    def validate(args: pulumi_policy.StackValidationArgs, report_violation: pulumi_policy.ReportViolation) -> None:
        stack = stack_of(args.resources)
        try:
            found = list(rule.check(stack))
        except UnknownValue:
            # Pulumi turns this into a note that the rule waits for the update; the recording knew already.
            raise UnknownValueError(UNKNOWN_STRING_VALUE, [rule.id]) from None
        for resource, what in found:
            report_violation(f"{what}; {rule.remedy}", resource.urn if resource else None)

    return pulumi_policy.StackValidationPolicy(
        name=rule.id,
        description=f"{rule.why} Source: {rule.source}.",
        validate=validate,
        enforcement_level=pulumi_policy.EnforcementLevel(rule.level),
        remediation_steps=rule.remedy,
    )


def stack_of(resources: Sequence[pulumi_policy.PolicyResource]) -> StackView:
    """What the Pulumi engine knows of a stack, as rules see it."""
    return StackView(
        (_view(r) for r in resources if r.resource_type.startswith("aws:") and r.provider),
        protected=any(r.opts.protect for r in resources),
    )


def _view(resource: pulumi_policy.PolicyResource) -> Declared:
    provider = resource.provider.props if resource.provider else {}
    region = resource.props.get("region") if "region" in resource.props else provider.get("region")
    allowed = provider.get("allowedAccountIds")
    # A provider's properties that are no text travel as JSON.
    accounts = json.loads(allowed) if isinstance(allowed, str) else allowed
    inputs = {key: _known(resource, key) for key in resource.props}
    account = str(accounts[0]) if accounts else None
    return Declared(resource.urn, resource.resource_type, resource.name, region, account, inputs)


def _known(resource: pulumi_policy.PolicyResource, property_: str) -> Any:
    """A property without Pulumi's proxies.

    What a preview does not know yet becomes what it depends on, where that is certain: the property has one such value
    and depends on one resource, or is a list of as many values as it depends on resources, whose order is no matter.
    """
    needed = [r for r in resource.property_dependencies.get(property_, []) if r.resource_type.startswith("aws:")]
    unknown: list[Unknown] = []
    value = _plain(resource.props, property_, unknown)
    if len(unknown) != len(needed) or (len(needed) > 1 and not isinstance(value, list)):
        return value
    answers = {id(u): str(Reference(r.resource_type, r.name, "id")) for u, r in zip(unknown, needed, strict=True)}
    return with_leaves(value, lambda leaf: answers[id(leaf)] if isinstance(leaf, Unknown) else leaf)


def _plain(container: Any, key: Any, unknown: list[Unknown]) -> Any:
    try:
        value = container[key]
    except UnknownValueError:
        unknown.append(Unknown())
        return unknown[-1]
    if isinstance(value, Mapping):
        return {inner: _plain(value, inner, unknown) for inner in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(value, index, unknown) for index in range(len(value))]
    return value
