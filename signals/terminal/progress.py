"""How far a command is: rich's progress display on a terminal, plain lines now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich import progress as rich_progress
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from signals.terminal.console import err

QUIET_EVERY_SECONDS = 10.0
_SHOWN_AT_ONCE = 3
_BAR_WIDTH = 30


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
        self._console, self._clock, self._quiet = console, clock, quiet
        self._began = self._told = clock()
        self._running: dict[str, rich_progress.TaskID] = {}
        self._display = self._new_display("")

    def _new_display(self, title: str) -> rich_progress.Progress:
        display = rich_progress.Progress(
            "{task.description}",
            _Elapsed(),
            _BarOfKnownTotal(bar_width=_BAR_WIDTH),
            _Count(),
            console=self._console,
            get_time=self._clock,
            transient=True,
            disable=self._quiet or not self._console.is_terminal,
        )
        self._phase = display.add_task(f"[bold]{escape(title)}[/]", total=None, title=title, visible=bool(title))
        return display

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()
        if kind is None:
            self._finish_phase()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to something else: a question, or the display of an engine."""
        self._display.stop()
        try:
            yield
        finally:
            # A display that is started again would overwrite as many lines as it had before.
            self._display = self._new_display(self._title)
            self._display.start()

    @property
    def _task(self) -> rich_progress.Task:
        return next(task for task in self._display.tasks if task.id == self._phase)

    @property
    def _title(self) -> str:
        return str(self._task.fields["title"])

    @property
    def elapsed_seconds(self) -> float:
        return self._clock() - self._began

    @property
    def done(self) -> int:
        """Resources of this phase that are finished."""
        return int(self._task.completed)

    def phase(self, title: str, total: int = 0) -> None:
        """Begin the next phase; the one before it is done."""
        self._finish_phase()
        for task in (self._phase, *self._running.values()):
            self._display.remove_task(task)
        self._running.clear()
        self._phase = self._display.add_task(f"[bold]{escape(title)}[/]", total=total or None, title=title)
        if self._display.disable:
            self._say(f"{title} …")

    def expect(self, total: int) -> None:
        """How many resources this phase will change."""
        self._display.update(self._phase, total=max(total, self.done))

    def started(self, resource: str) -> None:
        shown = len(self._running) < _SHOWN_AT_ONCE
        self._running[resource] = self._display.add_task(f"  [dim]{escape(resource)}[/]", total=None, visible=shown)

    def finished(self, resource: str) -> None:
        task = self._running.pop(resource, None)
        if task is not None:
            self._display.remove_task(task)
        for task in list(self._running.values())[:_SHOWN_AT_ONCE]:
            self._display.update(task, visible=True)
        self._display.update(self._phase, advance=1)
        if self._task.total is None or self._task.total < self._task.completed:
            self.expect(self.done)
        self.tick()

    def tick(self) -> None:
        """Something happened: without a terminal, say where things stand if that was 10 s ago."""
        if self._display.disable and self._clock() - self._told >= QUIET_EVERY_SECONDS:
            now = f", now {', '.join(list(self._running)[:_SHOWN_AT_ONCE])}" if self._running else ""
            count = _count(self._task)
            self._say(f"  {count}{now}" if count else f"  still: {self._title}")

    def show(self, line: str) -> None:
        """A line that replaces the one before it."""
        if line != self._title:
            self._display.update(self._phase, description=escape(line), title=line)
            self.tick()

    def note(self, text: str) -> None:
        """A line that stays, with the seconds since the command began."""
        if not self._quiet:
            self._console.print(f"[dim]{self.elapsed_seconds:6.1f} s[/]  {escape(text)}")

    def _finish_phase(self) -> None:
        if self._title and not self._display.disable:
            count = f" ({_count(self._task)})" if self._task.total else ""
            self._console.print(f"[green]✓[/] {escape(self._title)}{count} [dim]{_minutes(self.elapsed_seconds)}[/]")

    def _say(self, text: str) -> None:
        self._told = self._clock()
        if not self._quiet:
            self._console.print(f"[{_minutes(self.elapsed_seconds)}] {text}", markup=False)


class _BarOfKnownTotal(rich_progress.BarColumn):
    def __call__(self, task: rich_progress.Task) -> Text | rich_progress.ProgressBar:
        return super().render(task) if task.total else Text()


class _Count(rich_progress.ProgressColumn):
    def render(self, task: rich_progress.Task) -> Text:
        return Text(_count(task))


class _Elapsed(rich_progress.ProgressColumn):
    def render(self, task: rich_progress.Task) -> Text:
        return Text(_minutes(task.elapsed or 0), style="dim")


def _count(task: rich_progress.Task) -> str:
    return f"{task.completed:.0f} of {task.total:.0f} resources" if task.total else ""


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
