"""A drill restores the stack whatever interrupts it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def terminable() -> Iterator[None]:
    """Whatever asks the process to end raises KeyboardInterrupt, as Ctrl-C does, so that the drill restores the stack.

    A shell starts background jobs with SIGINT ignored (POSIX, "Asynchronous Lists"); here it counts nevertheless.
    Under nohup SIGHUP stays ignored.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    with _handled({number: interrupt for number in _ENDING if not (under_nohup and number == signal.SIGHUP)}):
        yield


def uninterrupted(restore: Callable[[], None]) -> None:
    """Call `restore` and let nothing interrupt it."""
    with _handled(dict.fromkeys(_ENDING, signal.SIG_IGN)):
        restore()


@contextmanager
def _handled(handlers: dict[signal.Signals, Any]) -> Iterator[None]:
    """Signal handlers for the time of the block; only the main thread can set any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: a handler that Python did not set, and cannot set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
