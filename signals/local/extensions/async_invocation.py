"""Asynchronous invocation of Lambda functions, with the settings of the version or alias that is invoked.

AWS: on a function error Lambda retries twice, on throttling until the event is 6 h old, as the qualifier's event
invoke configuration says; then the on-failure destination gets a record of it: condition (RetriesExhausted or
EventAgeExceeded), count, request and response payload (Lambda Developer Guide, "Invoking a function asynchronously",
"Retaining records of asynchronous invocations").

ministack: reads only the configuration of $LATEST, counts throttling as an attempt, and writes a record without the
qualifier and with a count of 3. The pauses between attempts are short here; AWS waits one minute, then two.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import new_uuid, request_scope
from ministack.services import lambda_svc

from signals.local.extensions import patching, queues

_PAUSE_SECONDS = 0.3
_LONGEST_PAUSE_SECONDS = 5.0
_DEFAULT_AGE_SECONDS, _DEFAULT_RETRIES = 21_600, 2
logger = logging.getLogger("signals.local.lambda")
# Each invocation at a time is a process of its own; AWS has more room than a laptop.
_AT_ONCE = max(2, 2 * (os.cpu_count() or 1))
_room: dict[str, threading.BoundedSemaphore] = {}


def install() -> None:
    patching.require(
        lambda_svc,
        "_event_invoke_config",
        "_execute_function",
        "_lambda_function_name_and_qualifier_from_arn",
        "_functions",
        "_route_async_failure(target_arn, func_name, event, result)",
    )
    patching.replace(lambda_svc, "invoke_async_with_retry(func, event)", invoke)


def invoke(func: dict[str, Any], event: Any) -> None:
    """Invoke and return at once."""
    name = (func.get("config") or func)["FunctionName"]
    threading.Thread(target=_run, args=(func, event), daemon=True, name=f"async-{name}").start()


def _run(func: dict[str, Any], event: Any) -> None:
    config = func.get("config") or func
    arn = config["FunctionArn"]
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(arn)
    with request_scope(arn.split(":")[4], arn.split(":")[3]):
        settings = lambda_svc._event_invoke_config(lambda_svc._functions.get(name) or {}, qualifier) or {}
        retries = settings.get("MaximumRetryAttempts", _DEFAULT_RETRIES)
        oldest = time.time() + settings.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS)
        invoked, throttled, pause, result = 0, False, _PAUSE_SECONDS, {}
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
        dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if destination and ":sqs:" in destination:
            _send(destination, _record(config, arn, event, result, condition, invoked))
        elif destination or dead_letters:
            lambda_svc._route_async_failure(destination or dead_letters, name, event, result)
        else:
            logger.warning("%s: the event is dropped: no on-failure destination", arn)


def _record(config: dict[str, Any], arn: str, event: Any, result: dict[str, Any], condition: str, invoked: int) -> str:
    qualified = arn if arn.count(":") > 6 else f"{arn}:$LATEST"
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": new_uuid(),
                "functionArn": qualified,
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


def _send(queue_arn: str, body: str) -> None:
    try:
        queues.send(queue_arn, body)
    except queues.NoQueueError:
        logger.warning("the on-failure destination %s does not exist: the event is dropped", queue_arn)
