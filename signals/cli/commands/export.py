"""`signals record` and `signals terraform`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signals.cli.commands.options import BackendBucket, BackendKey, BackendRegion, StackName
from signals.stack import load_stack
from signals.terminal import console


def record(stack: StackName = "local") -> None:
    """Print every resource that the stack's program declares, as JSON. Needs no CLI, credentials or network."""
    from signals.recording.record import record as run

    console.print_json(run(stack).to_json())


def terraform(
    out: Annotated[Path, typer.Option(help="Folder to write to.", file_okay=False)],
    stack: StackName = "local",
    backend_bucket: BackendBucket = None,
    backend_region: BackendRegion = None,
    backend_key: BackendKey = None,
) -> None:
    """Write the stack as a Terraform configuration: main.tf.json and the functions' archives."""
    from signals.deploy.engines import BackendChoice
    from signals.recording.record import record as run
    from signals.terraform.write import write

    chosen = load_stack(stack)
    backend = BackendChoice(backend_bucket, backend_region, backend_key).for_stack(chosen)
    write(run(stack), out, backend=backend)
    console.err.print(f"wrote {out}: next, `terraform init` and `terraform plan` there", markup=False)
