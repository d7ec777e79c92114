"""The actions that deploying one resource needs, or reading it: AWS's lists, and what they do not say.

AWS publishes, for each resource type, what its own handlers call. They serve every feature of the type and Pulumi
often makes several resources of one of AWS's; so what belongs to another of them, or to a feature that the program
does not use, is left out. The few calls that the provider makes on top stand below with where they come from.
"""

import re
from collections.abc import Mapping
from typing import Any

from components import resource_types as types
from components.resource_types import known
from signals.errors import Failed
from signals.review.permissions import cloudformation

# The part of AWS's type that a Pulumi type is, by what its actions are called.
_PARTS = {
    types.CERTIFICATE_VALIDATION: "DescribeCertificate",
    types.RULE: "Rule$|Tag",
    types.TARGET: "Target",
    types.BUCKET: r"^(Get|List|CreateBucket$|DeleteBucket$|PutBucketTagging$)|Tag",
    types.BUCKET_LIFECYCLE: "Lifecycle",
    types.BUCKET_PUBLIC_ACCESS: "PublicAccessBlock",
    types.BUCKET_ENCRYPTION: "Encryption",
    types.BUCKET_VERSIONING: "Versioning",
}

# Features: what an action that changes something is called, and the property that asks for it.
_FEATURES = (
    (r"^lambda:.*CodeSigning", "codeSigningConfigArn"),
    (r"^lambda:.*ProvisionedConcurrency", "provisionedConcurrentExecutions"),
    (r"^lambda:.*FunctionConcurrency", "reservedConcurrentExecutions"),
    (r"^lambda:.*(FunctionScaling|CapacityProvider)", "capacityProviderConfig"),
    (r"^lambda:.*(RuntimeManagement|RuntimeAlias|Recursion|LayerVersion)", "layers"),
    (r"^logs:.*(KmsKey)", "kmsKeyId"),
    (r"^logs:.*(DataProtection|IndexPolic|ResourcePolic|BearerToken|DeletionProtection|LogDelivery)", ""),
    (r"^dynamodb:.*(Kinesis|ContributorInsights|AutoScaling|ResourcePolicy)", ""),
    (r"^dynamodb:.*(Replica|Item$|Query$|Scan$)", "replicas"),
    (r"^iam:.*PermissionsBoundary", "permissionsBoundary"),
    (r"^iam:.*(AttachRole|DetachRole)", "managedPolicyArns"),
    (r"^glue:.*(Connection|SchemaVersion)", ""),
    (r"^events:.*Permission", ""),
    (r"^firehose:.*DeliveryStreamEncryption", "serverSideEncryption"),
)

# What the provider calls on top (hashicorp/terraform-provider-aws, internal/service/...; each seen in the request log
# of a deployment, or said where it cannot be).
_PROVIDER: Mapping[str, tuple[str, ...]] = {
    # iam/role.go looks for instance profiles before it deletes a role, which a first deployment never does.
    types.ROLE: ("iam:ListInstanceProfilesForRole",),
    types.DATABASE: ("glue:GetTags", "glue:TagResource", "glue:UntagResource"),
    types.CATALOG_TABLE: ("glue:GetPartitionIndexes",),
    # lambda/function.go reads which version was published last.
    types.FUNCTION: ("lambda:ListVersionsByFunction", "lambda:ListTags"),
    types.BUCKET: ("s3:GetBucketRequestPayment", "s3:GetBucketPolicy"),
}

# What `signals prune` and `signals rollback` call, which run with the role that deploys.
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    types.FUNCTION: ("lambda:DeleteFunction", "lambda:GetFunction", "lambda:ListVersionsByFunction"),
    types.ALIAS: ("lambda:GetAlias", "lambda:ListAliases", "lambda:UpdateAlias"),
}

# API Gateway Developer Guide, "Configure logging for HTTP APIs": whoever sets an access log's destination needs these.
_ACCESS_LOG = tuple(
    f"logs:{action}"
    for action in (
        *("CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies"),
        *("GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"),
    )
)

# AWS's lists have a wildcard here; these are what is described.
_WILDCARDS = {
    "dynamodb:Describe*": tuple(f"dynamodb:Describe{what}" for what in ("ContinuousBackups", "Table", "TimeToLive"))
}

# Where a type's actions do not begin like its namespace.
_SERVICES = {"ApiGatewayV2": "apigateway", "CertificateManager": "acm", "KinesisFirehose": "firehose"}

_READS = re.compile(r"^[\w-]+:(Get|List|Describe|GET$)")
# Read, these are what is stored and not how it is set up.
_DATA = re.compile(r"^(s3:GetObject.*|dynamodb:(GetItem|Query|Scan))$")


class UnknownTypeError(Failed):
    """A resource type whose permissions are not known."""


def service(pulumi_type: str) -> str:
    """The service of a type, as actions name it.

    Raises:
        UnknownTypeError: The table of types does not name its CloudFormation type.
    """
    name = known(pulumi_type).cloudformation
    if not name:
        raise UnknownTypeError(
            f"the permissions of {pulumi_type} are not known: name its CloudFormation type in "
            "components/resource_types.py and run signals/tools/cloudformation.py, which says how"
        )
    namespace = name.partition("::")[0]
    return _SERVICES.get(namespace, namespace.lower())


def actions(pulumi_type: str, inputs: Mapping[str, Any], *, read_only: bool) -> set[str]:
    """What deploying a resource, or only reading it, needs of its own service.

    Args:
        pulumi_type: Type token.
        inputs: Its properties.
        read_only: Leave out whatever changes something or reads stored data.
    """
    own = service(pulumi_type)
    listed = cloudformation.permissions(pulumi_type)
    found = {action for listing in listed for action in _WILDCARDS.get(listing, (listing,))}
    # AWS's lists name a few actions that IAM does not have (s3:DeleteBucketLifecycle is s3:PutLifecycleConfiguration).
    found = {action for action in found if cloudformation.takes_resource(action) is not None}
    part = re.compile(_PARTS.get(pulumi_type, ""))
    found = {a for a in found if a.startswith(f"{own}:") and part.search(a.partition(":")[2]) and _used(a, inputs)}
    found.update(_PROVIDER.get(pulumi_type, ()))
    found.update(_COMMANDS.get(pulumi_type, ()))
    if pulumi_type == types.BUCKET and inputs.get("forceDestroy"):
        found |= {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"}
    if inputs.get("accessLogSettings"):
        found.update(_ACCESS_LOG)
    return {a for a in found if _READS.match(a) and not _DATA.match(a)} if read_only else found


def _used(action: str, inputs: Mapping[str, Any]) -> bool:
    if _READS.match(action) and not _DATA.match(action):
        return True
    return all(inputs.get(prop) for expression, prop in _FEATURES if re.match(expression, action))
