"""`signals send`, `signals status` and `signals find`."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from signals.cli.commands.options import KEY_VARIABLE, AsJson, StackName, write_key
from signals.cli.views import observe as views
from signals.errors import Misuse
from signals.model.clock import parse_duration
from signals.observe import apis, inputs
from signals.observe.find import find as search
from signals.observe.status import status as look
from signals.recover.drains import drains
from signals.stack import load_stack
from signals.terminal import console


def send(
    file: Annotated[str, typer.Argument(help="A file of CloudEvents (JSON, an array, or one a line); - for stdin.")],
    stack: StackName = "local",
    url: Annotated[str | None, typer.Option(help="Send to this API instead of the stack's.")] = None,
    key: Annotated[str | None, typer.Option(help="A write key.", envvar=KEY_VARIABLE)] = None,
    region: Annotated[str | None, typer.Option(help="Send to this Region's API instead of the shared URL.")] = None,
    json: AsJson = False,
) -> None:
    """Send CloudEvents and show the result of each.

    Signals are sent in requests of at most 100. A signal without an id gets one. When the API answers 503 or 429, the
    request is retried, up to five times in all. Exit code 0 only if every signal was accepted.
    """
    from signals.observe.send import send as deliver

    if url and region:
        raise Misuse("--url and --region both say where to send: give one of them")
    signals = inputs.parse(_read(file))
    chosen = load_stack(stack)
    key = write_key(chosen, key)
    target = url or apis.url_for(chosen, region)
    results = []
    for result in deliver(signals, url=target, key=key, headers=None if url else chosen.aws.headers):
        results.append(result)
        if not json:
            views.print_result(result)
    accepted = sum(result.accepted for result in results)
    if json:
        console.print_json({"url": target, "accepted": accepted, "results": results})
    else:
        console.err.print(f"{accepted} of {len(results)} accepted by {target}")
    if accepted < len(results):
        raise typer.Exit(1)


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        raise Misuse(f"cannot read {file} ({error.strerror}): give an existing file, or - for stdin") from None
    except UnicodeDecodeError as error:
        raise Misuse(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8") from None


def status(stack: StackName = "local", json: AsJson = False) -> None:
    """Show both Regions side by side: endpoint, health, buses, archive, queues, functions.

    The active Region is where the global endpoint sends signals now: the primary, while Route 53 reports the endpoint's
    health check as healthy (the metric HealthCheckStatus, a minute or two late). Where the spool or the return queue
    holds messages, it says how long they take to drain and whether SQS keeps them that long. Exit code 1 when nothing
    is deployed.
    """
    chosen = load_stack(stack)
    with console.busy("asking both Regions", quiet=json):
        found = look(chosen)
        draining = drains(chosen, {region: each.queues for region, each in found.regions.items()})
    if json:
        console.print_json({**found.as_json(), "draining": draining})
    else:
        views.print_status(found)
        views.print_drains(draining)
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
    chosen = load_stack(stack)
    since = since or chosen.aws.lake_window
    with console.busy(f"searching {' and '.join(chosen.regions)}", quiet=json):
        found = search(chosen, signal_id, since=parse_duration(since), wait_seconds=wait)
    console.print_result(found, partial(views.print_found, since=since), json=json)
    if not found.places:
        raise typer.Exit(1)
