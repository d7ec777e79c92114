"""Rule targets: how EventBridge delivers an event, retries, and gives up.

AWS: a Lambda function is invoked asynchronously (User Guide, "Event bus targets"); a target that is missing or gives
no permission is not retried but goes straight to the target's dead-letter queue; other failures are retried
with backoff for RetryPolicy's age and attempts (default 24 h, 185). The dead letter is the event, with the message
attributes RULE_ARN, TARGET_ARN, ERROR_CODE, ERROR_MESSAGE and, once retries are used up, EXHAUSTED_RETRY_CONDITION and
RETRY_ATTEMPTS; the queue's own policy must let events.amazonaws.com send for the rule (User Guide, "Using dead-letter
queues to process undelivered events"). `Invocations` counts what succeeded and what failed permanently, and no attempt
that is retried ("Monitoring Amazon EventBridge"). SQS and Lambda need a policy of their own, Firehose a role on the
target.

ministack: invokes Lambda once, drops what it cannot deliver, knows neither DLQ nor Firehose targets, and asks nobody
for permission.
"""

import base64
import json
import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from ministack.core.arn import Arn, parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, firehose, lambda_svc
from ministack.services import eventbridge as events

from signals.local import faults
from signals.local.extensions import bus_targets, patching, permissions, queues
from signals.local.extensions.event_bus import MANAGED_BY, Event
from signals.local.extensions.queues import DeliveryError, permit

SERVICE, SCHEDULER = "events.amazonaws.com", "scheduler.amazonaws.com"
DEFAULT_RETRY_SECONDS, DEFAULT_RETRY_ATTEMPTS = 86_400, 185
# EventBridge backs off for minutes; on a laptop seconds are enough.
_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 0.2, 5.0
logger = logging.getLogger("signals.local.events")
patching.require(
    lambda_svc,
    "_get_func_record_for_ref(function_ref)",
    "_get_base_func_record_for_ref(function_ref)",
    "_execution_record_for_config(func, config)",
)
patching.require(firehose, "_put_record(data)")


@patching.extends(events, "_invoke_target(target, event, rule, view)")
def invoke(
    original: Callable[..., None],
    target: dict[str, Any],
    event: Event,
    rule: dict[str, Any],
    view: Any = None,
    *,
    attempts: int = 0,
    started: float | None = None,
) -> None:
    """Deliver an event to one target of a rule; a failure is retried or sent to the dead-letter queue.

    Args:
        original: What delivers to targets that this extension does not know.
        target: The target.
        event: The event.
        rule: The target's rule.
        view: The event as patterns see it.
        attempts: How many there were before.
        started: When the first one was (epoch seconds); now by default.
    """
    view, started = view or events._pattern_event_view(event), started or time.time()
    try:
        _deliver(original, target, event, rule, view)
        _count("Invocations", rule)
    except DeliveryError as error:
        if not error.retryable:
            _count("Invocations", rule)
            send_to_dead_letter_queue(target, view, rule, error)
            return
        policy = target.get("RetryPolicy") or {}
        if rule.get("ManagedBy") == MANAGED_BY and faults.now.replication_gives_up_s is not None:
            policy = {"MaximumEventAgeInSeconds": faults.now.replication_gives_up_s}
        wait = min(_FIRST_RETRY_SECONDS * 2**attempts, _LONGEST_RETRY_SECONDS)
        exhausted = None
        if attempts >= policy.get("MaximumRetryAttempts", DEFAULT_RETRY_ATTEMPTS):
            exhausted = "MaximumRetryAttempts"
        elif time.time() + wait - started > policy.get("MaximumEventAgeInSeconds", DEFAULT_RETRY_SECONDS):
            exhausted = "MaximumEventAgeInSeconds"
        if exhausted:
            _count("Invocations", rule)
            send_to_dead_letter_queue(target, view, rule, error, exhausted=exhausted, attempts=attempts)
            return
        progress = {"attempts": attempts + 1, "started": started}
        # The context holds the account and the Region.
        timer = threading.Timer(wait, copy_context().run, (invoke, original, target, event, rule, view), progress)
        timer.daemon = True
        timer.start()
    except Exception:
        logger.exception("delivery to %s failed inside the embedded AWS", target.get("Arn"))


def payload(target: dict[str, Any], rule: dict[str, Any], view: Any) -> str:
    """What the target receives: the event, or what its input says."""
    if target.get("InputTransformer"):
        return str(events._apply_input_transformer(target["InputTransformer"], rule, view))
    if target.get("Input"):
        return str(target["Input"])
    part = view.event_with_detail()
    for name in filter(None, (target.get("InputPath") or "$").removeprefix("$").split(".")):
        if not isinstance(part, dict) or name not in part:
            return "{}"
        part = part[name]
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False)


def send_to_dead_letter_queue(
    target: dict[str, Any],
    view: Any,
    rule: dict[str, Any],
    error: DeliveryError,
    *,
    exhausted: str | None = None,
    attempts: int = 0,
) -> None:
    """Send the event to the target's dead-letter queue; without one it is dropped, as on AWS."""
    _count("FailedInvocations", rule)
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    rule_arn = rule.get("Arn", "")
    logger.warning("%s -> %s: %s: %s", rule_arn, target.get("Arn"), error.code, error)
    if not queue_arn:
        return
    attributes = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": target.get("Arn", ""),
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": str(error),
        "RETRY_ATTEMPTS": str(attempts),
        **({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {}),
    }
    body = json.dumps(view.event_with_detail(), separators=(",", ":"), ensure_ascii=False)
    try:
        if _service(rule) == SCHEDULER:  # which sends by the schedule's role
            permit(_role_refusal(target, rule, "sqs:SendMessage", queue_arn))
        service = SERVICE if _service(rule) == SERVICE else None
        queues.send(queue_arn, body, attributes=attributes, service=service, source_arn=rule_arn)
        _count("InvocationsSentToDlq", rule)
    except DeliveryError as refused:
        logger.warning("the dead-letter queue refused the event: %s", refused)
        _count("InvocationsFailedToBeSentToDlq", rule)


def _deliver(
    original: Callable[..., None], target: dict[str, Any], event: Event, rule: dict[str, Any], view: Any
) -> None:
    arn = parse_arn(target["Arn"])
    if arn.service == "events" and arn.resource.startswith("event-bus/"):
        bus_targets.forward(arn, event, rule, role_arn=target.get("RoleArn"))
        return
    deliver = {"lambda": _to_lambda, "sqs": _to_sqs, "firehose": _to_firehose}.get(arn.service)
    if deliver is None:
        original(target, event, rule, view)
        return
    if (arn.account_id, arn.region) != (get_account_id(), get_region()):
        raise DeliveryError("NO_RESOURCE", f"{arn} is not in the rule's account and Region")
    deliver(arn, target, rule, payload(target, rule, view))


def _to_lambda(arn: Arn, target: dict[str, Any], rule: dict[str, Any], body: str) -> None:
    record, config, _ = lambda_svc._get_func_record_for_ref(str(arn))
    if not record or not config:
        raise DeliveryError("NO_RESOURCE", f"Function not found: {arn}")
    policy = lambda_svc._get_base_func_record_for_ref(str(arn))[0]["policy"]
    source: dict[str, Any] = {"service": SERVICE, "source_arn": rule.get("Arn", "")}
    permit(
        _role_refusal(target, rule, "lambda:InvokeFunction", str(arn))
        if target.get("RoleArn")
        else permissions.service_refusal(policy, "lambda:InvokeFunction", str(arn), **source)
    )
    invoked = {**config, "FunctionArn": str(arn)}
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(record, invoked), json.loads(body))


def _to_sqs(arn: Arn, target: dict[str, Any], rule: dict[str, Any], body: str) -> None:
    service = None if target.get("RoleArn") else SERVICE
    if service is None:
        permit(_role_refusal(target, rule, "sqs:SendMessage", str(arn)))
    queues.send(str(arn), body, service=service, source_arn=rule.get("Arn", ""))


def _to_firehose(arn: Arn, target: dict[str, Any], rule: dict[str, Any], body: str) -> None:
    permit(_role_refusal(target, rule, "firehose:PutRecord", str(arn)))
    data = base64.b64encode(body.encode()).decode()
    name = arn.resource.removeprefix("deliverystream/")
    if name in faults.now.refusing_streams:
        raise DeliveryError("THROTTLING", f"Slow down: {name}", retryable=True)
    status, _, answer = firehose._put_record({"DeliveryStreamName": name, "Record": {"Data": data}})
    if status != 200:
        raise DeliveryError("THROTTLING" if status == 503 else "NO_RESOURCE", answer.decode(), retryable=status == 503)


def _service(rule: dict[str, Any]) -> str:
    return SCHEDULER if ":scheduler:" in rule.get("Arn", "") else SERVICE


def _role_refusal(target: dict[str, Any], rule: dict[str, Any], action: str, resource: str) -> str | None:
    if not target.get("RoleArn"):
        return f"{rule.get('Arn')} has no role that may perform {action} on {resource}"
    return permissions.refusal(target["RoleArn"], _service(rule), action, resource, source_arn=rule.get("Arn", ""))


def _count(metric: str, rule: dict[str, Any]) -> None:
    dimensions = {"RuleName": rule.get("Name", "")}
    if rule.get("EventBusName", "default") != "default":
        dimensions["EventBusName"] = rule["EventBusName"]
    cloudwatch.record_metric("AWS/Events", metric, 1, "Count", dimensions)
