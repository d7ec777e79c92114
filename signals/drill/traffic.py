"""Clients that make signals at a steady rate, and remember what became of each."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

Signal = dict[str, Any]
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Answer:
    """One attempt to send some signals: which were acknowledged, by which Region, and what the client saw."""

    acknowledged: frozenset[str]
    region: str
    status: int


class Post(Protocol):
    """Sends signals once; whoever was not acknowledged is sent again later."""

    def __call__(self, door: str, signals: Sequence[Signal]) -> Answer: ...


@dataclass
class Ledger:
    """What clients know; times in seconds since the traffic began."""

    sent: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, tuple[float, str]] = field(default_factory=dict)
    refusals: list[tuple[float, int]] = field(default_factory=list)

    @property
    def pending(self) -> set[str]:
        return self.sent.keys() - self.acknowledged.keys()


class Traffic:
    """A client at each door; each makes signals at `rate` a second and sends those that are due, a request at a time.

    What is not acknowledged is sent again with the same id, after a pause, until `stop` gives up.

    Args:
        doors: Names of the ways in.
        post: Sends.
        rate: Signals a second at each door.
        gather_s: Pause between two requests (s), longer after a refusal.
        run_id: First part of every id.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        doors: Sequence[str],
        post: Post,
        *,
        rate: float,
        gather_s: float = 0.5,
        run_id: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run_id = run_id or f"drill-{uuid.uuid4().hex[:12]}"
        self.ledger = Ledger()
        self.began = datetime.now(UTC)
        self._post, self._rate, self._gather_s, self._clock = post, rate, gather_s, clock
        self._zero = clock()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._give_up_at = float("inf")
        self._threads = [threading.Thread(target=self._run, args=(door,), daemon=True) for door in doors]

    def start(self) -> None:
        self.began, self._zero = datetime.now(UTC), self._clock()
        for thread in self._threads:
            thread.start()

    @property
    def seconds(self) -> float:
        """Since the traffic began."""
        return self._clock() - self._zero

    def acknowledged(self) -> dict[str, tuple[float, str]]:
        """When and by which Region each signal was acknowledged, so far."""
        with self._lock:
            return dict(self.ledger.acknowledged)

    def stop(self, *, patience_s: float = 20.0) -> None:
        """Make no more signals; send what is left for at most so long (s). Safe to call again."""
        self._give_up_at = min(self._give_up_at, self._clock() + patience_s)
        self._ending.set()
        for thread in self._threads:
            if thread.ident:
                thread.join()

    def _run(self, door: str) -> None:
        made, waiting, refused = 0, [], 0
        while True:
            ending = self._ending.is_set()
            due = 0 if ending else int(self.seconds * self._rate) - made
            fresh = [self._signal(door, made + number) for number in range(due)]
            made += len(fresh)
            with self._lock:
                self.ledger.sent.update({signal["id"]: self.seconds for signal in fresh})
            waiting += fresh
            if not waiting and ending:
                return
            if waiting:
                waiting, told_to_wait = self._send(door, waiting)
                refused = refused + 1 if told_to_wait else 0
            if waiting and ending and self._clock() >= self._give_up_at:
                return
            # A client that is told to wait waits; one that is not gathers a few signals before the next request.
            pause = min(self._gather_s * 2**refused, 4 * self._gather_s)
            self._ending.wait(pause) if not ending else time.sleep(min(pause, 0.2))

    def _send(self, door: str, waiting: list[Signal]) -> tuple[list[Signal], bool]:
        batch, rest = waiting[:MOST_AT_ONCE], waiting[MOST_AT_ONCE:]
        answer = self._post(door, batch)
        left = [signal for signal in batch if signal["id"] not in answer.acknowledged]
        with self._lock:
            now = self.seconds
            for signal in batch:
                if signal["id"] in answer.acknowledged:
                    self.ledger.acknowledged.setdefault(signal["id"], (now, answer.region))
            if left:
                self.ledger.refusals.append((now, len(left)))
        return left + rest, bool(left)

    def _signal(self, door: str, number: int) -> Signal:
        return {
            "specversion": "1.0",
            "id": f"{self.run_id}-{door}-{number:06d}",
            "type": "drill.signal",
            "source": f"/drill/{self.run_id}",
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "subject": f"drill-{number % 10}",
            "data": {"door": door, "number": number},
        }
