"""IAM policies as values: statements in, a document out that still knows which resources it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

Statement = Mapping[str, Any]


def allow(
    actions: str | Sequence[str],
    resources: pulumi.Input[str] | Sequence[pulumi.Input[str]],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement of an identity policy."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """A policy document as JSON."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def tls_only(resources: Sequence[pulumi.Input[str]], service: str) -> Statement:
    """A statement of a resource policy that refuses whatever does not come over TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def service_role(
    name: str,
    *,
    physical_name: str,
    service: str,
    statements: Sequence[Statement],
    account_id: str,
    opts: pulumi.ResourceOptions,
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """A role that one AWS service assumes for this account, and its only policy.

    Args:
        name: Logical name of the role; the policy's is `<name>-policy`.
        physical_name: Name in IAM, unique in the account (roles belong to no Region).
        service: For example `lambda.amazonaws.com`.
        statements: All that the role may do.
        account_id: The only account on whose behalf the service may assume it (confused deputy).
        opts: Parent and provider of both.
    """
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    # Only where the service's guide documents the key: a condition on one that is not sent locks the service out.
    if service == "scheduler.amazonaws.com":
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    role = aws.iam.Role(name, name=physical_name, assume_role_policy=document([trust]), opts=opts)
    policy = aws.iam.RolePolicy(
        f"{name}-policy", name="least-privilege", role=role.name, policy=document(statements), opts=opts
    )
    return role, policy
