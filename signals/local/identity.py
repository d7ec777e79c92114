"""Which embedded AWS answers on a port, so that a command never works on one that is not its own.

Each process has a random id. `GET /_signals/identity` tells it, with the stack, on both ports. A request that carries
an id in its User-Agent, as every request of a command and of its engine does, is answered by that process alone:
another one refuses it with 421 Misdirected Request (RFC 9110, 15.5.20).
"""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import asdict, dataclass

from signals.local.asgi import App, Receive, Scope, Send, answer, headers_of

PATH = "/_signals/identity"
_NAMED = re.compile(r"\bsignals-platform/([0-9a-f]+)")
_ANSWER_SECONDS = 10.0
# The services whose clients read errors as JSON; the others' read XML (botocore, `protocol` of each service).
_JSON_SERVICES = ("/lambda/", "/apigateway/")


@dataclass(frozen=True)
class Identity:
    """One life of an embedded AWS.

    Args:
        id: Random, made when the process starts.
        stack: The stack that it was started for.
    """

    id: str
    stack: str

    @property
    def user_agent(self) -> str:
        """What a client adds to its User-Agent to be answered by this one alone."""
        return f"signals-platform/{self.id}"


def ask(host: str, port: int) -> Identity | None:
    """The identity of what listens on a port; None where nothing does, or something else."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", PATH)
        told = json.loads(connection.getresponse().read())
        return Identity(str(told["id"]), str(told["stack"]))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def with_identity(app: App, identity: Identity) -> App:
    """An ASGI application that tells its identity, refuses requests for another, and leaves the rest to `app`."""

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = headers_of(scope)
        named = _NAMED.search(headers.get("user-agent", ""))
        if named and named[1] != identity.id:
            await _refuse(headers, send)
        elif scope["path"] == PATH:
            await answer(send, 200, [(b"content-type", b"application/json")], json.dumps(asdict(identity)).encode())
        else:
            await app(scope, receive, send)

    return identified


async def _refuse(headers: dict[str, str], send: Send) -> None:
    code, message = "OtherPlatform", "another platform took over this port: run `signals up` for your own"
    signed = headers.get("authorization", "")
    if not signed or "x-amz-target" in headers or any(service in signed for service in _JSON_SERVICES):
        kind, body = b"application/json", json.dumps({"__type": code, "message": message})
    else:
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        kind, body = b"text/xml", error if "/s3/" in signed else f"<ErrorResponse>{error}</ErrorResponse>"
    await answer(send, 421, [(b"content-type", kind), (b"x-amzn-errortype", code.encode())], body.encode())
