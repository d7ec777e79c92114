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
    readonly: Annotated[bool, typer.Option("--readonly", help="Only what a preview needs.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write each policy to NAME.json in this folder.", file_okay=False)
    ] = None,
) -> None:
    """Print the least IAM policies that deploying this stack needs, by name, as JSON.

    They are limited to the stack's names, Regions and account. Each fits a managed policy, and all of them one role.
    """
    from signals.recording.record import record
    from signals.review.permissions.policy import MAX_POLICIES, policies

    found = policies(record(stack), load_stack(stack).settings, read_only=readonly)
    if len(found) > MAX_POLICIES:
        console.err.print(f"{len(found)} policies: a role can have {MAX_POLICIES} unless IAM's quota is raised")
    if out:
        out.mkdir(parents=True, exist_ok=True)
        for name, document in found.items():
            (out / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    console.print_json(found)
