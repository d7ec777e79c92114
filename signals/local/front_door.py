"""The front door: stands in for the domain and sends each request to a healthy Region."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from signals.local.asgi import Receive, Scope, Send, answer, read_body

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
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await answer(send, *await self._answer(scope, await read_body(receive)))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                await self._client.aclose()
                return

    async def _answer(self, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        upstreams = self._upstreams()
        if scope["path"] == STATUS_PATH:
            active = (await self._active(upstreams)).region if upstreams else None
            return _json(200, {"deployed": upstreams is not None, "active_region": active})
        if not upstreams:
            return _json(503, {"message": "nothing is deployed yet: run `signals up --stack local`"}, retry_after=5)
        upstream = await self._active(upstreams)
        try:
            return await self._forward(upstream, scope, body)
        except httpx.HTTPError as error:
            self._checked_at = float("-inf")
            message = f"the API in {upstream.region} did not answer: {error or type(error).__name__}"
            return _json(503, {"message": message}, region=upstream.region, retry_after=1)

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

    async def _forward(
        self, upstream: Upstream, scope: Scope, body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        client = (scope.get("client") or ("127.0.0.1", 0))[0]
        sent = [(name, value) for name, value in scope["headers"] if name.lower() not in _HOP_BY_HOP]
        forwarded = [value.decode("latin-1") for name, value in sent if name.lower() == b"x-forwarded-for"]
        headers = [pair for pair in sent if pair[0].lower() != b"x-forwarded-for"]
        headers += upstream.headers(", ".join([*forwarded, client]))
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = f"?{scope['query_string'].decode('latin-1')}" if scope.get("query_string") else ""
        request = self._client.build_request(
            scope["method"], f"{upstream.url}{path}{query}", headers=headers, content=body
        )
        async with _sent(self._client, request) as answer:
            content = b"".join([part async for part in answer.aiter_raw()])
            kept = [(n.lower(), v) for n, v in answer.headers.raw if n.lower() not in _HOP_BY_HOP]
            return answer.status_code, [*kept, (b"x-signals-region", upstream.region.encode())], content


class _sent:  # noqa: N801 - reads as the statement it makes
    """`client.send(stream=True)` as a context: the body is passed on as it came, compressed or not."""

    def __init__(self, client: httpx.AsyncClient, request: httpx.Request):
        self._client, self._request = client, request

    async def __aenter__(self) -> httpx.Response:
        self._response = await self._client.send(self._request, stream=True)
        return self._response

    async def __aexit__(self, *_: object) -> None:
        await self._response.aclose()


def _json(
    status: int, value: dict[str, Any], *, region: str | None = None, retry_after: int | None = None
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    headers = [(b"content-type", b"application/json")]
    if region is not None:
        headers.append((b"x-signals-region", region.encode()))
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    return status, headers, json.dumps(value).encode()
