"""Results as people read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from signals.observe.find import Found
from signals.observe.queues import QueueStatus
from signals.observe.status import FunctionStatus, RegionStatus, StackStatus
from signals.terminal.console import duration, err, out

if TYPE_CHECKING:
    from signals.observe.send import Result
    from signals.recover.drains import Drain

_NONE = "[dim]-[/]"


def print_result(result: Result) -> None:
    """One line: what became of one signal."""
    if result.accepted:
        out.print(f"[green]{result.status}[/] {escape(result.id)} {escape(result.detail['result'])}")
        return
    reason = result.detail.get("message") or result.detail.get("reason") or json.dumps(result.detail)
    out.print(f"[red]{result.status}[/] {escape(result.id)} [red]refused[/]: {escape(str(reason))}")


def print_status(status: StackStatus) -> None:
    """The endpoint in a line or two, then both Regions side by side."""
    endpoint = status.endpoint
    if endpoint is None:
        err.print(f"stack {status.stack!r} is not deployed: run `signals up --stack {status.stack}`")
        return
    check = endpoint.health_check
    health = {True: "[green]healthy[/]", False: "[red]unhealthy[/]", None: "[yellow]not reported yet[/]"}[check.healthy]
    out.print(f"[bold]{status.stack}[/]  {status.url or _NONE}")
    out.print(
        f"endpoint {endpoint.name} ({endpoint.id or 'no id'}, {endpoint.state.lower()}, replication "
        f"{endpoint.replication.lower()}) sends to [bold]{endpoint.active_region}[/]"
    )
    out.print(f"health check {check.id}: {health}{' [yellow](inverted)[/]' if check.inverted else ''}")
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("")
    for region, found in status.regions.items():
        active = " [green]active[/]" if region == endpoint.active_region else ""
        table.add_column(f"{region} ({found.role}){active}", overflow="fold")
    prefix = f"{endpoint.name}-"
    rows: dict[str, Callable[[RegionStatus], list[str]]] = {
        "API": _api,
        "buses": lambda region: [f"{bus.name.removeprefix(prefix)}: {bus.rules} rules" for bus in region.buses],
        "archive": _archive,
        "queues": lambda region: [_queue(queue, prefix) for queue in region.queues],
        "functions,\nlast hour": lambda region: [_function(function, prefix) for function in region.functions],
    }
    for title, cell in rows.items():
        table.add_row(
            title, *("\n".join(cell(region)) or _NONE for region in status.regions.values()), end_section=True
        )
    out.print(table)


def print_drains(drains: list[Drain]) -> None:
    """A line for each queue that drains: how long, at which rate, and whether SQS keeps its messages that long."""
    for found in drains:
        kept = f"SQS keeps them {duration(found.retention_s)}"
        if found.oldest_s is not None:
            kept += f", the oldest is {duration(found.oldest_s)} old"
        what = f"{found.queue} ({found.region}): {found.messages:,} messages"
        if found.seconds is None:
            out.print(f"[red]{escape(what)} do not drain[/]: {escape(found.limit)}; {kept}")
            continue
        takes = f"drain in about {duration(found.seconds)}"
        colour = "bold" if found.in_time else "red"
        rate = f"{found.per_second:,.0f} a second: {found.limit}"
        out.print(f"{escape(what)} [{colour}]{takes}[/] once EventBridge takes them ({escape(rate)}); {kept}")


def _api(region: RegionStatus) -> list[str]:
    if region.api_url is None:
        return []
    return [f"{'[green]healthy[/]' if region.api_healthy else '[red]does not answer[/]'}  {escape(region.api_url)}"]


def _archive(region: RegionStatus) -> list[str]:
    archive = region.archive
    return [f"{archive.events} events, {archive.size_bytes:,} bytes, {archive.state.lower()}"] if archive else []


def _queue(queue: QueueStatus, prefix: str) -> str:
    depth = f"{queue.visible}" + (f" (+{queue.in_flight} in flight)" if queue.in_flight else "")
    colour = "red" if queue.is_failure_queue and queue.visible else "bold" if queue.visible else "dim"
    return f"[{colour}]{queue.name.removeprefix(prefix)}: {depth}[/]"


def _function(function: FunctionStatus, prefix: str) -> str:
    name = function.name.removeprefix(prefix)
    state = "" if function.state == "Active" else f" [yellow]{function.state}[/]"
    if function.errors is None and function.invocations is None:
        return f"[dim]{name}:{state} no data[/]"
    errors = f"{function.errors or 0} errors"
    return (
        f"{name}:{state} {function.invocations or 0} invocations, {f'[red]{errors}[/]' if function.errors else errors}"
    )


def print_found(found: Found, *, since: str) -> None:
    """Each place in a line, then the signal as it is in the lake, or else in the first place."""
    if not found.places:
        err.print(
            f"signal {found.id!r} was not found (in lake objects of the last {since}): it may still be in transit "
            "(--wait 10), or be older (--since 7d)"
        )
    else:
        out.print(f"signal [bold]{escape(found.id)}[/] is in {len(found.places)} places")
        for place in found.places:
            note = "  ".join(filter(None, (place.at, place.note)))
            out.print(f"  {place.region}  [green]{place.kind:<10}[/]  {escape(place.where)}  [dim]{escape(note)}[/]")
        enriched = found.of("lake") or list(found.places)
        out.print_json(data=enriched[0].content or {})
    for gap in found.not_searched:
        err.print(f"[yellow]not searched:[/] {escape(gap)}")
