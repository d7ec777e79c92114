"""Faults of the embedded AWS, for rehearsals and tests: which Region's EventBridge is ill, whether endpoints refuse.

`PUT /_signals/faults` on the AWS port sets them all, `GET` shows them, `{}` heals:

    {"refusing_endpoints": true,               PutEvents through a global endpoint fails
     "refusing_regions": ["us-west-2"],        PutEvents there fails, what is sent there waits
     "latency_ms": {"us-west-2": 60000}}       what IngestionToInvocationStartLatency says, in addition
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass, field
from typing import Any

PATH = "/_signals/faults"
App = Callable[[MutableMapping[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]


@dataclass
class Faults:
    """What is ill now."""

    refusing_endpoints: bool = False
    refusing_regions: list[str] = field(default_factory=list)
    latency_ms: dict[str, float] = field(default_factory=dict)


now = Faults()


def with_faults(app: App) -> App:
    """An ASGI application that answers PATH and leaves the rest to `app`."""

    async def answer(scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await app(scope, receive, send)
            return
        status, body = 200, b""
        if scope["method"] == "PUT":
            message = await receive()
            try:
                now.__dict__.update(asdict(Faults(**json.loads(message["body"]))))
            except (TypeError, ValueError) as error:
                status, body = 400, json.dumps({"message": f"no such faults: {error}"}).encode()
        body = body or json.dumps(asdict(now)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer
