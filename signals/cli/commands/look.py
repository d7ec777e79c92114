"""`signals status` and `signals find`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.cli.views import observe as views
from signals.model.duration import parse_duration
from signals.stack import load_stack
from signals.terminal import console


def status(stack: StackName = "local", json: AsJson = False) -> None:
    """Show both Regions side by side: endpoint, health, buses, archive, queues, functions.

    The active Region is where the global endpoint sends signals now: the primary, while most of Route 53's checkers
    report the endpoint's health check as healthy (GetHealthCheckStatus). Exit code 1 when nothing is deployed.
    """
    from signals.observe.status import status as look

    with console.busy("asking both Regions", quiet=json):
        found = look(load_stack(stack))
    console.print_result(found, views.print_status, json=json)
    if not found.deployed:
        raise typer.Exit(1)


def find(
    signal_id: Annotated[str, typer.Argument(metavar="ID", help="The CloudEvent's id.")],
    stack: StackName = "local",
    since: Annotated[str | None, typer.Option(help="How far back to search the lake: 90s, 15m, 2h, 7d.")] = None,
    wait: Annotated[
        float, typer.Option(help="Repeat the search for this long (s), until it is in the lake.", min=0)
    ] = 0,
    json: AsJson = False,
) -> None:
    """Show every place where a signal is, in both Regions. Exit code 1 when it is not found.

    The lake is searched from --since on (by default 1h on AWS, 30d on this machine). Messages stay in their queues; on
    AWS reading hides a message for a moment and counts as a receive. Archives can be searched on this machine only:
    AWS cannot query an archive.
    """
    from signals.observe.find import find as search

    chosen = load_stack(stack)
    since = since or chosen.aws.lake_window
    with console.busy(f"searching {' and '.join(chosen.regions)}", quiet=json):
        found = search(chosen, signal_id, since=parse_duration(since), wait_seconds=wait)
    console.print_result(found, partial(views.print_found, since=since), json=json)
    if not found.places:
        raise typer.Exit(1)
