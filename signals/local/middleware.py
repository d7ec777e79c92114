"""What the embedded AWS's ports answer and note beside AWS: who it is, its faults, and what engines ask.

A request that names another platform is refused (`signals.local.identity`); `signals.local.faults` lists the faults.
An engine that asks again because an answer was lost gets that answer.
Each kind of request of the deployment engines, whose SDKs name them in the user agent, is kept once, in
`requests.jsonl` in its home: `signals permissions` is tested against it.
"""

import asyncio
import json
import re
from dataclasses import asdict
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signals.local import connections, faults, identity
from signals.local.identity import Identity

REQUEST_LOG = "requests.jsonl"
_NAMED = re.compile(r"\bsignals-platform/([0-9a-f]+)")
# The services whose clients read errors as JSON; the others' read XML (botocore, `protocol` of each service).
_JSON_SERVICES = ("/lambda/", "/apigateway/")
# AWS General Reference, "Signature Version 4": Credential=KEY/DATE/REGION/SERVICE/aws4_request
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_ENGINES = ("terraform", "pulumi")
# Far more than an engine has in flight: a repeated request comes within seconds.
_KEPT_ANSWERS = 1000


def _is_engine(headers: Headers) -> bool:
    return any(engine in headers.get("user-agent", "").lower() for engine in _ENGINES)


def with_identity(app: ASGIApp, own: Identity) -> ASGIApp:
    """An ASGI application that tells its identity, refuses requests for another, and leaves the rest to `app`."""

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        answer = app
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            named = _NAMED.search(headers.get("user-agent", ""))
            if named and named[1] != own.id:
                answer = _refusal(headers)
            elif scope["path"] == identity.PATH:
                answer = JSONResponse(asdict(own))
        await answer(scope, receive, send)

    return identified


def _refusal(headers: Headers) -> Response:
    code, message = "OtherPlatform", "another platform took over this port: run `signals up` for your own"
    signed, kind = headers.get("authorization", ""), {"x-amzn-errortype": code}
    if not signed or "x-amz-target" in headers or any(service in signed for service in _JSON_SERVICES):
        return JSONResponse({"__type": code, "message": message}, 421, kind)
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = error if "/s3/" in signed else f"<ErrorResponse>{error}</ErrorResponse>"
    return Response(body, 421, kind, media_type="text/xml")


def with_faults(app: ASGIApp) -> ASGIApp:
    """An ASGI application that answers `faults.PATH` and leaves the rest to `app`."""

    async def controlled(scope: Scope, receive: Receive, send: Send) -> None:
        answer = app
        if scope["type"] == "http" and scope["path"] == faults.PATH:
            try:
                if scope["method"] == "PUT":
                    wanted = faults.Faults(**await Request(scope, receive).json())
                    if wanted.broken_connections:
                        connections.break_all()
                    faults.now.__dict__.update(asdict(wanted) | {"broken_connections": False})
                answer = JSONResponse(asdict(faults.now))
            except (TypeError, ValueError) as error:
                answer = JSONResponse({"message": f"no such faults: {error}"}, 400)
        await answer(scope, receive, send)

    return controlled


def with_repeats(app: ASGIApp) -> ASGIApp:
    """An ASGI application that answers an engine's repeated request as `app` answered the first one.

    Now and then terraform's provider closes a connection on the first packet of an answer that it waits for (a race in
    Go's HTTP client, golang/go 59310, about once a deployment) and its SDK asks again: "already exists" to a create
    that had worked would end the deployment. Failures are not kept: the SDK repeats them for `app` to try again.
    """
    answers: dict[str, asyncio.Future[list[Message]]] = {}

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(raw=scope.get("headers", []))
        # AWS's SDKs give all attempts at one request one id.
        asked = headers.get("amz-sdk-invocation-id", "") if _is_engine(headers) else ""
        if not asked:
            await app(scope, receive, send)
            return
        first = await answers[asked] if asked in answers else []
        for message in first:
            await send(message)
        if first:
            return
        sent: list[Message] = []
        done = answers[asked] = asyncio.get_running_loop().create_future()
        if len(answers) > _KEPT_ANSWERS:
            del answers[next(iter(answers))]

        async def keeping(message: Message) -> None:
            sent.append(message)
            await send(message)

        try:
            await app(scope, receive, keeping)
        finally:
            done.set_result(sent if sent and sent[0]["status"] < 300 else [])

    return answered


def with_request_log(app: ASGIApp, home: Path) -> ASGIApp:
    """An ASGI application that notes what engines ask of `app`."""
    seen: set[str] = set()

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(raw=scope.get("headers", []))
        signed = _CREDENTIAL.search(headers.get("authorization", ""))
        if not signed or not _is_engine(headers):
            await app(scope, receive, send)
            return
        request = {
            **signed.groupdict(),
            "operation": headers.get("x-amz-target", "").rpartition(".")[2],
            "method": scope["method"],
            "path": scope["path"],
            # Only what names an operation (`?policy`): the rest is values.
            "query": sorted(parse_qs(scope["query_string"].decode(), keep_blank_values=True)),
        }

        def note() -> None:
            line = json.dumps(request, sort_keys=True)
            if line not in seen:
                seen.add(line)
                with (home / REQUEST_LOG).open("a", encoding="utf-8") as log:
                    log.write(f"{line}\n")

        async def listening() -> Message:
            message = await receive()
            # The query protocol says its operation in the body's beginning (`Action=CreateRole&…`).
            found = re.search(rb"(?:^|&)Action=(\w+)", message.get("body", b""))
            request["operation"] = request["operation"] or (found[1].decode() if found else "")
            note()
            return message

        form = "x-www-form-urlencoded" in headers.get("content-type", "")
        if not form:
            note()
        await app(scope, listening if form else receive, send)

    return logged
