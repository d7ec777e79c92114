"""SQS: sending to a queue as a service does, attributes that are JSON, and queues that refuse messages.

AWS: RedrivePolicy and RedriveAllowPolicy come back as compact JSON, however they were written (seen in its answers;
Terraform's provider compares with a compact form, and would plan a change for ever). SQS answers 5xx when it fails, and
an SDK may retry that (SQS Developer Guide, "Error handling"); services that send to the queue from inside AWS are not
affected by that fault here.

ministack: gives back the text that it got, and never fails.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope
from ministack.services import sqs

from signals.local import faults
from signals.local.extensions import patching, permissions

patching.require(sqs, "_queue_by_arn", "_act_send_message", "_Err(code, message, status)")
_COMPACT = ("RedrivePolicy", "RedriveAllowPolicy")
_SEND, _SENDING = "sqs:SendMessage", frozenset({"SendMessage", "SendMessageBatch"})


class DeliveryError(Exception):
    """Why an event could not be delivered.

    Args:
        code: EventBridge's ERROR_CODE for it.
        message: What was wrong.
        retryable: Whether a retry may help: the target exists but does not accept the event now.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False):
        super().__init__(message)
        self.code, self.retryable = code, retryable


def permit(refused: str | None) -> None:
    """Raise the DeliveryError, which no retry mends, that a missing permission is."""
    if refused:
        raise DeliveryError("NO_PERMISSIONS", refused)


@patching.extends(sqs, "_dispatch(action, data, qurl)")
async def dispatch(original: Callable[..., Any], action: str, data: dict[str, Any], qurl: str) -> Any:
    """Any SQS action; sending to a faulty queue fails for every message."""
    name = str(data.get("QueueUrl", qurl)).rstrip("/").rpartition("/")[2]
    if action in _SENDING and name in faults.now.refusing_queues:
        raise sqs._Err("ServiceUnavailable", f"{name} does not answer.", 503)
    answer = await original(action, data, qurl)
    attributes = answer.get("Attributes") if action == "GetQueueAttributes" else None
    for key in _COMPACT:
        if attributes and attributes.get(key):
            attributes[key] = json.dumps(json.loads(attributes[key]), separators=(",", ":"))
    return answer


def send(
    queue_arn: str,
    body: str,
    *,
    attributes: Mapping[str, str] | None = None,
    service: str | None = None,
    source_arn: str = "",
) -> None:
    """Send to a queue; with `service`, only if the queue's policy lets that service send for `source_arn`.

    Raises:
        DeliveryError: There is no such queue, or its policy does not let the service send.
    """
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None:
        raise DeliveryError("NO_RESOURCE", f"The specified queue does not exist: {queue_arn}")
    policy = queue["attributes"].get("Policy")
    if service:
        permit(permissions.service_refusal(policy, _SEND, queue_arn, service=service, source_arn=source_arn))
    message = {
        "QueueUrl": queue["url"],
        "MessageBody": body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()
        },
    }
    arn = parse_arn(queue_arn)
    with request_scope(arn.account_id, arn.region):
        sqs._act_send_message(message, queue["url"])
