"""What `signals replay` does with the return path while it replays: `recover.pace`, with the model's metrics.

CloudWatch is minutes behind: the worst of five complete minutes is seen, without the last one, as there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from signals.model.capacity import Invocations
from signals.model.clock import MINUTE_S
from signals.model.functions import SimulatedMapping
from signals.recover.pace import Throttle

if TYPE_CHECKING:
    from signals.model.platform import Platform

_MINUTES = 5


class Pacing:
    """Sets how many messages the return path's function works on at a time, each minute until all is replayed.

    Args:
        platform: The platform.
        mapping: Through which the return queue invokes the function.
        replaying: Whether slices wait or replays run.
    """

    def __init__(self, platform: Platform, mapping: SimulatedMapping, replaying: Callable[[], bool]) -> None:
        self._platform, self._mapping, self._replaying = platform, mapping, replaying
        endpoint = platform.blueprint.endpoint
        self._primary: Invocations = platform.capacity[endpoint.primary]
        consumers = {rule.name for rule in platform.blueprint.rules if rule.bus != endpoint.bus}
        self._throttle = Throttle(self._primary.quota, len(consumers), float(endpoint.alarm["threshold"]))
        # By complete minute: invocations a second, and for how long they waited (ms).
        self._seen: deque[tuple[float, float]] = deque(maxlen=_MINUTES + 1)
        self._created = self._primary.created
        self._look()

    def _look(self) -> None:
        clock, waiting = self._platform.clock, self._mapping.has_work
        known = list(self._seen)[:-1]
        messages = self._throttle.at_a_time(
            clock.now,
            self._mapping.at_a_time,
            waiting=waiting,
            created=max((created for created, _ in known), default=0.0),
            latency_ms=max((waited for _, waited in known), default=None),
        )
        self._mapping.work(messages)
        if self._replaying() or waiting:
            clock.after(MINUTE_S, self._next)
        else:
            self._mapping.work(Throttle.MOST)

    def _next(self) -> None:
        created = self._primary.created
        self._seen.append(((created - self._created) / MINUTE_S, self._primary.wait_s * 1000))
        self._created = created
        self._look()
