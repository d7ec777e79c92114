"""Which embedded AWS answers on a port, so that a command never works on one that is not its own.

Each process has a random id. `GET /_signals/identity` tells it, with the stack, on both ports. A request that carries
an id in its User-Agent, as every request of a command and of its engine does, is answered by that process alone:
another one refuses it with 421 Misdirected Request (RFC 9110, 15.5.20).
"""

import http.client
import json
from contextlib import closing, suppress
from dataclasses import dataclass

PATH = "/_signals/identity"
_ANSWER_SECONDS = 10.0
_NOT_ONE = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError)


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
    with suppress(*_NOT_ONE), closing(http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)) as connection:
        connection.request("GET", PATH)
        told = json.loads(connection.getresponse().read())
        return Identity(str(told["id"]), str(told["stack"]))
    return None
