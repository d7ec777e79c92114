"""Clients that send signals at a steady rate, and record what became of each."""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.shared.times import timestamp
from signals.model.ledger import Ledger
from signals.observe.inputs import MAX_SIGNALS_A_REQUEST, Signal


@dataclass(frozen=True)
class Answer:
    """What came of one attempt to send some signals: which were acknowledged, and by which Region."""

    acknowledged: frozenset[str]
    region: str


class Traffic:
    """A client at each entry point; each makes `rate` signals a second and sends those that are due in one request.

    What is not acknowledged is sent again with the same id, after a pause, until `stop` gives up.

    Args:
        entry_points: Their names.
        post: Sends signals once, given the entry point; those it does not acknowledge are sent again later.
        rate: Signals a second at each entry point.
        gather_s: Pause between two requests (s), longer after a refusal.
    """

    def __init__(
        self,
        entry_points: Sequence[str],
        post: Callable[[str, Sequence[Signal]], Answer],
        *,
        rate: float,
        gather_s: float = 0.5,
    ) -> None:
        self.run_id = f"drill-{uuid.uuid4().hex[:12]}"
        self.ledger = Ledger()
        self.began = datetime.now(UTC)
        self._post, self._rate, self._gather_s = post, rate, gather_s
        self._zero = time.monotonic()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._give_up_at = float("inf")
        self._threads = [
            threading.Thread(target=self._run, args=(entry_point,), daemon=True) for entry_point in entry_points
        ]

    def start(self) -> None:
        self.began, self._zero = datetime.now(UTC), time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def seconds(self) -> float:
        """Since the traffic began."""
        return time.monotonic() - self._zero

    def acknowledged(self) -> dict[str, tuple[float, str]]:
        """When and by which Region each signal was acknowledged, so far."""
        with self._lock:
            return dict(self.ledger.acknowledged)

    def stop(self, *, patience_s: float = 20.0) -> None:
        """Make no more signals; send what is left for at most so long (s). Safe to call again."""
        self._give_up_at = min(self._give_up_at, time.monotonic() + patience_s)
        self._ending.set()
        for thread in self._threads:
            if thread.ident:
                thread.join()

    def _run(self, entry_point: str) -> None:
        made, waiting, refused = 0, [], 0
        while True:
            ending = self._ending.is_set()
            due = 0 if ending else int(self.seconds * self._rate) - made
            fresh = [self._signal(entry_point, made + number) for number in range(due)]
            made += len(fresh)
            with self._lock:
                self.ledger.sent.update({signal["id"]: self.seconds for signal in fresh})
            waiting += fresh
            if not waiting and ending:
                return
            if waiting:
                waiting, was_refused = self._send(entry_point, waiting)
                refused = refused + 1 if was_refused else 0
            if waiting and ending and time.monotonic() >= self._give_up_at:
                return
            # A client that was refused backs off; others gather a few signals before the next request.
            pause = min(self._gather_s * 2**refused, 4 * self._gather_s)
            self._ending.wait(pause) if not ending else time.sleep(min(pause, 0.2))

    def _send(self, entry_point: str, waiting: list[Signal]) -> tuple[list[Signal], bool]:
        batch, rest = waiting[:MAX_SIGNALS_A_REQUEST], waiting[MAX_SIGNALS_A_REQUEST:]
        answer = self._post(entry_point, batch)
        left = [signal for signal in batch if signal["id"] not in answer.acknowledged]
        with self._lock:
            now = self.seconds
            for signal in batch:
                if signal["id"] in answer.acknowledged:
                    self.ledger.acknowledged.setdefault(signal["id"], (now, answer.region))
            if left:
                self.ledger.refusals.append((now, len(left)))
        return left + rest, bool(left)

    def _signal(self, entry_point: str, number: int) -> Signal:
        return {
            "specversion": "1.0",
            "id": f"{self.run_id}-{entry_point}-{number:06d}",
            "type": "drill.signal",
            "source": f"/drill/{self.run_id}",
            "time": timestamp(datetime.now(UTC)),
            "subject": f"drill-{number % 10}",
            "data": {"entry_point": entry_point, "number": number},
        }
