"""Sending to a queue from inside the embedded AWS, as a service does (not an extension: the others use it)."""

from __future__ import annotations

from collections.abc import Mapping

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import request_scope
from ministack.services import sqs

from signals.local.extensions import patching

patching.require(sqs, "_queue_by_arn", "_act_send_message", "_queue_name_to_url")


class NoQueueError(LookupError):
    """There is no such queue."""


class RefusedError(PermissionError):
    """The queue's policy does not let this sender send."""


def send(
    queue_arn: str,
    body: str,
    *,
    attributes: Mapping[str, str] | None = None,
    group_id: str | None = None,
    service: str | None = None,
    source_arn: str = "",
) -> None:
    """Send to a queue; with `service`, only if the queue's policy lets that service send for `source_arn`."""
    try:
        arn = parse_arn(queue_arn)
    except ArnParseError:
        raise NoQueueError(queue_arn) from None
    queue = sqs._queue_by_arn(queue_arn)
    url = sqs._queue_name_to_url.get_scoped(arn.account_id, arn.region, arn.resource)
    if queue is None or not url:
        raise NoQueueError(queue_arn)
    policy = queue["attributes"].get("Policy")
    if service and not allows(policy, "sqs:SendMessage", queue_arn, service=service, source_arn=source_arn):
        raise RefusedError(queue_arn)
    message = {
        "QueueUrl": url,
        "MessageBody": body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()
        },
        **({"MessageGroupId": group_id} if group_id else {}),
    }
    with request_scope(arn.account_id, arn.region):
        sqs._act_send_message(message, url)


def allows(
    policy: str | Mapping[str, object] | None, action: str, resource: str, *, service: str, source_arn: str
) -> bool:
    """Whether a resource's policy lets an AWS service act on it for `source_arn`."""
    account = source_arn.split(":")[4] if source_arn.count(":") >= 5 else ""
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=resource.split(":")[3],
        # AWS's services call each other over TLS, whatever this machine's loopback does.
        secure_transport=True,
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": account},
    )
    document = dict(policy) if isinstance(policy, Mapping) else policy
    return bool(evaluate_resource_policy(document, context, service=service).decision == "Allow")
