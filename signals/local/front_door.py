"""The front door: stands in for the domain and sends each new connection to a healthy Region."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from signals.local.connections import bound_to

TARGETS_FILE = "front-door.json"
STATUS_PATH = "/_front-door"
_CHECK_EVERY_SECONDS = 1.0
_CHECK_TIMEOUT_SECONDS = 10.0  # a function's first start on a busy machine
_REQUEST_TIMEOUT_SECONDS = 30.0  # HTTP API's own limit
_HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"host", b"content-length"}


@dataclass(frozen=True)
class Upstream:
    """One Region's HTTP API: where it listens (`http://127.0.0.1:4566`) and under which Host it is known."""

    region: str
    url: str
    host: str

    def headers(self, client: str) -> list[tuple[bytes, bytes]]:
        return [(b"host", self.host.encode()), (b"x-forwarded-for", client.encode())]


class FrontDoor:
    """An ASGI application that forwards to the primary, or to the secondary while the primary's /health fails.

    It stands for a DNS name: a kept connection stays with the Region where it was opened, also once that one fails.

    Where the two are is read from a file that the deployment writes:
    `{"primary": {"region", "url", "host"}, "secondary": {…}}`.
    """

    def __init__(self, targets: Path):
        self._targets = targets
        self._client = httpx.AsyncClient(timeout=_REQUEST_TIMEOUT_SECONDS, limits=httpx.Limits(max_connections=200))
        self._healthy = True
        self._checked_at = float("-inf")
        self._checking = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            answer = await self._answer(Request(scope, receive))
            await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        upstreams = self._upstreams()
        if request.url.path == STATUS_PATH:
            active = (await self._active(upstreams)).region if upstreams else None
            return JSONResponse({"deployed": upstreams is not None, "active_region": active})
        if not upstreams:
            message = "nothing is deployed yet: run `signals up --stack local`"
            return JSONResponse({"message": message}, 503, {"retry-after": "5"})
        healthy = await self._active(upstreams)
        region = bound_to("front door", lambda: healthy.region)
        upstream = next((one for one in upstreams if one.region == region), healthy)
        try:
            return await self._forward(upstream, request)
        except httpx.HTTPError as error:
            self._checked_at = float("-inf")
            message = f"the API in {upstream.region} did not answer: {error or type(error).__name__}"
            # Without a front door the client would have no connection any more.
            headers = {"x-signals-region": upstream.region, "retry-after": "1", "connection": "close"}
            return JSONResponse({"message": message}, 503, headers)

    def _upstreams(self) -> tuple[Upstream, Upstream] | None:
        try:
            written = json.loads(self._targets.read_text())
            return Upstream(**written["primary"]), Upstream(**written["secondary"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    async def _active(self, upstreams: tuple[Upstream, Upstream]) -> Upstream:
        """The primary while its /health answers 200, looked at no more than once a second; else the secondary."""
        async with self._checking:
            if time.monotonic() - self._checked_at >= _CHECK_EVERY_SECONDS:
                self._healthy = await self._health(upstreams[0])
                self._checked_at = time.monotonic()
        return upstreams[0] if self._healthy else upstreams[1]

    async def _health(self, upstream: Upstream) -> bool:
        try:
            answer = await self._client.get(
                f"{upstream.url}/health", headers=upstream.headers("127.0.0.1"), timeout=_CHECK_TIMEOUT_SECONDS
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    async def _forward(self, upstream: Upstream, request: Request) -> Response:
        client = request.client.host if request.client else "127.0.0.1"
        headers = [pair for pair in request.headers.raw if pair[0] not in (*_HOP_BY_HOP, b"x-forwarded-for")]
        headers += upstream.headers(", ".join([*request.headers.getlist("x-forwarded-for"), client]))
        path = request.scope["raw_path"].decode("latin-1")
        query = f"?{request.url.query}" if request.url.query else ""
        content = await request.body()
        sent = self._client.stream(request.method, f"{upstream.url}{path}{query}", headers=headers, content=content)
        async with sent as found:
            # The body is passed on as it came, compressed or not.
            answer = Response(b"".join([part async for part in found.aiter_raw()]), found.status_code)
        kept = [(name.lower(), value) for name, value in found.headers.raw if name.lower() not in _HOP_BY_HOP]
        answer.raw_headers += [*kept, (b"x-signals-region", upstream.region.encode())]
        return answer
