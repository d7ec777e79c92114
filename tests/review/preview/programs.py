"""Small programs, recorded, as the two sides of a preview."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from signals.recording.record import record_program
from signals.review.preview.changes import ResourceChange, compare
from signals.review.preview.snapshot import Snapshot, plain_urn

Program = Callable[[], object]


def snapshot(program: Program) -> Snapshot:
    resources = [r.to_json() for r in record_program(program).all]
    # As it comes out of the process that records it.
    plain = json.loads(json.dumps(resources))
    return Snapshot("a program", {plain_urn(resource["urn"]): resource for resource in plain}, {})


def changes(before: Program, after: Program) -> dict[str, ResourceChange]:
    """What changes, by logical name."""
    return {change.name: change for change in compare(snapshot(before), snapshot(after))}


def bus(name: str = "orders", logical: str = "bus", **options: Any) -> aws.cloudwatch.EventBus:
    return aws.cloudwatch.EventBus(logical, name=name, opts=pulumi.ResourceOptions(**options))


def queue(logical: str = "queue", *, opts: Mapping[str, Any] | None = None, **inputs: Any) -> aws.sqs.Queue:
    return aws.sqs.Queue(logical, **{"name": "orders", **inputs}, opts=pulumi.ResourceOptions(**(opts or {})))


def role(statements: list[dict[str, Any]], trust: list[dict[str, Any]] | None = None) -> None:
    trusted = trust or [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    made = aws.iam.Role("worker", name="worker", assume_role_policy=document(trusted))
    aws.iam.RolePolicy("policy", name="least", role=made.name, policy=document(statements))


def document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
