"""A drill ends as it should whoever interrupts it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM ends a drill as Ctrl-C does: it restores."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def undisturbed(restore: Callable[[], None]) -> None:
    """Restore to the end, however impatient somebody is meanwhile."""
    numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        restore()
    finally:
        for number, handler in before.items():
            with suppress(TypeError):
                signal.signal(number, handler)
