"""IAM policies as values: statements in, a document out that keeps its references to resources."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

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
