"""`signals preview`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.errors import Failed
from signals.stack_files import ROOT
from signals.terminal import console

LOSES_DATA = 3


def preview(
    stack: StackName = "local",
    base: Annotated[
        str | None,
        typer.Option(help="Compare with where this branch left REV; by default the main branch.", metavar="REV"),
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the Markdown to this file too.", dir_okay=False)] = None,
    json: AsJson = False,
) -> None:
    """Show what the work tree would change in a stack, as Markdown. Needs no CLI, credentials or state.

    Exit code 3 when it would replace or remove something that holds data; 1 when the base cannot be read, so that
    nothing is known.
    """
    from signals.review.preview.markdown import render
    from signals.review.preview.preview import preview as run

    with console.busy("recording the stack twice", quiet=json):
        found = run(stack, root=ROOT, revision=base)
    text = render(found)
    if markdown:
        markdown.write_text(text + "\n", "utf-8")
    if json:
        console.print_json(found.to_json())
    else:
        print(text)
    if not found.compared:
        raise Failed(f"not compared: {found.notes[0]}")
    if found.losses:
        raise typer.Exit(LOSES_DATA)
