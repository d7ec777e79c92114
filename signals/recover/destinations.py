"""Where a failed message came from, and how it is sent there again.

Four kinds: an event that a rule could not deliver to its target (attributes RULE_ARN and TARGET_ARN: EventBridge User
Guide, "Using dead-letter queues"); a record of an asynchronous invocation that failed (Lambda Developer Guide,
"Retaining records of asynchronous invocations"); a message that a function refused for a day (SQS); a signal in
quarantine.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.times import timestamp
from signals.observe.location import parsed
from signals.observe.queues import queue_urls
from signals.stack import Stack

Destination = tuple[str, Callable[[], None]]


class NotRedrivenError(Exception):
    """The message cannot go back, or was refused; it stays where it is."""


def reason(body: str, attributes: Mapping[str, str], receive_count: str) -> tuple[str, str]:
    """Why a message failed: a name to group by, and a description."""
    if "ERROR_CODE" in attributes:
        return attributes["ERROR_CODE"], attributes.get("ERROR_MESSAGE", "")
    if "reason" in attributes:
        return attributes["reason"], attributes.get("message", "")
    record = _object(body)
    if "requestContext" in record:
        payload = record.get("responsePayload")
        error = _object(payload) if isinstance(payload, str) else payload if isinstance(payload, dict) else {}
        name = error.get("errorType") or record["requestContext"].get("condition") or "Unknown"
        return str(name), str(error.get("errorMessage", ""))
    return "Refused", f"a function could not process it ({receive_count} receives here)"


def destination(stack: Stack, region: str, queue: str, body: str, attributes: Mapping[str, str]) -> Destination:
    """Where a message belongs, and a function that sends it there.

    Raises:
        NotRedrivenError: When it cannot go back.
    """
    if "TARGET_ARN" in attributes:
        event, target = _object(body), attributes["TARGET_ARN"]
        chosen = _input(stack, region, attributes.get("RULE_ARN", ""), target, event)
        return target, lambda: _to_target(stack, target, chosen)
    if "reason" in attributes:
        batch = _batch(body, attributes, region)
        # This Region's own bus: the archives have the signal already, and no copy of it is wanted in the other Region.
        return f"{stack.names.ingress_bus} in {region}", lambda: _put(stack, region, batch)
    record = _object(body)
    if "requestContext" in record:
        function, payload = record["requestContext"]["functionArn"], record["requestPayload"]
        return function, lambda: _invoke(stack, function, json.dumps(payload))
    source = _source_queue(stack, region, queue)
    return source, lambda: _send(stack, region, source, body, attributes)


def _to_target(stack: Stack, arn: str, content: str) -> None:
    _, _, service, region, _, resource = arn.split(":", 5)
    if service == "lambda":
        _invoke(stack, arn, content)
    elif service == "sqs":
        _send(stack, region, stack.aws.client("sqs", region).get_queue_url(QueueName=resource)["QueueUrl"], content, {})
    elif service == "firehose":
        stream = resource.removeprefix("deliverystream/")
        stack.aws.client("firehose", region).put_record(DeliveryStreamName=stream, Record={"Data": content.encode()})
    else:
        raise NotRedrivenError(f"messages cannot be sent back to {arn}: send it yourself, then delete it")


def _invoke(stack: Stack, arn: str, payload: str) -> None:
    """Asynchronously, as EventBridge does: what fails again comes to the failure destination again."""
    answer = stack.aws.client("lambda", arn.split(":")[3]).invoke(
        FunctionName=arn, InvocationType="Event", Payload=payload.encode()
    )
    if answer["StatusCode"] != 202:
        raise NotRedrivenError(f"Lambda answered {answer['StatusCode']}")


def _send(stack: Stack, region: str, url: str, body: str, attributes: Mapping[str, str]) -> None:
    stack.aws.client("sqs", region).send_message(
        QueueUrl=url,
        MessageBody=body,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def _put(stack: Stack, region: str, batch: dict[str, Any]) -> None:
    answer = stack.aws.client("events", region).put_events(
        Entries=[
            {
                "EventBusName": stack.names.ingress_bus,
                "Source": INGEST_SOURCE,
                "DetailType": BATCH_TYPE,
                "Detail": json.dumps(batch, ensure_ascii=False),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        result = answer["Entries"][0]
        raise NotRedrivenError(f"{result.get('ErrorCode')}: {result.get('ErrorMessage')}")


def _input(stack: Stack, region: str, rule_arn: str, target_arn: str, event: dict[str, Any]) -> str:
    """What the rule would have sent to its target: the event, or the part that InputPath names."""
    rule = rule_arn.rpartition(":rule/")[2].split("/")
    bus = rule[0] if len(rule) == 2 else "default"
    targets = stack.aws.client("events", region).list_targets_by_rule(Rule=rule[-1], EventBusName=bus)["Targets"]
    target = next((each for each in targets if each["Arn"] == target_arn), None)
    if target is None:
        raise NotRedrivenError(f"{target_arn} is not a target of {rule_arn} any more")
    value: Any = event
    for name in filter(None, target.get("InputPath", "$").removeprefix("$").split(".")):
        if not isinstance(value, dict) or name not in value:
            raise NotRedrivenError(f"the event has no {target['InputPath']}")
        value = value[name]
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _batch(body: str, attributes: Mapping[str, str], region: str) -> dict[str, Any]:
    """The batch that ingest would have put for a quarantined signal or batch."""
    content = _object(body)
    if not content or content.get("truncated") is True:
        raise NotRedrivenError("it was truncated to fit the quarantine: the archive has all of it (`signals replay`)")
    if "signals" not in content:
        if "source" not in attributes:
            raise NotRedrivenError("its producer is unknown: send it again with `signals send`")
        content = {
            "batch_id": attributes.get("batch_id") or uuid.uuid4().hex,
            "source": attributes["source"],
            "received_at": timestamp(datetime.now(UTC)),
            "region": region,
            "client": {},
            "signals": [content],
        }
    return content


def _source_queue(stack: Stack, region: str, queue: str) -> str:
    """URL of the queue whose dead letters these are."""
    for _, owner in queue_urls(stack, region):
        attributes = stack.aws.client("sqs", region).get_queue_attributes(
            QueueUrl=owner, AttributeNames=["RedrivePolicy"]
        )
        policy = _object(attributes.get("Attributes", {}).get("RedrivePolicy", "{}"))
        if str(policy.get("deadLetterTargetArn", "")).endswith(f":{queue}"):
            return owner
    raise NotRedrivenError(f"no queue sends its dead letters to {queue}")


def _object(text: str) -> dict[str, Any]:
    found = parsed(text)
    return found if isinstance(found, dict) else {}
