"""What a kept connection is bound to: on AWS, where its name pointed when it was opened, wherever that has moved since.

On this machine every name is one address, so that the names' moves are played: a request for a name arrives where the
name pointed when it was first used over the same connection.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

_STATE = "signals.bound"
_bound: ContextVar[dict[tuple[str, int], str] | None] = ContextVar("bound", default=None)
_epoch = 0  # how often all connections were broken


def install() -> None:
    """Have the server give each connection a place to remember what it is bound to.

    hypercorn hands the requests of all connections one state (`scope["state"]`, ASGI specification, "Lifespan State");
    that is where the place is put.
    """
    from hypercorn.asyncio import tcp_server

    def with_a_place(state: dict[str, Any]) -> dict[str, Any]:
        return {**state, _STATE: {}}

    assert hasattr(tcp_server, "ConnectionState"), "another hypercorn: look how it hands its state to a connection"
    tcp_server.ConnectionState = with_a_place


def break_all() -> None:
    """Have every open connection count as broken: the next request over it goes where the name points then."""
    global _epoch
    _epoch += 1


def with_connections(app: ASGIApp) -> ASGIApp:
    """An ASGI application within which `bound_to` knows the request's connection."""

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        _bound.set(scope.get("state", {}).get(_STATE))
        await app(scope, receive, send)

    return known


def bound_to(name: str, points_to: Callable[[], str]) -> str:
    """Where a request for a name arrives.

    Args:
        name: The name.
        points_to: Where the name points now; that counts for a call from within, which has no connection.
    """
    bound = _bound.get()
    if bound is None:
        return points_to()
    if (name, _epoch) not in bound:
        bound[name, _epoch] = points_to()
    return bound[name, _epoch]
