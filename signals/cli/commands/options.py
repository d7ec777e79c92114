"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

StackName = Annotated[str, typer.Option("--stack", "-s", help="The stack: STACK of Pulumi.STACK.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON.")]

BackendBucket = Annotated[str | None, typer.Option(help="S3 bucket for Terraform's state; by default a local folder.")]
BackendRegion = Annotated[str | None, typer.Option(help="Region of that bucket; by default the primary.")]
BackendKey = Annotated[str | None, typer.Option(help="Key in that bucket; by default signals/STACK.tfstate.")]
