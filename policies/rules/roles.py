"""Each service and function may do its part: who may assume its role, and what that role may do."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from components import resource_types as types
from components.resource_types import ROLE
from policies.rule import Finding, rule
from policies.view import StackView, conditions, json_document
from signals.recording.iam import trusted_services
from signals.recording.resources import Declared

# What uses a role, where it names the role, and as which service it assumes it.
_USERS = (
    (types.FUNCTION, "role", "lambda.amazonaws.com"),
    (types.STREAM, "extendedS3Configuration.roleArn", "firehose.amazonaws.com"),
    (types.TARGET, "roleArn", "events.amazonaws.com"),
    (types.SCHEDULE, "target.roleArn", "scheduler.amazonaws.com"),
)
_POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_TRACING = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")
_TABLE_ITEMS = tuple(
    f"dynamodb:{operation}" for operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
)
_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_OBJECTS = ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload")

Need = tuple[Declared, Declared | None, tuple[str, ...], str]


@rule(
    "IAM-TRUST",
    why="A role that trusts another service than the one that uses it deploys, and then cannot be assumed: the rule "
    "delivers nothing, the stream writes nothing.",
    source="IAM User Guide, reference_policies_elements_principal; Firehose Developer Guide, controlling-access; "
    "EventBridge User Guide, eb-use-identity-based; Lambda Developer Guide, lambda-intro-execution-role",
    remedy="let the service that uses the role assume it (lambda, firehose, events, scheduler)",
)
def services_may_assume_their_roles(stack: StackView) -> Iterator[Finding]:
    for type_, path, service in _USERS:
        for user in stack.of(type_):
            role = stack.refer(user.get(path), ROLE) if user.get(path) else None
            if role and service not in trusted_services(json_document(role.inputs["assumeRolePolicy"])):
                yield role, f"{service} may not assume it, and {user.name} needs that"


@rule(
    "IAM-ROLE-SUFFICES",
    why="A missing permission shows when it is used, not when it is deployed: with a poller that may not delete, every "
    "message comes again until it is a dead letter; a stream that may not write keeps signals for a day, no longer.",
    source="Lambda Developer Guide, services-sqs-configure, monitoring-cloudwatchlogs, services-xray; Firehose "
    "Developer Guide, controlling-access (Amazon S3 destination), and its limits; EventBridge Scheduler User Guide, "
    "setting-up; Powertools for AWS Lambda, idempotency (required permissions)",
    remedy="allow the role the action on that resource",
)
def roles_allow_what_they_are_for(stack: StackView) -> Iterator[Finding]:
    for target in stack.of(types.TARGET):
        if not target.get("roleArn") and stack.refer(target.inputs.get("arn"), types.STREAM):
            yield target, "it has no role to put into the stream with"
    for user, role, actions, arn in _needs(stack):
        missing = [action for action in actions if role and not _allows(stack, role, action, arn)]
        if role and missing:
            yield role, f"it may not {', '.join(missing)} on {arn}, which {user.name} needs"


def _needs(stack: StackView) -> Iterator[Need]:
    for mapping in stack.of(types.MAPPING):
        queue = stack.refer(mapping.inputs["eventSourceArn"], types.QUEUE)
        function = stack.function(mapping.inputs["functionName"], mapping.region)
        if queue and function:
            yield mapping, stack.role(function), _POLLING, stack.arn(queue)
    for function in stack.of(types.FUNCTION):
        yield from _needs_of_function(stack, function)
    for stream in stack.of(types.STREAM):
        role = stack.refer(stream.get("extendedS3Configuration.roleArn"), ROLE)
        bucket = stack.refer(stream.get("extendedS3Configuration.bucketArn"), types.BUCKET)
        if bucket:
            yield stream, role, _BUCKET, stack.arn(bucket)
            yield stream, role, _OBJECTS, f"{stack.arn(bucket)}/signals/object"
        group = stack.refer(
            stream.get("extendedS3Configuration.cloudwatchLoggingOptions.logGroupName"), types.LOG_GROUP, stream.region
        )
        if group:
            yield stream, role, ("logs:PutLogEvents",), f"{stack.arn(group)}:log-stream:delivery"
    for target in stack.of(types.TARGET):
        fed = stack.refer(target.inputs.get("arn"), types.STREAM)
        if fed and target.get("roleArn"):
            role = stack.refer(target.get("roleArn"), ROLE)
            yield target, role, ("firehose:PutRecord", "firehose:PutRecordBatch"), stack.arn(fed)
    for schedule in stack.of(types.SCHEDULE):
        role, called = stack.refer(schedule.get("target.roleArn"), ROLE), stack.refer(schedule.get("target.arn"))
        if called and called.type in (types.ALIAS, types.FUNCTION):
            yield schedule, role, ("lambda:InvokeFunction",), stack.arn(called)
        elif called and called.type == types.BUS:
            yield schedule, role, ("events:PutEvents",), stack.arn(called)


def _needs_of_function(stack: StackView, function: Declared) -> Iterator[Need]:
    role, variables = stack.role(function), function.get("environment.variables") or {}
    group = stack.refer(f"/aws/lambda/{function.inputs['name']}", types.LOG_GROUP, function.region)
    if group:
        yield function, role, _LOGGING, f"{stack.arn(group)}:log-stream:any"
    if function.get("tracingConfig.mode") == "Active":
        yield function, role, _TRACING, "*"
    for name, value in variables.items():
        if name.endswith("_QUEUE_URL") and (queue := stack.refer(value, types.QUEUE)):
            yield function, role, ("sqs:SendMessage",), stack.arn(queue)
        elif name.endswith("_TABLE") and (tables := tables_of(stack, value)):
            here = stack.arn(tables[0]).split(":")
            yield function, role, _TABLE_ITEMS, ":".join([*here[:3], str(function.region), *here[4:]])
        # EB-PUBLISHER-BUSES and EB-RETURN-PATH look at those who put through the endpoint and in the other Region.
        elif name.endswith("BUS_NAME") and not {"EVENT_ENDPOINT_ID", "PRIMARY_REGION"} & variables.keys():
            bus = stack.refer(value, types.BUS, function.region)
            if bus:
                yield function, role, ("events:PutEvents",), stack.arn(bus)


def tables_of(stack: StackView, name: str) -> list[Declared]:
    """The tables that a function's variable may name."""
    wanted = stack.resolve(name)
    return [table for table in stack.of(types.TABLE) if table.inputs["name"] == wanted]


def _allows(stack: StackView, role: Declared, action: str, arn: str) -> bool:
    """Whether a role's policies allow an action on a resource; conditions are other rules' to look at."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, allowed) for allowed in statement["Action"])
        and any(fnmatchcase(arn, stack.resolve(resource)) for resource in statement["Resource"])
        for statement in stack.role_statements(role)
    )


@rule(
    "IAM-SCHEDULE-SOURCE",
    why="A role that may put events of another source than its schedule's lets no heartbeat pass: a quiet night then "
    "looks like an outage.",
    source="Service Authorization Reference, condition key events:source",
    remedy="name the schedule's own source in the condition",
)
def schedules_put_what_their_role_allows(stack: StackView) -> Iterator[Finding]:
    for schedule in stack.of(types.SCHEDULE):
        source = schedule.get("target.eventbridgeParameters.source")
        role = stack.refer(schedule.get("target.roleArn"), ROLE)
        for statement in stack.allowed(role, "events:PutEvents") if source else ():
            allowed = conditions(statement, "events:source")
            if allowed and source not in allowed:
                yield schedule, f"it puts {source}, and its role may put {', '.join(allowed)}"


@rule(
    "API-INVOKE-PERMISSION",
    why="An API that may not invoke its function answers every client with 500, and nothing is accepted.",
    source="API Gateway Developer Guide, http-api-develop-integrations-lambda (permissions)",
    remedy="add a lambda permission for apigateway.amazonaws.com with a sourceArn of the API's execution ARN",
)
def apis_may_invoke_their_functions(stack: StackView) -> Iterator[Finding]:
    for integration in stack.of(types.INTEGRATION):
        function = stack.function(integration.inputs.get("integrationUri"), integration.region)
        api = stack.refer(integration.inputs.get("apiId"), types.API, integration.region)
        permissions = stack.naming(types.PERMISSION, "function", function) if function else []
        if function and api and not any(_is_for(stack, permission, api) for permission in permissions):
            yield function, f"the API {api.inputs['name']} may not invoke it"


def _is_for(stack: StackView, permission: Declared, api: Declared) -> bool:
    source = permission.inputs.get("sourceArn")
    return permission.inputs["principal"] == "apigateway.amazonaws.com" and (
        stack.refer(source, types.API) is api or str(stack.resolve(source)).startswith(f"{stack.execution_arn(api)}/")
    )
