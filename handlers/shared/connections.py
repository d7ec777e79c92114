"""The connections that a client keeps to a name that moves, such as that of a global endpoint.

A kept connection leads to the Region where it was opened, wherever its name points now, and botocore keeps it for as
long as it is used (AWS says the same of zonal shifts: Amazon Application Recovery Controller Developer Guide, "Best
practices for zonal shifts").
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

# Each is dropped at an age of its own between these (s), so that not all environments reconnect at once.
YOUNGEST_S, OLDEST_S = 30.0, 60.0


class Closing(Protocol):
    """A client, as far as its connections go."""

    def close(self) -> None:
        """Drop the connections: botocore opens another one for the next request (boto/botocore#1810)."""


class KeptConnections:
    """Drops a client's connections before they are `OLDEST_S` old, and after a failure, before the next request.

    Ages are by the time of day: the monotonic clock may stand still while Lambda freezes an environment, and jump when
    a snapshot is restored (hashicorp/vault-lambda-extension#150, aws/aws-lambda-web-adapter#569). An environment
    handles one invocation at a time, so no request is under way when connections are dropped.

    Args:
        client: Whose connections.
        now: The time.
        jitter: A random part of 1.
    """

    def __init__(self, client: Closing, *, now: Callable[[], datetime], jitter: Callable[[], float]) -> None:
        self._client, self._now, self._jitter = client, now, jitter
        self._opened, self._until_s = now(), 0.0

    def renew(self) -> None:
        """Drop them if they are old, or if a request failed; called before each request."""
        now = self._now()
        # Below 0: the clock was set back, or a snapshot was restored.
        if not 0 <= (now - self._opened).total_seconds() < self._until_s:
            self._client.close()
            self._opened, self._until_s = now, YOUNGEST_S + (OLDEST_S - YOUNGEST_S) * self._jitter()

    def failed(self) -> None:
        """A request failed, or a part of it: the name may have moved."""
        self._until_s = 0.0
