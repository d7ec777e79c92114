"""IAM policies as values: statements in, a document out that keeps its references to resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.parts.regions import Region

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


def put_events(source: str, buses: pulumi.Input[str] | Sequence[pulumi.Input[str]]) -> Statement:
    """A statement that allows putting events of one source on these buses.

    Through a global endpoint a publisher needs both Regions' buses: the endpoint may route to either.
    """
    return allow("events:PutEvents", buses, {"StringEquals": {"events:source": source}})


def tls_only(resources: Sequence[pulumi.Input[str]], service: str) -> Statement:
    """A statement of a resource policy that refuses requests without TLS."""
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
    region: Region,
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """A role that one AWS service assumes for this account, and its only policy.

    Args:
        name: Logical name of the role; the policy's is `<name>-policy`.
        physical_name: Name in IAM, unique in the account (roles belong to no Region).
        service: For example `lambda.amazonaws.com`.
        statements: All that the role may do.
        region: Its provider; its account is the only one on whose behalf the service may assume the role (confused
            deputy), where the service says for whom it acts.
        parent: The component of both.
    """
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    # Only where the service's guide documents the key: a condition on one that is not sent locks the service out.
    if service == "scheduler.amazonaws.com":
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": region.account_id}}
    opts = region.options(parent)
    role = aws.iam.Role(name, name=physical_name, assume_role_policy=document([trust]), opts=opts)
    policy = aws.iam.RolePolicy(
        f"{name}-policy", name="least-privilege", role=role.name, policy=document(statements), opts=opts
    )
    return role, policy
