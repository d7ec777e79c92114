"""Queues that refuse messages and functions that fail, as `faults` says.

AWS: SQS answers 5xx when it fails, and an SDK may retry that (SQS Developer Guide, "Error handling"); services that
send to the queue from inside AWS are not affected here. A function that raises is one failed invocation, whoever
invoked it (Lambda Developer Guide, "Understanding retry behavior in Lambda").

ministack: both always work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc, sqs

from signals.local import faults
from signals.local.extensions import patching

_SENDING = frozenset({"SendMessage", "SendMessageBatch"})
_dispatch: Callable[..., Any]
_execute: Callable[..., Any]


def install() -> None:
    global _dispatch, _execute
    patching.require(sqs, "_Err(code, message, status)")
    _dispatch = patching.replace(sqs, "_dispatch(action, data, qurl)", dispatch)
    _execute = patching.replace(lambda_svc, "_execute_function(func, event)", execute)


async def dispatch(action: str, data: dict[str, Any], qurl: str) -> Any:
    """Any SQS action; sending to a faulty queue fails for every message."""
    name = str(data.get("QueueUrl", qurl)).rstrip("/").rpartition("/")[2]
    if action in _SENDING and name in faults.now.refusing_queues:
        raise sqs._Err("ServiceUnavailable", f"{name} does not answer.", 503)
    return await _dispatch(action, data, qurl)


def execute(func: dict[str, Any], event: Any) -> dict[str, Any]:
    """An invocation; a faulty function ends with an error before it does anything."""
    name = (func.get("config") or func).get("FunctionName")
    if name in faults.now.failing_functions:
        body = {"errorType": "Runtime.ExitError", "errorMessage": f"{name} fails on purpose (a fault)"}
        return {"error": True, "function_error": "Unhandled", "body": body}
    found: dict[str, Any] = _execute(func, event)
    return found
