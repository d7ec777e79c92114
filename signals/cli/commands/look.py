"""`signals status` and `signals find`."""

from __future__ import annotations

from typing import Annotated

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.cli.views import observe as views
from signals.model.duration import parse_duration
from signals.stack import load_stack
from signals.terminal import console

# All there is on this machine; on AWS an hour of the lake can be a lot of objects.
SINCE_LOCAL, SINCE_AWS = "30d", "1h"


def status(stack: StackName = "local", json: AsJson = False) -> None:
    """Both Regions side by side: endpoint, health, buses, archive, queues, functions.

    The active Region is where the global endpoint sends signals now: the primary while the health check in the
    endpoint's description is healthy by most of Route 53's checkers (GetHealthCheckStatus). Exit code 1 when nothing
    is deployed.
    """
    from signals.observe.status import status as look

    with console.busy("asking both Regions", quiet=json):
        found = look(load_stack(stack))
    if json:
        console.print_json(found.as_json())
    else:
        views.print_status(found)
    if not found.deployed:
        raise typer.Exit(1)


def find(
    signal_id: Annotated[str, typer.Argument(metavar="ID", help="The CloudEvent's id.")],
    stack: StackName = "local",
    since: Annotated[str | None, typer.Option(help="How far back the lake is read: 90s, 15m, 2h, 7d.")] = None,
    wait: Annotated[float, typer.Option(help="Search until it is in the lake, at most so long (s).", min=0)] = 0,
    json: AsJson = False,
) -> None:
    """Show every place where a signal is, in both Regions; exit code 1 when it is nowhere.

    Lake objects are read from --since on (by default 1h on AWS, 30d on this machine). Queues are looked into without
    taking anything; on AWS that hides a message for a moment and counts as a receive. Archives can be searched on this
    machine only: AWS offers no query of an archive.
    """
    from signals.observe.find import find as search

    chosen = load_stack(stack)
    window = parse_duration(since or (SINCE_LOCAL if chosen.local else SINCE_AWS))
    with console.busy(f"searching {' and '.join(chosen.regions)}", quiet=json):
        found = search(chosen, signal_id, since=window, wait_seconds=wait)
    if json:
        console.print_json(found.as_json())
    else:
        views.print_found(found, since=since or (SINCE_LOCAL if chosen.local else SINCE_AWS))
    if not found.places:
        raise typer.Exit(1)
