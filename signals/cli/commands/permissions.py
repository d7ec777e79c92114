"""`signals permissions`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from signals.cli.commands.options import StackName
from signals.stack import load_stack
from signals.terminal import console


def permissions(
    stack: StackName = "local",
    readonly: Annotated[bool, typer.Option("--readonly", help="What a preview needs, and no more.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write each policy to a file NAME.json here.", file_okay=False)
    ] = None,
) -> None:
    """Print, as JSON, the least IAM policies that deploying this stack needs, by name.

    They are bound to the stack's names, Regions and account; each fits a managed policy, and all of them one role.
    """
    from signals.recording.record import record
    from signals.review.permissions.policy import MAX_POLICIES, policies

    found = policies(record(stack), load_stack(stack).settings, read_only=readonly)
    if len(found) > MAX_POLICIES:
        console.err.print(f"{len(found)} policies: a role takes {MAX_POLICIES}, unless IAM's quota is raised")
    if out:
        out.mkdir(parents=True, exist_ok=True)
        for name, document in found.items():
            (out / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    console.print_json(found)
