"""Asynchronous invocation of Lambda functions, with the settings of the version or alias that is invoked.

AWS: on a function error Lambda retries twice, on throttling until the event is 6 h old, as the qualifier's event
invoke configuration says; then the on-failure destination gets a record of it: condition (RetriesExhausted or
EventAgeExceeded), count, request and response payload (Lambda Developer Guide, "Invoking a function asynchronously",
"Retaining records of asynchronous invocations"). Here the destination is a queue.

A function that raises is one failed invocation, whoever invoked it (Lambda Developer Guide, "Understanding retry
behavior in Lambda"): here it may be made to fail.

ministack: reads only the configuration of $LATEST, counts throttling as an attempt, and writes a record without the
qualifier and with a count of 3. The pauses between attempts are short here; AWS waits one minute, then two.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import new_uuid, request_scope
from ministack.services import lambda_svc

from signals.local import faults
from signals.local.extensions import patching, permissions, queues

_PAUSE_SECONDS = 0.3
_LONGEST_PAUSE_SECONDS = 5.0
_DEFAULT_AGE_SECONDS, _DEFAULT_RETRIES = 21_600, 2
logger = logging.getLogger("signals.local.lambda")
# Each invocation at a time is a process of its own; AWS has more room than a laptop.
_AT_ONCE = max(2, 2 * (os.cpu_count() or 1))
_room: dict[str, threading.BoundedSemaphore] = {}
patching.require(lambda_svc, "_event_invoke_config", "_lambda_function_name_and_qualifier_from_arn", "_functions")


@patching.extends(lambda_svc, "_execute_function(func, event)")
def execute(original: Callable[..., dict[str, Any]], func: dict[str, Any], event: Any) -> dict[str, Any]:
    """An invocation; a faulty function ends with an error before it does anything."""
    name = (func.get("config") or func).get("FunctionName")
    if name in faults.now.failing_functions:
        body = {"errorType": "Runtime.ExitError", "errorMessage": f"{name} fails on purpose (a fault)"}
        return {"error": True, "function_error": "Unhandled", "body": body}
    return original(func, event)


@patching.replaces(lambda_svc, "invoke_async_with_retry(func, event)")
def invoke(func: dict[str, Any], event: Any) -> None:
    """Invoke and return at once."""
    threading.Thread(target=_run, args=(func, event), daemon=True).start()


def _run(func: dict[str, Any], event: Any) -> None:
    config = func.get("config") or func
    arn = config["FunctionArn"]
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(arn)
    with request_scope(parse_arn(arn).account_id, parse_arn(arn).region):
        settings = lambda_svc._event_invoke_config(lambda_svc._functions.get(name) or {}, qualifier) or {}
        retries = settings.get("MaximumRetryAttempts", _DEFAULT_RETRIES)
        oldest = time.time() + settings.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS)
        invoked, pause, result = 0, _PAUSE_SECONDS, {}
        while invoked <= retries:
            with _room.setdefault(arn, threading.BoundedSemaphore(_AT_ONCE)):
                result = lambda_svc._execute_function(func, event)
            throttled = bool(result.get("throttle"))
            invoked += not throttled
            if not throttled and not result.get("error"):
                return
            logger.warning("%s: attempt %d failed: %s", arn, invoked, result.get("body"))
            if invoked > retries or time.time() + pause > oldest:
                break
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        condition = "RetriesExhausted" if invoked > retries else "EventAgeExceeded"
        destination = ((settings.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if destination:
            try:
                queues.permit(permissions.function_refusal(config, ("sqs:SendMessage",), destination))
                queues.send(destination, _record(config, arn, event, result, condition, invoked))
            except queues.DeliveryError as error:
                logger.warning("%s: the event is dropped: %s", arn, error)
        else:
            logger.warning("%s: the event is dropped: no on-failure destination", arn)


def _record(config: dict[str, Any], arn: str, event: Any, result: dict[str, Any], condition: str, invoked: int) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": new_uuid(),
                "functionArn": arn if arn.count(":") > 6 else f"{arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": invoked,
            },
            "requestPayload": event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": config.get("Version", "$LATEST"),
                "functionError": result.get("function_error") or "Unhandled",
            },
            "responsePayload": result.get("body"),
        }
    )
