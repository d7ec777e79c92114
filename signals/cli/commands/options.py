"""Options that several commands share, and what they mean."""

from typing import Annotated

import typer

from signals.errors import Failed, Misuse
from signals.stack import Stack

StackName = Annotated[str, typer.Option("--stack", "-s", help="The stack: STACK of Pulumi.STACK.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON.")]

BackendBucket = Annotated[str | None, typer.Option(help="S3 bucket for Terraform's state; by default a local folder.")]
BackendRegion = Annotated[str | None, typer.Option(help="Region of that bucket; by default the primary.")]
BackendKey = Annotated[str | None, typer.Option(help="Key in that bucket; by default signals/STACK.tfstate.")]

KEY_VARIABLE = "SIGNALS_WRITE_KEY"


def write_key(stack: Stack, key: str | None) -> str:
    """The key to send signals with: as given, else the one that every source of a stack on this machine has."""
    found = key or stack.aws.write_key
    if found is None:
        raise Misuse(f"a write key is needed: give --key, or set {KEY_VARIABLE}")
    return found


def ask(question: str, *, yes: bool) -> None:
    """Go on only with consent: --yes, or the answer to a question."""
    if not yes and not typer.confirm(question):
        raise Failed("nothing was changed")
