"""Options that several commands share."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from signals.errors import Misuse

StackName = Annotated[str, typer.Option("--stack", "-s", help="Which Pulumi.STACK.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]

BackendBucket = Annotated[
    str | None, typer.Option(help="S3 bucket for Terraform's state; without it, a folder of the stack's own.")
]
BackendRegion = Annotated[str | None, typer.Option(help="Region of that bucket; by default the primary.")]
BackendKey = Annotated[str | None, typer.Option(help="Key in that bucket; by default signals/STACK.tfstate.")]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """A duration such as 90s, 15m, 2h or 7d."""
    match = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if not match:
        raise Misuse(f"--since {text!r} is no duration: write a number and s, m, h or d, for example 2h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
