"""How far a command is: rich's progress display on a terminal, plain lines now and then anywhere else."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display
from rich.text import Text

from signals.terminal.console import err

QUIET_EVERY_SECONDS = 10.0
_SHOWN_AT_ONCE = 3


class Progress:
    """Phases of one command, the last of which may be counted in resources.

    Args:
        console: Where to show it; stderr, so that stdout stays the result's.
        clock: Monotonic seconds.
        quiet: Show nothing.
    """

    def __init__(
        self, console: Console = err, clock: Callable[[], float] = time.monotonic, *, quiet: bool = False
    ) -> None:
        self._console = Console(quiet=True, force_terminal=False) if quiet else console
        self._clock = clock
        self._began = self._told = clock()
        self._title, self._line, self._total = "", "", 0
        self.done = 0  # resources of this phase that are finished
        self._phase: TaskID | None = None
        self._running: dict[str, float] = {}  # resources that are being changed, and since when
        columns = (TextColumn("{task.description}"), TimeElapsedColumn(), BarColumn(30), "{task.fields[count]}")
        # Without a terminal rich would print its display once, at the end.
        self._plain = not self._console.is_terminal
        self._display = _Display(*columns, console=self._console, get_time=clock, transient=True, disable=self._plain)
        self._display.lines_below = self._slowest

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._display.stop()
        if kind is None:
            self._finish_phase()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to something else between two phases: a question, or the display of an engine."""
        self._display.stop()
        try:
            yield
        finally:
            self._display.start()

    @property
    def elapsed_seconds(self) -> float:
        return self._clock() - self._began

    def phase(self, title: str) -> None:
        """Begin the next phase; the one before it is done."""
        self._finish_phase()
        self._title, self._line, self._total, self.done = title, title, 0, 0
        self._phase = self._display.add_task(f"[bold]{escape(title)}[/]", total=None, count="")
        if self._plain:
            self._say(f"{title} …")

    def expect(self, total: int) -> None:
        """How many resources this phase will change."""
        self._total = max(total, self.done)
        if self._phase is not None:
            self._display.update(self._phase, total=self._total, completed=self.done, count=self._count())

    def started(self, resource: str) -> None:
        self._running[resource] = self._clock()

    def finished(self, resource: str) -> None:
        self._running.pop(resource, None)
        self.done += 1
        self.expect(self._total)
        self.tick()

    def tick(self) -> None:
        """Something happened: without a terminal, say where things stand if that was 10 s ago."""
        if self._plain and self._clock() - self._told >= QUIET_EVERY_SECONDS:
            now = f", now {', '.join(list(self._running)[:_SHOWN_AT_ONCE])}" if self._running else ""
            self._say(f"  {self._count()}{now}" if self._total else f"  still: {self._line}")

    def show(self, line: str) -> None:
        """A line that replaces the one before it."""
        if line != self._line and self._phase is not None:
            self._line = line
            self._display.update(self._phase, description=escape(line))
            self.tick()

    def note(self, text: str) -> None:
        """A line that stays, with the seconds since the command began; without a text, only `tick`."""
        if not text:
            self.tick()
        else:
            self._console.print(f"[dim]{self.elapsed_seconds:6.1f} s[/]  {escape(text)}")

    def _finish_phase(self) -> None:
        if self._title and not self._plain:
            count = f" ({self._count()})" if self._total else ""
            self._console.print(f"[green]✓[/] {escape(self._title)}{count} [dim]{_minutes(self.elapsed_seconds)}[/]")
        self._title = ""
        for task in self._display.task_ids:
            self._display.remove_task(task)
        self._running.clear()

    def _slowest(self) -> list[Text]:
        now, oldest = self._clock(), list(self._running.items())[:_SHOWN_AT_ONCE]
        return [Text(f"  {name} {_minutes(now - since)}", style="dim") for name, since in oldest]

    def _say(self, text: str) -> None:
        self._told = self._clock()
        self._console.print(f"[{_minutes(self.elapsed_seconds)}] {text}", markup=False)

    def _count(self) -> str:
        return f"{self.done} of {self._total} resources" if self._total else ""


class _Display(Display):
    """rich's display with further lines below: in its table, long names would leave no room for the bar."""

    lines_below: Callable[[], Iterable[Text]] = tuple

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        yield from self.lines_below()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
