"""Kept connections: one leads to the Region where its name pointed when it was opened, until it is closed or idle.

HTTP clients, botocore among them, keep a connection for as long as it is used, wherever its name has moved since (AWS
says so of zonal shifts: Amazon Application Recovery Controller Developer Guide, "Best practices for zonal shifts").
After how long AWS's servers close an idle one is not documented: here after an hour, which is longer than any client
of a busy platform is idle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from signals.model.clock import HOUR_S

if TYPE_CHECKING:
    from signals.model.clock import VirtualClock

_IDLE_S = 1 * HOUR_S


class Connection:
    """One client's connection to a name.

    Args:
        clock: The platform's.
        resolve: The Region where the name points now.
    """

    def __init__(self, clock: VirtualClock, resolve: Callable[[], str]) -> None:
        self._clock, self._resolve = clock, resolve
        self._region: str | None = None
        self._opened_s = self._used_s = 0.0

    def region(self) -> str:
        """Where a request made now arrives; opens the connection if there is none."""
        if self._region is None or self._clock.now - self._used_s > _IDLE_S:
            self._region, self._opened_s = self._resolve(), self._clock.now
        self._used_s = self._clock.now
        return self._region

    @property
    def strayed_s(self) -> float:
        """How old it is (s), if its name points elsewhere now; else 0."""
        return self._clock.now - self._opened_s if self._region not in (None, self._resolve()) else 0.0

    def close(self) -> None:
        """Drop it: the next request opens another one."""
        self._region = None
