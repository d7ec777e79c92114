"""The least IAM policies that deploying a stack needs, or previewing it, from what its program declares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from components.parts.references import TOKEN
from components.settings import PlatformSettings
from signals.recording.resources import Recording, Resource
from signals.review.permissions import actions, cloudformation

# IAM quotas: characters of a managed policy, white space not counted; and managed policies of a role.
MAX_CHARACTERS = 6_144
MAX_POLICIES = 10
Document = dict[str, Any]
Statement = dict[str, Any]

# Service-linked roles that AWS makes on first use in an account, and the resources that make it (IAM User Guide,
# "AWS services that work with IAM"; DynamoDB and API Gateway developer guides, "Using service-linked roles").
_LINKED = {
    "aws:apigatewayv2/domainName:DomainName": "ops.apigateway.amazonaws.com",
    "aws:dynamodb/table:Table": "replication.dynamodb.amazonaws.com",
}
# Requests to these are signed for us-east-1 wherever the stack is.
_GLOBAL = ("iam", "route53", "s3")


def policies(recording: Recording, settings: PlatformSettings, *, read_only: bool = False) -> dict[str, Document]:
    """Policies by name, each small enough for a managed policy.

    Args:
        recording: What the stack's program declares.
        settings: Its name, Regions and account bound the policies.
        read_only: What `pulumi preview --refresh` needs, and no more.

    Raises:
        UnknownTypeError: The permissions of a resource type are not known.
    """
    resources = [resource for resource in recording.all if resource.custom and not resource.is_provider]
    found: dict[str, set[str]] = {}
    for resource in resources:
        for action in actions.actions(resource.type, resource.inputs, read_only=read_only):
            found.setdefault(action.partition(":")[0], set()).add(action)
    statements = [s for service in sorted(found) for s in _service(service, found[service], resources, settings)]
    if not read_only:
        statements += [*_pass_roles(resources, settings), *_linked(resources, settings)]
    documents = list(_packed(statements))
    name = f"{settings.name}-{'preview' if read_only else 'deploy'}"
    return {name if len(documents) == 1 else f"{name}-{n}": one for n, one in enumerate(documents, start=1)}


def characters(document: Document) -> int:
    """A policy's size as IAM counts it."""
    return len(re.sub(r"\s", "", json.dumps(document)))


def _service(
    service: str, wanted: set[str], resources: list[Resource], settings: PlatformSettings
) -> Iterator[Statement]:
    """One statement for what can be allowed on the stack's own, one for what cannot."""
    own = [resource for resource in resources if actions.service(resource.type) == service]
    regions = sorted({resource.region for resource in own if resource.region})
    arns = sorted({arn for resource in own for arn in _arns(service, resource, settings)})
    # What is not in AWS's reference (or has another spelling there) is taken to be allowed on a resource.
    scoped = sorted(action for action in wanted if cloudformation.takes_resource(action) is not False and arns)
    rest = sorted(wanted - set(scoped))
    title = re.sub(r"\W", "", service.title())
    if scoped:
        yield {"Sid": title, "Effect": "Allow", "Action": scoped, "Resource": arns}
    if rest:
        bound = regions or sorted({resource.region for resource in resources if resource.region})
        condition = {} if service in _GLOBAL else {"Condition": {"StringEquals": {"aws:RequestedRegion": bound}}}
        yield {"Sid": f"{title}Anywhere", "Effect": "Allow", "Action": rest, "Resource": "*", **condition}


def _arns(service: str, resource: Resource, settings: PlatformSettings) -> Iterator[str]:
    """What a resource is called, its name cut to the stack's prefix; where AWS gives the name, all of its kind."""
    region, account, inputs = resource.region, settings.account_id, resource.inputs
    here = f"{service}:{region}:{account}"
    name = _prefixed(inputs.get("name"), settings)
    match service:
        case "acm":
            yield f"arn:aws:acm:{region}:{account}:certificate/*"
        case "apigateway":
            # API Gateway's own form of ARN has no account, and ids for names.
            for what in ("apis", "domainnames", "tags"):
                yield from (f"arn:aws:apigateway:{region}::/{what}", f"arn:aws:apigateway:{region}::/{what}/*")
        case "athena":
            yield f"arn:aws:{here}:workgroup/{settings.name}-*"
        case "cloudwatch":
            kind = "dashboard" if "dashboard" in resource.type.lower() else "alarm"
            where = f"arn:aws:cloudwatch::{account}:dashboard/" if kind == "dashboard" else f"arn:aws:{here}:alarm:"
            yield f"{where}{_prefixed(inputs.get('dashboardName') or inputs.get('name'), settings)}"
        case "dynamodb":
            # A global table is made in every Region that it has a replica in.
            for place in {region, *(replica["regionName"] for replica in inputs.get("replicas", ()))}:
                yield f"arn:aws:dynamodb:{place}:{account}:table/{name}"
        case "events":
            # Rules stand under their bus: rule/BUS/RULE.
            kind = resource.type.rpartition(":")[2].removeprefix("Event").lower()
            kind = {"bus": "event-bus", "target": "rule", "buspolicy": "event-bus"}.get(kind, kind)
            yield f"arn:aws:{here}:{kind}/{settings.name}{'' if kind == 'endpoint' else '-*'}"
        case "firehose":
            yield f"arn:aws:{here}:deliverystream/{name}"
        case "glue":
            database = re.sub(r"\W", "_", f"{settings.name}-") + "*"
            yield from (
                f"arn:aws:{here}:catalog",
                f"arn:aws:{here}:database/{database}",
                f"arn:aws:{here}:table/{database}/*",
            )
        case "iam":
            yield f"arn:aws:iam::{account}:role/{settings.name}-*"
        case "lambda":
            yield f"arn:aws:{here}:function:{settings.name}-*"
            if resource.type.endswith(":EventSourceMapping"):
                yield f"arn:aws:{here}:event-source-mapping:*"
        case "logs":
            name = _prefixed(inputs.get("name") if resource.type.endswith(":LogGroup") else None, settings)
            yield f"arn:aws:{here}:log-group:{name}"
            yield f"arn:aws:{here}:log-group:{name}:*"
        case "route53":
            if resource.type.endswith(":HealthCheck"):
                yield "arn:aws:route53:::healthcheck/*"
            else:
                yield from (f"arn:aws:route53:::hostedzone/{inputs['zoneId']}", "arn:aws:route53:::change/*")
        case "s3":
            yield f"arn:aws:s3:::{_prefixed(inputs['bucket'], settings)}"
        case "scheduler":
            yield f"arn:aws:{here}:schedule/default/{name}"
        case "sns" | "sqs":
            yield f"arn:aws:{here}:{settings.name}-*"
        case _:
            raise actions.UnknownTypeError(
                f"the ARN of {resource.type} is not known: say it in signals/permissions/policy.py"
            )


def _prefixed(name: str | None, settings: PlatformSettings) -> str:
    """A physical name up to the stack's prefix; what is named otherwise, or elsewhere, by the prefix alone."""
    prefix = f"{settings.name}-"
    if not isinstance(name, str) or TOKEN.search(name):
        return f"{prefix}*"
    before, found, _ = name.partition(prefix)
    return f"{before}{prefix}*" if found else name


def _pass_roles(resources: Iterable[Resource], settings: PlatformSettings) -> Iterator[Statement]:
    """Roles may be handed to the services that they trust, and to no other."""
    trusted: set[str] = set()
    for resource in resources:
        if resource.type == "aws:iam/role:Role":
            for statement in json.loads(resource.inputs["assumeRolePolicy"])["Statement"]:
                service = statement["Principal"].get("Service", [])
                trusted.update([service] if isinstance(service, str) else service)
    if trusted:
        yield {
            "Sid": "PassRole",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": f"arn:aws:iam::{settings.account_id}:role/{settings.name}-*",
            "Condition": {"StringEquals": {"iam:PassedToService": sorted(trusted)}},
        }


def _linked(resources: Iterable[Resource], settings: PlatformSettings) -> Iterator[Statement]:
    services = sorted({_LINKED[resource.type] for resource in resources if resource.type in _LINKED})
    if services:
        role = f"arn:aws:iam::{settings.account_id}:role/aws-service-role"
        yield {
            "Sid": "ServiceLinkedRoles",
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": [f"{role}/{service}/*" for service in services],
            "Condition": {"StringEquals": {"iam:AWSServiceName": services}},
        }


def _packed(statements: list[Statement]) -> Iterator[Document]:
    """As few documents as hold all statements in their order."""
    document: Document = {"Version": "2012-10-17", "Statement": []}
    for statement in statements:
        grown = {**document, "Statement": [*document["Statement"], statement]}
        if characters(grown) > MAX_CHARACTERS and document["Statement"]:
            yield document
            grown = {**document, "Statement": [statement]}
        document = grown
    if document["Statement"]:
        yield document
