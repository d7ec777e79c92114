"""What a stack's program says, without AWS: `signals record`, `terraform`, `policy`, `permissions` and `preview`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from signals.cli.commands.options import AsJson, BackendBucket, BackendKey, BackendRegion, StackName
from signals.deploy.engines import EngineChoice
from signals.errors import Failed
from signals.stack import load_stack
from signals.stack_files import ROOT
from signals.terminal import console

LOSES_DATA = 3


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
    from signals.recording.record import record as run
    from signals.terraform.emit import emit, write

    backend = EngineChoice(None, backend_bucket, backend_region, backend_key).backend(load_stack(stack))
    recording = run(stack)
    write(recording, out, backend=backend)
    for setting in emit(recording).environment:
        console.err.print(f"a secret is not written: set {setting} for terraform", markup=False)
    console.err.print(f"wrote {out}: next, `terraform init` and `terraform plan` there", markup=False)


def policy(stack: StackName = "local", as_json: AsJson = False) -> None:
    """Check a stack against the rules in policies/, without AWS. Exit code 1 when a mandatory rule is violated."""
    from policies import rules  # noqa: F401 - makes them known
    from policies.rule import RULES, violations
    from policies.view import recorded
    from signals.recording.record import record

    with console.busy(f"checking {stack}", quiet=as_json):
        found = violations(recorded(record(stack)))
    mandatory = sum(violation.rule.level == "mandatory" for violation in found)
    if as_json:
        console.print_json(
            {"stack": stack, "rules": len(RULES), "violations": [violation.to_json() for violation in found]}
        )
    else:
        for violation in found:
            console.out.print(str(violation), markup=False)
        counted = f"{mandatory} mandatory and {len(found) - mandatory} advisory violations"
        console.err.print(f"{stack}: {len(RULES)} rules, {counted}", markup=False)
    if mandatory:
        raise typer.Exit(1)


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
