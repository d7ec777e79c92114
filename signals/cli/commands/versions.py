"""`signals prune` and `signals rollback`."""

from typing import Annotated

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.cli.commands.recover import Yes, consent
from signals.cli.views import versions as views
from signals.deploy import versions
from signals.stack import load_stack
from signals.terminal import console
from signals.terminal.progress import Progress


def prune(
    stack: StackName = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Remove old published versions of the stack's functions, in both Regions.

    The version that an alias names, the last one before it and all newer ones stay. Lambda bills each version of a
    function with SnapStart. Safe to interrupt and to run again.

    Exit code 1 when one could not be removed.
    """
    chosen = load_stack(stack)
    with console.busy("listing versions in both Regions", quiet=json):
        found = versions.versions(chosen)
    old = [version for version in found if version.kept is None]
    if not json:
        views.print_versions(found)
    if old and not dry_run:
        consent(chosen, f"remove {len(old)} versions of functions", yes)
    done: list[versions.Removal] = []
    kept = [version for version in found if version.kept is not None]
    try:
        with Progress(quiet=json) as progress:
            for removal in versions.prune(chosen, [] if dry_run else old):
                done.append(removal)
                progress.show(f"removed {len(done)} of {len(old)} versions")
    finally:
        # What an interrupted run did counts too.
        if json:
            console.print_json({"stack": stack, "removable": old, "removed": done, "kept": kept})
        elif dry_run:
            console.out.print(f"{len(old)} versions can be removed, {len(kept)} stay")
        else:
            views.print_removals(done, len(kept))
    if any(removal.problem for removal in done):
        raise typer.Exit(1)


def rollback(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", help="As `signals status` lists it; the stack's name may be left out.")
    ],
    region: Annotated[str | None, typer.Option(help="Only in this Region; by default in each that has it.")] = None,
    to: Annotated[
        int | None, typer.Option(help="To this version, with --region; by default the last before the current.", min=1)
    ] = None,
    stack: StackName = "local",
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Go back to an earlier version of one function: show what is different, then move its alias.

    It takes effect at once and deploys nothing. The next `signals up` moves forward again to what the program says, so
    take the change back there too.
    """
    chosen = load_stack(stack)
    with console.busy("comparing versions", quiet=json):
        steps = versions.rollback_steps(chosen, function, region=region, number=to)
    if not json:
        for step in steps:
            views.print_step(step)
    consent(chosen, f"move the alias of {steps[0].function} in {' and '.join(step.region for step in steps)}", yes)
    done: list[versions.Step] = []
    try:
        for step in steps:
            versions.rollback(chosen, step)
            done.append(step)
    finally:
        if json:
            console.print_json({"stack": stack, "moved": done, "next_up": "moves forward again"})
        else:
            for step in done:
                console.out.print(f"{step.function} in {step.region} is at version {step.then}", markup=False)
            if done:
                views.print_forward(stack)
