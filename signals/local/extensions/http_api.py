"""The event that an HTTP API gives its Lambda function, and what the client sees when the function fails.

AWS (payload format 2.0): `requestContext.http.sourceIp` is the caller's address, which is also the last of
`x-forwarded-for`; cookies come as a list beside the headers; what is empty is left out; a function error is 500
`{"message":"Internal Server Error"}`, throttling 503 (API Gateway Developer Guide, "Lambda proxy integrations for HTTP
APIs"). Here the caller of an API is the front door, which appends the client's address to `x-forwarded-for`.

ministack: says 127.0.0.1 always, leaves cookies among the headers, answers 502 with the function's own error, and
knows an API by the Host `{id}.execute-api.127.0.0.1` only; here any `{id}.execute-api.…` will do, as AWS's own. It
answers `/health` of any Host itself: that is an API's path here, ministack's own is `/_ministack/health`.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core.responses import get_request_client_ip
from ministack.services import apigateway

from signals.local import faults
from signals.local.extensions import patching

patching.require(apigateway, "_invoke_lambda_proxy")
patching.require(app, "_EXECUTE_API_RE", "_HEALTH_PATHS")
app._HEALTH_PATHS = tuple(path for path in app._HEALTH_PATHS if path != "/health")
app._EXECUTE_API_RE = re.compile(r"^([a-z0-9]{8,10})\.execute-api\.[a-z0-9.-]+(?::\d+)?$")


@patching.extends(apigateway, "run_reentrant(fn, args, thread_name)")
async def run(original: Callable[..., Any], fn: Callable[..., Any], *args: Any, thread_name: str = "http-api") -> Any:
    """Run a function as ministack would; an HTTP API's invocation with the event and the errors that AWS gives."""
    if thread_name != "ministack-apigw-invoke":
        return await original(fn, *args, thread_name=thread_name)
    record, event = args
    if (record.get("config") or record).get("FunctionArn", ":::").split(":")[3] in faults.now.refusing_apis:
        return _refused(503, "Service Unavailable")
    result = await original(fn, record, completed(event), thread_name=thread_name)
    if result.get("throttle"):
        return _refused(503, "Service Unavailable")
    return _refused(500, "Internal Server Error") if result.get("error") else result


def completed(event: dict[str, Any]) -> dict[str, Any]:
    """The event as AWS gives it."""
    headers, context = dict(event["headers"]), event["requestContext"]
    address = headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or get_request_client_ip()
    headers.setdefault("x-forwarded-for", address)
    headers.setdefault("x-forwarded-proto", "http")
    cookies = headers.pop("cookie", None)
    return {
        **{key: value for key, value in event.items() if value is not None},
        "headers": headers,
        **({"cookies": [cookie.strip() for cookie in cookies.split(";")]} if cookies else {}),
        "requestContext": {
            **context,
            "domainPrefix": context["apiId"],
            "http": {**context["http"], "sourceIp": address},
        },
    }


def _refused(status: int, message: str) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    return {"body": {"statusCode": status, "headers": headers, "body": json.dumps({"message": message})}}
