"""Who may do what: every call of a function, a rule, a schedule, a mapping or a stream, checked as IAM checks it.

AWS: a request is allowed by a statement of the caller's identity policies or of the resource's own, and by no deny; a
service that acts by a role must be trusted by it (IAM User Guide, "Policy evaluation logic", "Roles terms and
concepts"). SQS authorizes a batch as its single action (SQS Developer Guide, "SQS API permissions"). PutEvents is
authorized on each entry's bus, with `events:source` and `events:detail-type` as condition keys (Service Authorization
Reference, "Amazon EventBridge"). The poller of an event source mapping, the logs and the on-failure destination of a
function act by the function's role (Lambda Developer Guide, "Defining Lambda function permissions with an execution
role").

ministack: has the evaluator and, with AUTH, checks each request of its API against the session of its role that it
gives a function; people and engines have the account's own keys and may do all. It does not check what services do
inside, knows no condition keys of PutEvents and only single statements of a bus's policy, and verifies SigV4A with a
package that is not installed: here a SigV4A signature is taken as right. All traffic counts as TLS, whatever this
machine's loopback does.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, sigv4
from ministack.core.arn import parse_arn
from ministack.core.iam_evaluator import AuthError, EvalResult, PrincipalInfo
from ministack.core.responses import get_account_id, get_region, json_response, new_uuid, request_scope
from ministack.services import apigateway, cloudwatch_logs, iam, lambda_svc, sqs
from ministack.services import eventbridge as events

from components.resource_types import API_EXECUTION, ASSUMED_ROLE, arn
from signals.local.authorization import Policy, acting, decide, service_may
from signals.local.extensions import patching

_LAMBDA = "lambda.amazonaws.com"
# These answer a denied request with status 400 and AccessDeniedException: EventBridge (seen in GitHub's
# ministryofjustice/modernisation-platform#1253), DynamoDB (sebdah/dynamic-dynamodb#187), and Firehose, as its API
# reference says (guardian/kinesis-logback-appender#21). Lambda and SQS (aws/aws-sdk-php#188) answer 403.
_DENIED_400 = frozenset({"events", "dynamodb", "firehose"})
_may_delete: ContextVar[bool] = ContextVar("may_delete", default=True)
_access_key: ContextVar[str] = ContextVar("access_key", default="")
logger = logging.getLogger("signals.local.permissions")
patching.require(
    iam_evaluator,
    "resolve_principal(access_key_id, account_id)",
    "_gather_role_policies(role_name, account_id)",
    "_permissions_boundary(store, name, account_id)",
    "_resource_policy(service, resource_arn)",
    "_RESOURCE_POLICY_LOOKUPS",
)
patching.require(iam, "_roles")
patching.require(events, "_event_bus_policies")
patching.require(cloudwatch_logs, "_make_group_arn_no_star(name)")
patching.require(lambda_svc, "_get_func_record_for_qualifier(name, qualifier)", "_get_base_func_record_for_ref")
patching.require(apigateway, "_extract_lambda_ref_from_integration_uri")


def refusal(
    role_arn: str, service: str, action: str, resource: str, *, source_arn: str, keys: Mapping[str, str] | None = None
) -> str | None:
    """Why a service may not do something by a role, with the statement that would allow it; None if it may.

    Args:
        role_arn: The role.
        service: The service's principal, which the role must trust.
        action: For example `events:PutEvents`.
        resource: ARN of what is acted on.
        source_arn: ARN of what the service acts for.
        keys: Further condition keys of the request.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)
    trust = role and role["AssumeRolePolicyDocument"]
    if not allows(trust, "sts:AssumeRole", role_arn, service=service, source_arn=source_arn):
        needed = _statement("sts:AssumeRole", Principal={"Service": service})
        return f"{service} cannot assume {role_arn} for {source_arn}: its trust policy needs {needed}"
    principal = PrincipalInfo(
        arn=arn(ASSUMED_ROLE, account=account, role=name, session=service.partition(".")[0]),
        type="AssumedRole",
        account=account,
        policies=iam_evaluator._gather_role_policies(name, account),
        limits=iam_evaluator._permissions_boundary(iam._roles, name, account),
    )
    return _refusal(principal, action, resource, {"aws:SourceArn": source_arn, **(keys or {})}, keys or {})


def entry_refusal(entry: Mapping[str, Any], bus_arn: str) -> Any:
    """The answer to whoever asks for an entry of PutEvents that is not allowed on its bus; None if it is."""
    principal = iam_evaluator.resolve_principal(_access_key.get(), get_account_id())
    keys = {"events:source": str(entry.get("Source")), "events:detail-type": str(entry.get("DetailType"))}
    action = "events:PutEvents"
    refused = _refusal(principal, action, bus_arn, keys, {"events:source": keys["events:source"]})
    if refused is None:
        return None
    return iam_actions.access_denied_response("events", action, principal.arn, new_uuid(), message=refused)


def allows(policy: Policy | None, action: str, resource: str, *, service: str, source_arn: str) -> bool:
    """Whether the policy of a resource, or a role's trust policy, lets an AWS service act for `source_arn`."""
    account = source_arn.split(":")[4] if source_arn.count(":") >= 5 else ""
    keys = {"aws:SourceArn": source_arn, "aws:SourceAccount": account}
    return service_may(policy, action, resource, keys, service=service)


def service_refusal(policy: Policy | None, action: str, resource: str, *, service: str, source_arn: str) -> str | None:
    """Why a resource's policy does not let a service act for `source_arn`; None if it does."""
    if allows(policy, action, resource, service=service, source_arn=source_arn):
        return None
    condition = {"ArnLike": {"aws:SourceArn": source_arn}}
    needed = _statement(action, Principal={"Service": service}, Resource=resource, Condition=condition)
    return f"{service} is not authorized to perform {action} on {resource}: its policy needs {needed}"


def _refusal(
    principal: PrincipalInfo, action: str, resource: str, keys: Mapping[str, str], condition: Mapping[str, str]
) -> str | None:
    if principal.policies is None:  # the account itself
        return None
    decision = decide(
        principal.policies,
        action,
        resource,
        keys,
        principal_arn=principal.arn,
        boundaries=principal.limits,
        resource_policy=iam_evaluator._resource_policy(action.partition(":")[0], resource),
    )
    if decision == "Allow":
        return None
    return _denial(principal.arn, action, resource, condition, denied=decision == "Deny")


def _denial(principal_arn: str, action: str, resource: str, condition: Mapping[str, str], *, denied: bool) -> str:
    told: str = iam_actions.identity_denial_message(action, principal_arn, resource, denied)
    if denied:
        return told
    role = principal_arn.split("/")[1] if ":assumed-role/" in principal_arn else principal_arn
    needed = _statement(
        action, Resource=resource, **({"Condition": {"StringEquals": dict(condition)}} if condition else {})
    )
    return f"{told}: {role} needs {needed}"


def _statement(action: str, **parts: Any) -> str:
    return json.dumps({"Effect": "Allow", "Action": action, **parts})


@patching.extends(iam_evaluator, "parse_policy_document(doc)")
def _parse(original: Callable[[Any], list[Any]], doc: Any) -> list[Any]:
    return acting(original(doc))


@patching.extends(app, "pin_request_origin(source_ip, secure_transport)")
def _origin(original: Callable[..., None], source_ip: str, secure_transport: bool) -> None:  # noqa: ARG001
    original(source_ip, True)


@patching.replaces(sigv4, "sigv4a_signature_matches(access_key_id, secret, string_to_sign, signature)")
def _sigv4a_matches(*_: str) -> bool:
    return True


@patching.extends(iam_evaluator, "enforce(access_key_id, iam_action, service)")
def _enforce(
    original: Callable[..., EvalResult | AuthError | None],
    access_key_id: str,
    iam_action: str,
    service: str,
    *rest: Any,
    **named: Any,
) -> EvalResult | AuthError | None:
    if service == "sqs":
        iam_action = iam_action.removesuffix("Batch")
    _access_key.set(access_key_id)
    denied = original(access_key_id, iam_action, service, *rest, **named)
    # What is put is looked at once it is known in which Region.
    return None if iam_action == "events:PutEvents" and isinstance(denied, EvalResult) else denied


@patching.extends(iam_actions, "access_denied_response(service, action, principal_arn, request_id)")
def _response(
    original: Callable[..., Any], service: str, action: str, principal_arn: str, request_id: str, **told: Any
) -> Any:
    if not (told.get("error_code") or told.get("message") or told.get("resource_policy_arn")):
        action = action.removesuffix("Batch") if service == "sqs" else action
        denied = bool(told.get("explicit_deny"))
        told["message"] = _denial(principal_arn, action, told.get("resource_arn") or "*", {}, denied=denied)
    if not told.get("error_code"):
        logger.warning("%s", told.get("message") or f"{principal_arn} may not {action}")
    status, headers, body = original(service, action, principal_arn, request_id, **told)
    if service in _DENIED_400 and not told.get("error_code"):
        status = 400
    return status, headers, body


@patching.at_installation
def _know_bus_policies() -> None:
    def bus_policy(bus_arn: str) -> tuple[Any, str] | None:
        named = parse_arn(bus_arn)
        bus = named.resource.removeprefix("event-bus/")
        policy = events._event_bus_policies.get_scoped(named.account_id, named.region, bus)
        return (policy, named.account_id) if policy else None

    events.bus_policy_for_arn = bus_policy
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["events"] = ("eventbridge", "bus_policy_for_arn")


@patching.replaces(sqs, "_enforce_queue_policy(q, iam_action)")
def _asked_before(*_: Any) -> None:
    """A queue's policy is asked for requests by `_enforce`, and for what services send before they send it."""


@patching.extends(events, "_put_permission(data)")
def _put_permission(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    if not data.get("Policy"):
        return original(data)
    events._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
    return json_response({})


@patching.extends(lambda_svc, "_execute_function(func, event)")
def _execute(original: Callable[..., dict[str, Any]], func: dict[str, Any], event: Any) -> dict[str, Any]:
    config = func.get("config") or func
    role = iam._roles.get_scoped(config["Role"].split(":")[4], None, config["Role"].rpartition("/")[2]) or {}
    trust = role.get("AssumeRolePolicyDocument")
    if allows(trust, "sts:AssumeRole", config["Role"], service=_LAMBDA, source_arn=config["FunctionArn"]):
        return original(func, event)
    told = f"The role defined for the function cannot be assumed by Lambda: {config['Role']} must trust {_LAMBDA}"
    body = {"errorType": "AccessDeniedException", "errorMessage": told}
    return {"error": True, "function_error": "Unhandled", "body": body}


@patching.extends(lambda_svc, "_emit_lambda_logs(func, request_id)")
def _log(original: Callable[..., None], func: dict[str, Any], request_id: str, *rest: Any, **named: Any) -> None:
    config = func.get("config") or func
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    stream = f"{cloudwatch_logs._make_group_arn_no_star(group)}:log-stream:{request_id}"
    refused = function_refusal(config, ("logs:CreateLogStream", "logs:PutLogEvents"), stream)
    if refused:
        logger.warning("%s cannot log: %s", config["FunctionArn"], refused)
        return
    original(func, request_id, *rest, **named)


def function_refusal(config: Mapping[str, Any], actions: tuple[str, ...], resource: str) -> str | None:
    """Why Lambda may not do all of `actions` by a function's role; None if it may."""
    source = config["FunctionArn"]
    refusals = (refusal(config["Role"], _LAMBDA, action, resource, source_arn=source) for action in actions)
    return next((refused for refused in refusals if refused), None)


@patching.extends(lambda_svc, "_iter_all_esms()")
def _mappings(original: Callable[[], Iterator[tuple[str, str, dict[str, Any]]]]) -> Iterator[Any]:
    """The mappings whose poller may read its queue."""
    for account, region, mapping in original():
        queue = mapping.get("EventSourceArn", "")
        with request_scope(account, region):
            _, config = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
            reading = ("sqs:ReceiveMessage", "sqs:GetQueueAttributes") if config and ":sqs:" in queue else ()
            refused = function_refusal(config, reading, queue)
        if not refused:
            yield account, region, mapping
        elif mapping.get("LastProcessingResult") != f"PROBLEM: {refused}":
            mapping["LastProcessingResult"] = f"PROBLEM: {refused}"
            logger.warning("%s is not read: %s", queue, refused)


@patching.extends(lambda_svc, "_run_sqs_batch(esm, func_rec)")
def _batch(original: Callable[..., None], esm: dict[str, Any], func_rec: dict[str, Any], *rest: Any) -> None:
    refused = function_refusal(func_rec.get("config") or func_rec, ("sqs:DeleteMessage",), esm["EventSourceArn"])
    if refused:
        logger.warning("%s keeps what was read: %s", esm["EventSourceArn"], refused)
    _may_delete.set(not refused)  # for this thread, which runs one batch
    original(esm, func_rec, *rest)


@patching.extends(sqs, "_delete_messages_for_esm(queue_url, receipt_handles)")
def _delete(original: Callable[..., None], queue_url: str, receipt_handles: set[str]) -> None:
    if _may_delete.get():
        original(queue_url, receipt_handles)


@patching.extends(apigateway, "_invoke_lambda_proxy(integration, api_id, stage, path, method)")
async def _invoke_by_api(
    original: Callable[..., Any], integration: dict[str, Any], api_id: str, stage: str, *request: Any, **named: Any
) -> Any:
    """AWS: an API that may not invoke its function answers 500 (API Gateway Developer Guide, "Troubleshooting")."""
    function = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    route = request[5] if len(request) > 5 else named.get("route_key", "$default")
    account, region = named.get("owner_account_id") or get_account_id(), named.get("owner_region") or get_region()
    api = arn(API_EXECUTION, region=region, account=account, id=api_id)
    source = f"{api}/{stage}/{route.replace(' ', '')}"
    with request_scope(account, region):
        record = lambda_svc._get_base_func_record_for_ref(function)[0]
        asked = {"service": "apigateway.amazonaws.com", "source_arn": source}
        refused = record and service_refusal(record["policy"], "lambda:InvokeFunction", function, **asked)
    if refused:
        logger.warning("%s", refused)
        return 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'
    return await original(integration, api_id, stage, *request, **named)
