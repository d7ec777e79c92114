"""`signals send`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.cli.views import observe as views
from signals.errors import Misuse
from signals.observe import apis
from signals.stack import Stack, load_stack
from signals.terminal import console

KEY_VARIABLE = "SIGNALS_WRITE_KEY"


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
    from signals.observe import inputs, send

    if url and region:
        raise Misuse("--url and --region both say where to send: give one of them")
    signals = inputs.parse(_read(file))
    chosen = load_stack(stack)
    write_key = _key(key, chosen)
    target = url or apis.url_for(chosen, region)
    results = []
    for result in send.send(signals, url=target, key=write_key, headers=None if url else chosen.aws.headers):
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


def _key(key: str | None, stack: Stack) -> str:
    if key:
        return key
    if stack.aws.write_key is None:
        raise Misuse(f"a write key is needed: give --key, or set {KEY_VARIABLE}")
    return stack.aws.write_key
