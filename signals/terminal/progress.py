"""Long work that a person can follow: what is done, what is under way, how long it has taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from signals.terminal.console import err

QUIET_EVERY_SECONDS = 10.0
_SHOWN_AT_ONCE = 3
_BAR_WIDTH = 30


class Progress:
    """Phases of one command, the last of which may be counted in resources.

    On a terminal it is a live display; anywhere else a line for each phase and one about every 10 s.

    Args:
        console: Where to show it; stderr, so that stdout stays the result's.
        clock: Monotonic seconds.
    """

    def __init__(self, console: Console = err, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._lock = threading.Lock()
        self._began = clock()
        self._told = clock()
        self._title = ""
        self._done = 0
        self._total = 0
        self._current: dict[str, float] = {}
        self._live = self._display()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        if kind is None:
            self._finish_phase()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to somebody else: a question, or a display of an engine's own."""
        self._live.stop()
        try:
            yield
        finally:
            if self._console.is_terminal:
                self._live = self._display()
                self._live.start()

    def _display(self) -> Live:
        return Live(get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True)

    @property
    def elapsed_seconds(self) -> float:
        return self._clock() - self._began

    @property
    def done(self) -> int:
        """Resources of this phase that are finished."""
        return self._done

    def phase(self, title: str, total: int = 0) -> None:
        """Begin the next phase; the one before it is done."""
        self._finish_phase()
        with self._lock:
            self._title, self._done, self._total = title, 0, total
            self._current.clear()
        if not self._console.is_terminal:
            self._say(f"{title} …")

    def expect(self, total: int) -> None:
        """How many resources this phase will change."""
        with self._lock:
            self._total = max(total, self._done)

    def started(self, resource: str) -> None:
        with self._lock:
            self._current[resource] = self._clock()

    def finished(self, resource: str) -> None:
        with self._lock:
            self._current.pop(resource, None)
            self._done += 1
            self._total = max(self._total, self._done)
        self.tick()

    def tick(self) -> None:
        """Something happened: without a terminal, say where things stand if that was 10 s ago."""
        if not self._console.is_terminal and self._clock() - self._told >= QUIET_EVERY_SECONDS:
            now = f", now {', '.join(self._slowest())}" if self._current else ""
            self._say(f"  {self._count()}{now}" if self._total else f"  still: {self._title}")

    def _finish_phase(self) -> None:
        if self._title and self._console.is_terminal:
            count = f" ({self._count()})" if self._total else ""
            self._console.print(f"[green]✓[/] {escape(self._title)}{count} [dim]{_seconds(self.elapsed_seconds)}[/]")
        self._title = ""

    def _say(self, text: str) -> None:
        self._told = self._clock()
        self._console.print(f"[{_seconds(self.elapsed_seconds)}] {text}", markup=False)

    def _count(self) -> str:
        return f"{self._done} of {self._total} resources"

    def _slowest(self) -> list[str]:
        with self._lock:
            return sorted(self._current, key=self._current.__getitem__)[:_SHOWN_AT_ONCE]

    def _render(self) -> RenderableType:
        head = Table.grid(padding=(0, 1))
        cells: list[RenderableType] = [Text(self._title, style="bold")]
        if self._total:
            cells += [ProgressBar(self._total, self._done, width=_BAR_WIDTH), Text(self._count())]
        head.add_row(*cells, Text(_seconds(self.elapsed_seconds), style="dim"))
        now = self._clock()
        with self._lock:
            current = sorted(self._current.items(), key=lambda item: item[1])[:_SHOWN_AT_ONCE]
        return Group(head, *(Text(f"  {name} {_seconds(now - since)}", style="dim") for name, since in current))


def _seconds(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
