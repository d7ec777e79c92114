"""`/health` in Lambda: whether ingest in this Region can answer; one that is throttled can.

Throttling says that there is too much to do here, and the other Region would have it too if Route 53 moved everybody
there. So the answer comes from a function beside ingest, which asks it (Lambda API reference, Invoke: one without
concurrency left is refused with TooManyRequestsException).
"""

import logging
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler, LambdaContext

_ASKED = orjson.dumps({"rawPath": "/health", "requestContext": {"http": {"method": "GET", "path": "/health"}}})
_log = logging.getLogger(__name__)


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that answers Route 53's health checks."""
    functions = clients.client("lambda")
    ingest, region = environment.text("INGEST_FUNCTION"), environment.text("AWS_REGION")

    def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        status = _status(functions, ingest)
        healthy = status in ("ok", "throttled")
        if not healthy:
            _log.warning("ingest cannot answer", extra={"reason": status})
        return {
            "statusCode": 200 if healthy else 503,
            "headers": {"content-type": "application/json", "cache-control": "no-store"},
            "body": orjson.dumps({"status": status if healthy else "unavailable", "region": region}).decode(),
        }

    return handler


def _status(functions: Any, ingest: str) -> str:
    """`ok`, `throttled`, or why ingest cannot answer."""
    try:
        answer = functions.invoke(FunctionName=ingest, Payload=_ASKED)
    except ClientError as refused:
        code = str(refused.response["Error"]["Code"])
        return "throttled" if code == "TooManyRequestsException" else code
    except BotoCoreError as unanswered:
        return type(unanswered).__name__
    if answer.get("FunctionError"):
        return str(answer["FunctionError"])
    code = orjson.loads(answer["Payload"].read()).get("statusCode")
    return "ok" if code == 200 else f"ingest answered {code}"
