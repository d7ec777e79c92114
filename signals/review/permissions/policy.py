"""The least IAM policies that deploying a stack needs, or previewing it, from what its program declares."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from components import resource_types as types
from components.parts.references import TOKEN
from components.resource_types import arn
from components.settings import PlatformSettings
from signals.recording.iam import trusted_services
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
    types.DOMAIN_NAME: "ops.apigateway.amazonaws.com",
    types.TABLE: "replication.dynamodb.amazonaws.com",
}
# Services of one kind of resource each: allowed by the resource's name, or by the stack's prefix.
_BY_NAME = {"cloudwatch": types.ALARM, "firehose": types.STREAM, "scheduler": types.SCHEDULE}
_BY_PREFIX = {"athena": types.WORKGROUP, "iam": types.ROLE, "sns": types.TOPIC, "sqs": types.QUEUE}
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
        statements += _for_services(resources, settings)
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
    where = {"region": region, "account": account}
    ours, name = f"{settings.name}-*", _prefixed(inputs.get("name"), settings)
    match service:
        case "acm":
            yield arn(types.CERTIFICATE, **where, id="*")
        case "apigateway":
            # API Gateway's own form of ARN has no account, and ids for names.
            for what in ("apis", "domainnames", "tags"):
                yield from (arn(types.API_PATH, region=region, path=path) for path in (what, f"{what}/*"))
        case "cloudwatch" if resource.type == types.DASHBOARD:
            yield arn(types.DASHBOARD, **where, dashboardName=_prefixed(inputs.get("dashboardName"), settings))
        case "dynamodb":
            # A global table is made in every Region that it has a replica in.
            for place in {region, *(replica["regionName"] for replica in inputs.get("replicas", ()))}:
                yield arn(types.TABLE, region=place, account=account, name=name)
        case "events" if resource.type in (types.RULE, types.TARGET):
            # Rules stand under their bus: rule/BUS/RULE.
            yield arn(types.RULE, **where, eventBusName=ours, name="").removesuffix("/")
        case "events" if resource.type == types.ENDPOINT:
            yield arn(types.ENDPOINT, **where, name=settings.name)
        case "events":
            yield arn(types.ARCHIVE if resource.type == types.ARCHIVE else types.BUS, **where, name=ours)
        case "glue":
            database = re.sub(r"\W", "_", f"{settings.name}-") + "*"
            yield arn(types.GLUE_CATALOG, **where)
            yield arn(types.DATABASE, **where, name=database)
            yield arn(types.CATALOG_TABLE, **where, databaseName=database, name="*")
        case "lambda":
            yield arn(types.FUNCTION, **where, name=ours)
            if resource.type == types.MAPPING:
                yield arn(types.MAPPING, **where, id="*")
        case "logs":
            group = arn(types.LOG_GROUP, **where, name=name if resource.type == types.LOG_GROUP else ours)
            yield from (group, f"{group}:*")
        case "route53" if resource.type == types.HEALTH_CHECK:
            yield arn(types.HEALTH_CHECK, id="*")
        case "route53":
            yield from (arn(types.HOSTED_ZONE, id=inputs["zoneId"]), arn(types.DNS_CHANGE, id="*"))
        case "s3":
            yield arn(types.BUCKET, bucket=_prefixed(inputs["bucket"], settings))
        case _ if service in _BY_NAME:
            yield arn(_BY_NAME[service], **where, name=name)
        case _ if service in _BY_PREFIX:
            yield arn(_BY_PREFIX[service], **where, name=ours)
        case _:
            raise actions.UnknownTypeError(
                f"the ARN of {resource.type} is not known: add it to signals/review/permissions/policy.py"
            )


def _prefixed(name: str | None, settings: PlatformSettings) -> str:
    """A physical name up to the stack's prefix; what is named otherwise, or elsewhere, by the prefix alone."""
    prefix = f"{settings.name}-"
    if not isinstance(name, str) or TOKEN.search(name):
        return f"{prefix}*"
    before, found, _ = name.partition(prefix)
    return f"{before}{prefix}*" if found else name


def _for_services(resources: Iterable[Resource], settings: PlatformSettings) -> Iterator[Statement]:
    """Roles may be handed to the services that they trust, and AWS may make the service-linked ones that it needs."""
    documents = [json.loads(r.inputs["assumeRolePolicy"]) for r in resources if r.type == types.ROLE]
    trusted = sorted({service for document in documents for service in trusted_services(document)})
    if trusted:
        yield {
            "Sid": "PassRole",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": arn(types.ROLE, account=settings.account_id, name=f"{settings.name}-*"),
            "Condition": {"StringEquals": {"iam:PassedToService": trusted}},
        }
    linked = sorted({_LINKED[resource.type] for resource in resources if resource.type in _LINKED})
    if linked:
        names = [f"aws-service-role/{service}/*" for service in linked]
        yield {
            "Sid": "ServiceLinkedRoles",
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": [arn(types.ROLE, account=settings.account_id, name=name) for name in names],
            "Condition": {"StringEquals": {"iam:AWSServiceName": linked}},
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
