"""What Lambda hands to a function and reads of it: the context, log lines and metrics.

Logs: `logging.getLogger(__name__)` and `extra=` are all that functions use; never with a signal, a key or an address in
it. Each line is one JSON object with the keys of Lambda's own JSON format, whether a function's LoggingConfig says Text
or JSON, and on the embedded AWS.

Sources: the formatter of Lambda's Python runtime (aws/aws-lambda-python-runtime-interface-client,
awslambdaric/lambda_runtime_log_utils.py); CloudWatch User Guide, "Specification: Embedded metric format".
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import format_tb
from typing import Any, Protocol

import orjson

from handlers.shared.times import timestamp


class LambdaContext(Protocol):
    """What functions use of Lambda's context."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


Handler = Callable[[dict[str, Any], LambdaContext], Any]

# Every logger of the functions is below this one.
_ROOT = logging.getLogger("handlers")
# What every record has; the others came in by `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def with_request_id(handler: Handler) -> Handler:
    """Give every line that is logged during an invocation its request id."""

    def invoke(event: dict[str, Any], context: LambdaContext) -> Any:
        _request_id.set(context.aws_request_id)
        return handler(event, context)

    return invoke


class LambdaJsonHandler(logging.Handler):
    """Writes a record to what is standard output at the time, as Lambda's Python runtime does where the format is JSON.

    What came in by `extra` becomes keys of its own.
    """

    def emit(self, record: logging.LogRecord) -> None:
        line = {
            "timestamp": timestamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": _request_id.get(),
            **{key: value for key, value in record.__dict__.items() if key not in _STANDARD},
        }
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            line |= {"errorType": kind.__name__, "errorMessage": str(error), "stackTrace": format_tb(trace)}
        sys.stdout.write(orjson.dumps(line, default=str).decode() + "\n")


def set_up() -> None:
    """Send what functions log to standard output, from LOG_LEVEL (INFO, if that is no level's name) upwards."""
    _ROOT.handlers = [LambdaJsonHandler()]
    _ROOT.propagate = False  # the runtime's own handler would write each line again, as text
    wanted = os.environ.get("LOG_LEVEL", "INFO").upper()
    _ROOT.setLevel(logging.getLevelNamesMapping().get(wanted, logging.INFO))


def emit(counts: Mapping[str, int]) -> None:
    """Write an invocation's counts, 0 left out, as a line of CloudWatch's embedded metric format: no call, no agent."""
    seen = {name: count for name, count in counts.items() if count}
    if not seen:
        return
    directive = {
        "Namespace": "Signals",
        "Dimensions": [["FunctionName"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in seen],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        "FunctionName": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
        **seen,
    }
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
