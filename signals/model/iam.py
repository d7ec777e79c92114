"""Whether a policy allows a call: the statements of the recorded policies, decided upon as on the embedded AWS.

PutEvents is authorized on the event bus, never on the endpoint, with `events:source` as condition key (Service
Authorization Reference, "Amazon EventBridge"); a service that sends for a resource shows `aws:SourceArn`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from signals.local.authorization import decide, parsed, service_may
from signals.recording.iam import statements


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
            document = {"Statement": list(self.statements)}
            if service is None:
                allowed = decide(parsed([document]), action, resource, context or {}) == "Allow"
            else:
                allowed = service_may(document, action, resource, context or {}, service=service)
            self._answers[request] = allowed
        return self._answers[request]
