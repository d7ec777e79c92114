"""Recovery as people read it."""

from __future__ import annotations

import json as json_
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from rich.markup import escape
from rich.status import Status
from rich.table import Table

from signals.recover.failover import EXPECTED_S, MAXIMUM_S, Progress, Situation
from signals.recover.plan import Plan
from signals.recover.reconcile import Reconciled
from signals.recover.redrive import Group, Message, Outcome
from signals.recover.replay import Snapshot
from signals.terminal.console import err, out, print_json

_QUIET_EVERY_S = 10.0


class Clock:
    """Says what happens with the time since the command began; on a terminal a clock runs beside it."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._began, self._told, self._line = quiet, time.monotonic(), 0.0, ""
        self._status: Status | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if not self._quiet and err.is_terminal:
            self._status = self._stack.enter_context(err.status(self._elapsed()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def __call__(self, progress: Progress) -> None:
        """Take an event; one without words only moves the clock."""
        if self._quiet:
            return
        if progress.text:
            err.print(f"[dim]{progress.seconds:6.1f} s[/]  {escape(progress.text)}")
        elif self._status:
            self._status.update(self._elapsed())

    def show(self, line: str) -> None:
        """A line that replaces the last one; without a terminal, now and then."""
        if self._quiet:
            return
        if self._status:
            self._status.update(escape(line))
        elif line != self._line and time.monotonic() - self._told > _QUIET_EVERY_S:
            err.print(line, markup=False)
            self._told = time.monotonic()
        self._line = line

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.0f} s (AWS: {EXPECTED_S} s expected, {MAXIMUM_S} s at most)"


def print_situation(found: Situation, *, json: bool) -> None:
    if json:
        print_json(found.as_json())
        return
    colour = "green" if found.settled else "red"
    out.print(f"signals go [bold {colour}]{f'to {found.region}' if found.region else 'nowhere'}[/] ({found.why})")
    if not found.settled:
        out.print(f"they should go to [bold]{found.intended}[/]: the endpoint has not moved yet, or that Region is ill")
    if found.probe.seen_in:
        out.print(f"the probe was seen in {' and '.join(found.probe.seen_in)} after {found.probe.seconds:.1f} s")
    if found.probe.problem:
        out.print(f"[red]{escape(found.probe.problem)}[/]")
    if found.seconds is not None:
        out.print(f"held for {_duration(found.seconds)}")
    if found.way_back:
        out.print(f"the way back: [bold]{found.way_back}[/]")


def print_plan(plan: Plan, *, json: bool) -> None:
    if json:
        print_json(plan.as_json())
        return
    out.print(
        f"outage  {plan.outage_start:%Y-%m-%d %H:%M} to {plan.outage_end:%Y-%m-%d %H:%M} UTC, "
        f"{_duration((plan.outage_end - plan.outage_start).total_seconds())} ({plan.found_by})"
    )
    for note in plan.notes:
        out.print(f"        {escape(note)}")
    if not plan.slices:
        out.print("replay  [green]nothing[/]")
        return
    out.print(f"replay  [bold]{plan.start:%Y-%m-%d %H:%M} to {plan.end:%Y-%m-%d %H:%M} UTC[/]  (plan {plan.id})")
    for region, counted in plan.archives.items():
        out.print(f"        {region}: {counted.events:,} events, {counted.size_bytes:,} bytes ({counted.how})")
    if plan.signals is None:
        out.print("        duplicates: what replication delivered too, up to all of it; consumers know ids again")
    else:
        out.print(f"        {plan.signals:,} signals, of which {plan.duplicates:,} are in the lake and will come twice")
    out.print(
        f"        in {len(plan.slices)} slices, at most 10 at a time; the return path brings back about "
        f"{plan.drained_per_second:.0f} events a second: {_duration(plan.duration_s)}"
    )
    costs = ", ".join(f"{item} ${usd:,.2f}" for item, usd in plan.cost_usd.items() if usd >= 0.01)
    out.print(
        f"        about {_usd(sum(plan.cost_usd.values()))} to the primary's bus" + (f" ({costs})" if costs else "")
    )
    out.print(f"start   [bold]signals replay start {plan.id} --stack {plan.stack}[/]")


def snapshot_line(snapshot: Snapshot) -> str:
    states = ", ".join(f"{count} {state.lower()}" for state, count in sorted(snapshot.states.items()))
    to = f"{snapshot.replayed_to:%Y-%m-%d %H:%M}" if snapshot.replayed_to else "nothing yet"
    failed = f", {snapshot.failed} FAILED" if snapshot.failed else ""
    return f"replayed to {to} ({snapshot.share:.0%}; {states}); {snapshot.waiting} in the return queue{failed}"


def print_reconciled(plan: Plan, last: Snapshot, found: Reconciled, *, json: bool) -> None:
    if json:
        print_json({"plan": plan.id, "last": last.as_json(), "reconciled": found.as_json()})
        return
    out.print(escape(snapshot_line(last)))
    verdict = {True: "[green]complete[/]", False: "[red]INCOMPLETE[/]", None: "[yellow]not counted yet[/]"}
    out.print(f"{verdict[found.complete]}: {found.arrived:,} of {found.archived:,} {found.unit} arrived ({found.how})")
    for missing in found.missing:
        out.print(f"  [red]missing[/] {escape(missing)}  [dim]signals find {escape(missing)} --stack {plan.stack}[/]")
    if last.failed:
        out.print(f"{last.failed} messages failed on the way: [bold]signals redrive --stack {plan.stack}[/]")


def print_groups(groups: list[Group], stack: str, *, json: bool) -> None:
    if json:
        print_json([group.as_json() for group in groups])
        return
    if not groups:
        out.print("[green]nothing failed[/]: every dead-letter queue, failure destination and quarantine is empty")
        return
    table = Table("Region", "queue", "reason", "count", "oldest (UTC)", "for example", show_edge=False, pad_edge=False)
    for group in groups:
        row = (group.region, group.queue, group.reason, str(group.count), f"{group.oldest:%Y-%m-%d %H:%M}", group.text)
        table.add_row(*map(escape, row))
    out.print(table)
    first = groups[0]
    out.print(f"look: [bold]signals redrive show {first.queue} --region {first.region} --stack {stack}[/]")
    out.print(f"send: [bold]signals redrive send {first.queue} --region {first.region} --stack {stack}[/]")


def print_messages(messages: list[Message], *, whole: bool, json: bool) -> None:
    if json:
        print_json([message.as_json() for message in messages])
        return
    for message in messages:
        why = f"[red]{escape(message.reason)}[/]  {escape(message.text[:200])}"
        out.print(f"[bold]{message.id}[/]  {message.sent_at:%Y-%m-%d %H:%M:%S}  {why}")
        if whole:
            for name, value in message.attributes.items():
                out.print(f"  {escape(name)}: {escape(value)}")
            _print_body(message.body)


def _print_body(body: str) -> None:
    try:
        content: Any = json_.loads(body)
    except ValueError:
        out.print(body, markup=False)
        return
    out.print_json(json_.dumps(content))


def print_outcome(outcome: Outcome) -> None:
    if outcome.problem is None:
        out.print(f"[green]sent[/] {outcome.message.id} to {escape(outcome.to)}")
    else:
        out.print(f"[red]kept[/] {outcome.message.id}: {escape(outcome.problem)}")


def _usd(amount: float) -> str:
    return f"about ${amount:,.2f}" if amount >= 0.01 else "less than $0.01"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
