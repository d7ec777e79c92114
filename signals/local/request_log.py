"""The requests of deployments to the embedded AWS: `requests.jsonl` in its home, each kind of request once.

`signals permissions` is tested against it. Only the engines' requests are kept (their SDKs name them in the user
agent), so that the file stays small however long the stack runs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from signals.local.asgi import App, Receive, Scope, Send, headers_of

FILE = "requests.jsonl"
# AWS General Reference, "Signature Version 4": Credential=KEY/DATE/REGION/SERVICE/aws4_request
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_ENGINES = ("terraform", "pulumi")


def with_request_log(app: App, home: Path) -> App:
    """An ASGI application that notes what engines ask of `app`."""
    seen: set[str] = set()

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        signed = _CREDENTIAL.search(headers.get("authorization", ""))
        if not signed or not any(engine in headers.get("user-agent", "").lower() for engine in _ENGINES):
            await app(scope, receive, send)
            return
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        # Of the query, only what names an operation (`?policy`): the rest is values.
        query = sorted(parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True))
        request = {
            **signed.groupdict(),
            "operation": operation,
            "method": scope["method"],
            "path": scope["path"],
            "query": query,
        }

        def note() -> None:
            line = json.dumps(request, sort_keys=True)
            if line not in seen:
                seen.add(line)
                with (home / FILE).open("a", encoding="utf-8") as log:
                    log.write(f"{line}\n")

        async def listening() -> Any:
            message = await receive()
            if not request["operation"] and message.get("type") == "http.request":
                # The query protocol says its operation in the body's beginning (`Action=CreateRole&…`).
                found = re.search(rb"(?:^|&)Action=(\w+)", message.get("body", b""))
                request["operation"] = found[1].decode() if found else ""
            note()
            return message

        form = "x-www-form-urlencoded" in headers.get("content-type", "")
        if not form:
            note()
        await app(scope, listening if form else receive, send)

    return logged
