"""Who can reach what: bus policies, roles, encryption, TLS, public access."""

from collections.abc import Iterator, Mapping
from typing import Any

from components import resource_types as types
from policies.rule import Finding, rule
from policies.view import StackView, conditions, statements
from signals.recording.iam import as_list

# X-Ray has no resource to name (Service Authorization Reference, AWS X-Ray).
_NO_RESOURCE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _anyone(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, dict) and "*" in as_list(principal.get("AWS")))


@rule(
    "EB-BUS-POLICY",
    why="A bus that anyone may put on takes forged signals from every AWS account; one that an organisation may put on "
    "takes them from every account it will ever have, sandboxes included.",
    source="EventBridge User Guide, eb-event-bus-permissions; cdk-nag AwsSolutions-EVB1",
    remedy="name the accounts, or add a condition on events:source beside aws:PrincipalOrgID",
)
def buses_are_not_open(stack: StackView) -> Iterator[Finding]:
    for policy in stack.of(types.BUS_POLICY):
        for statement in statements(policy.inputs["policy"]):
            if statement["Effect"] != "Allow" or not _anyone(statement):
                continue
            accounts = conditions(statement, "aws:PrincipalAccount") + conditions(statement, "aws:SourceAccount")
            organisation = conditions(statement, "aws:PrincipalOrgID")
            if not accounts and not organisation:
                yield policy, "anyone may put on the bus"
            elif not accounts and not conditions(statement, "events:source"):
                yield policy, f"all of {', '.join(organisation)} may put anything on the bus"
    for permission in stack.of(types.BUS_PERMISSION):
        if permission.inputs.get("principal") == "*":
            organisation = permission.get("condition.value")
            yield permission, f"{'all of ' + organisation if organisation else 'anyone'} may put on the bus"


@rule(
    "IAM-NO-WILDCARD",
    why="With a wildcard in its role, one compromised function gives access to the rest of the platform.",
    source="IAM User Guide, best-practices ('Apply least-privilege permissions')",
    remedy="name the actions and the resources; open are only X-Ray, the streams of one log group, the objects of one "
    "bucket, and the managed replication rule",
)
def roles_name_actions_and_resources(stack: StackView) -> Iterator[Finding]:
    for role in stack.of(types.ROLE):
        for statement in stack.role_statements(role):
            if statement["Effect"] != "Allow":
                continue
            for action in statement["Action"]:
                if "*" in action:
                    yield role, f"it may {action}"
            for resource in statement["Resource"]:
                if "*" in resource and not _in_bounds(resource, statement["Action"]):
                    yield role, f"it may {', '.join(statement['Action'])} on {resource}"


def _in_bounds(resource: str, actions: list[str]) -> bool:
    """Whether a wildcard stands for what cannot be named beforehand: the only forms that are let through."""
    if resource == "*":
        return set(actions) <= set(_NO_RESOURCE)
    services = {action.split(":")[0] for action in actions}
    where, _, what = resource.rpartition("/")
    # Streams of one log group and objects of one bucket come and go.
    if services == {"logs"}:
        return resource.endswith(":*") and resource.count("*") == 1
    if services == {"s3"}:
        return what == "*" and "*" not in where
    if actions == ["events:PutEvents"]:
        return True  # EB-PUBLISHER-BUSES and EB-PUT-SCOPE say more
    # EventBridge makes the managed rule in either Region and chooses how its name ends.
    return services == {"events"} and ":rule/" in where and "*" not in where.split(":", 4)[4]


@rule(
    "DATA-ENCRYPTED",
    why="Signals hold customers' data: whatever stores them must encrypt them, explicitly rather than by default.",
    source="SQS Developer Guide, sqs-sse; S3 User Guide, bucket-encryption; Firehose Developer Guide, encryption",
    remedy="set sqsManagedSseEnabled or kmsMasterKeyId, a bucket's encryption configuration, serverSideEncryption",
)
def data_is_encrypted(stack: StackView) -> Iterator[Finding]:
    for queue in stack.of(types.QUEUE):
        if not queue.get("sqsManagedSseEnabled") and not queue.get("kmsMasterKeyId"):
            yield queue, "it is not encrypted"
    for stream in stack.of(types.STREAM):
        if not stream.get("serverSideEncryption.enabled"):
            yield stream, "it is not encrypted"
    for bucket in stack.of(types.BUCKET):
        if not stack.naming(types.BUCKET_ENCRYPTION, "bucket", bucket):
            yield bucket, "it states no encryption"


@rule(
    "DATA-TLS",
    why="SQS and S3 accept unencrypted requests unless a policy refuses them, and an API's domain talks TLS 1.0 unless "
    "told not to.",
    source="SQS Developer Guide, sqs-security-best-practices; S3 User Guide, security-best-practices",
    remedy="deny aws:SecureTransport false in the policy of each queue and bucket; set securityPolicy to TLS_1_2",
)
def data_travels_over_tls(stack: StackView) -> Iterator[Finding]:
    guarded = [(queue, types.QUEUE_POLICY, "queueUrl") for queue in stack.of(types.QUEUE)]
    guarded += [(bucket, types.BUCKET_POLICY, "bucket") for bucket in stack.of(types.BUCKET)]
    for resource, policy_type, key in guarded:
        if not any(_refuses_unencrypted(s) for s in stack.policies_of(policy_type, key, resource)):
            yield resource, "it takes requests without TLS"
    for domain in stack.of(types.DOMAIN_NAME):
        policy = str(domain.get("domainNameConfiguration.securityPolicy"))
        if not policy.startswith(("TLS_1_2", "TLS_1_3", "SecurityPolicy_TLS")):
            yield domain, f"its security policy is {policy}"


def _refuses_unencrypted(statement: Mapping[str, Any]) -> bool:
    plain = [str(value).lower() for value in conditions(statement, "aws:SecureTransport")]
    return statement["Effect"] == "Deny" and _anyone(statement) and plain == ["false"]


@rule(
    "DATA-PUBLIC-ACCESS",
    why="A bucket of signals that an ACL or a policy can open is one mistake from being public.",
    source="S3 User Guide, access-control-block-public-access",
    remedy="give each bucket a public access block with all four settings on",
)
def buckets_are_closed(stack: StackView) -> Iterator[Finding]:
    for bucket in stack.of(types.BUCKET):
        blocks = stack.naming(types.BUCKET_PUBLIC_ACCESS, "bucket", bucket)
        missing = [key for key in _PUBLIC_ACCESS if not any(block.get(key) for block in blocks)]
        if missing:
            yield bucket, f"{', '.join(missing)} not set"
