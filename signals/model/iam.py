"""Whether a policy allows a call: the statements of the recorded policies, evaluated.

An explicit deny wins, else one statement must allow: action, resource and every condition (IAM User Guide, "Policy
evaluation logic"). PutEvents is authorized on the event bus, never on the endpoint, with `events:source` as condition
key (Service Authorization Reference, "Amazon EventBridge"); a service that sends for a resource shows `aws:SourceArn`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Self

from signals.recording.iam import as_list, statements

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
    "Bool": lambda value, wanted: value == str(wanted).lower(),
}


@dataclass(frozen=True, eq=False)
class Policy:
    """The statements of an identity's policies, or of a resource's; answers are kept, since policies do not change."""

    statements: tuple[Mapping[str, Any], ...] = ()
    _answers: dict[Any, bool] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, document: str) -> Self:
        """The policy that a document in JSON is."""
        return cls(tuple(statements(json.loads(document))))

    @classmethod
    def of_trust(cls, document: str) -> Self:
        """The policy of a role that says who may assume it; it names no resource."""
        return cls(tuple({**statement, "Resource": ["*"]} for statement in statements(json.loads(document))))

    @cached_property
    def _denied(self) -> Policy:
        denials = (s for s in self.statements if s["Effect"] == "Deny" and s.get("Principal") in ("*", {"AWS": "*"}))
        return Policy(tuple({**statement, "Effect": "Allow"} for statement in denials))

    def denies(self, action: str, resource: str) -> bool:
        """Whether a resource's policy denies an action to everybody, whoever's own policy allows it."""
        return self._denied.allows(action, resource)

    def __add__(self, other: Policy) -> Policy:
        return Policy(self.statements + other.statements)

    def allows(
        self, action: str, resource: str, context: Mapping[str, str] | None = None, service: str | None = None
    ) -> bool:
        """Whether an action on a resource is allowed.

        Args:
            action: For example `events:PutEvents`.
            resource: ARN of what is acted on.
            context: Condition keys of the request.
            service: For a resource's policy: the service principal that calls.

        Raises:
            KeyError: A condition operator that this evaluator does not know.
        """
        request = (action, resource, tuple((context or {}).items()), service)
        if request not in self._answers:
            keys = {"aws:SecureTransport": "true", **(context or {})}
            effects = {s["Effect"] for s in self.statements if _applies(s, action, resource, keys, service)}
            self._answers[request] = "Allow" in effects and "Deny" not in effects
        return self._answers[request]


def _applies(
    statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str], service: str | None
) -> bool:
    if service is not None:
        principal = statement.get("Principal", {})
        if principal != "*" and service not in as_list(principal.get("Service")):
            return False
    return (
        any(fnmatchcase(action.lower(), wanted.lower()) for wanted in as_list(statement["Action"]))
        and any(fnmatchcase(resource, wanted) for wanted in as_list(statement["Resource"]))
        and all(
            key in context and any(_OPERATORS[operator](context[key], wanted) for wanted in as_list(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )
