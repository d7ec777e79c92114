"""Whether policies allow a request, as IAM decides (IAM User Guide, "Policy evaluation logic").

ministack's evaluator, which the embedded AWS and the model share: an explicit deny wins, else a statement must allow;
conditions, NotAction, NotResource, principals and permissions boundaries included. It fills in no policy variables
(`${aws:username}`), which no policy of this program has.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, ParsedStatement

from signals.recording.iam import as_list

Decision = Literal["Allow", "Deny", "ImplicitDeny"]
Policy = str | Mapping[str, Any]
Statements = list[list[ParsedStatement]]
# Nobody in particular: statements for everybody (`*`) apply, those for accounts and roles do not.
ANYBODY = "*"
_OPERATOR = re.compile(rf"(?:for(?:all|any)values?:)?(?:{'|'.join(iam_evaluator._CONDITION_OPS)})(?:ifexists)?|null")


def parsed(policies: Sequence[Policy]) -> Statements:
    """The statements of identity policies.

    Raises:
        KeyError: A condition operator that the evaluator does not know, which it would take for one that never holds.
    """
    found: Statements = [acting(iam_evaluator.parse_policy_document(policy)) for policy in policies]
    for statement in (each for statements in found for each in statements):
        for operator in statement.conditions:
            if not _OPERATOR.fullmatch(operator.lower()):
                raise KeyError(operator)
    return found


def acting(statements: list[ParsedStatement]) -> list[ParsedStatement]:
    """Those that name an action: IAM refuses others, and the evaluator would take them for statements about all."""
    return [statement for statement in statements if statement.actions or statement.not_actions]


def decide(
    statements: Statements,
    action: str,
    resource: str,
    keys: Mapping[str, str | list[str]],
    *,
    principal_arn: str = "",
    boundaries: Sequence[Statements] = (),
    resource_policy: tuple[Policy, str] | None = None,
) -> Decision:
    """What IAM decides on a request.

    Args:
        statements: Those of the caller's identity policies.
        action: For example `events:PutEvents`.
        resource: ARN of what is acted on.
        keys: Condition keys of the request.
        principal_arn: The caller, an IAM role's session for example.
        boundaries: The statements of what limits the caller.
        resource_policy: The resource's own policy, and the account that owns the resource.
    """
    context = _context(principal_arn, action, resource, keys)
    result = iam_evaluator.evaluate(context, statements, *boundaries)
    if resource_policy is not None:
        result = iam_evaluator.combine_resource_policy(result, context, *resource_policy, limits=tuple(boundaries))
    decided: Decision = result.decision
    return decided


def service_may(
    policy: Policy | None, action: str, resource: str, keys: Mapping[str, str | list[str]], *, service: str
) -> bool:
    """Whether the policy of a resource, or a role's trust policy, lets a service's principal act."""
    document = json.loads(policy) if isinstance(policy, str) and policy else policy or {}
    parsed([document])  # for its condition operators
    listed = [each for each in as_list(document.get("Statement")) if each.get("Action") or each.get("NotAction")]
    context = _context(ANYBODY, action, resource, keys)
    result = iam_evaluator.evaluate_resource_policy({"Statement": listed}, context, service=service)
    return bool(result.decision == "Allow")


def _context(principal_arn: str, action: str, resource: str, keys: Mapping[str, str | list[str]]) -> EvalContext:
    parts = principal_arn.split(":")
    return EvalContext(
        principal_arn=principal_arn,
        principal_type="AssumedRole" if ":assumed-role/" in principal_arn else "Service",
        principal_account=parts[4] if len(parts) > 5 else "",
        action=action,
        resource_arn=resource,
        region=(resource.split(":") + [""] * 4)[3],
        # Services of AWS and SDKs use TLS, whatever a laptop's loopback does.
        secure_transport=True,
        # A request without tags has no key for them, which the evaluator would fill in as an empty list.
        service_context={"aws:tagkeys": None, **{key.lower(): value for key, value in keys.items()}},
    )
