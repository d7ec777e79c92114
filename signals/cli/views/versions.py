"""Versions of functions as people read them."""

from collections import Counter
from collections.abc import Sequence

from rich.markup import escape

from signals.deploy.versions import Removal, Step, Version
from signals.terminal.console import out


def print_versions(found: Sequence[Version]) -> None:
    """What would be removed, a line for each function, and how many stay."""
    rows = Counter((version.region, version.function) for version in found)
    for region, function in rows:
        old = [str(v.number) for v in found if (v.region, v.function, v.kept) == (region, function, None)]
        if old:
            what = f"version{'s' if len(old) > 1 else ''} {', '.join(old)}"
            out.print(f"{region}  {function}: {what} of {rows[region, function]}", markup=False)


def print_removals(done: Sequence[Removal], kept: int) -> None:
    removed = [removal for removal in done if removal.problem is None]
    out.print(f"removed {len(removed)} versions, {kept} stay" if removed else f"nothing removed: {kept} versions stay")
    for removal in done:
        if removal.problem is not None:
            version = removal.version
            where = f"{version.function}:{version.number} in {version.region}"
            out.print(f"[red]not removed[/] {where}: {escape(removal.problem)}")


def print_step(step: Step) -> None:
    out.print(f"{step.function} in {step.region}: version [bold]{step.now}[/] to [bold]{step.then}[/]")
    for change in step.changes:
        out.print(f"  {change.what}: {change.now} -> {change.then}", markup=False)


def print_forward(stack: str) -> None:
    out.print(
        f"The next `signals up --stack {stack}`, or merge to main, moves forward again to what the program says: take "
        "the change back there before.",
        markup=False,
    )
