"""`signals drill`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.errors import Misuse
from signals.stack import LOCAL_WRITE_KEY, Stack, load_stack
from signals.terminal import console

if TYPE_CHECKING:
    from signals.drill.report import Report

KEY_VARIABLE = "SIGNALS_WRITE_KEY"


def drill(
    stack: StackName = "local",
    scenario: Annotated[
        str | None, typer.Option(help="What goes wrong, or `all`; by default primary-eventbridge-down.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the picture to this file.", dir_okay=False)] = None,
    json: AsJson = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Fail over a stack on AWS.")] = False,
    key: Annotated[str | None, typer.Option(help="A write key (stacks on AWS).", envvar=KEY_VARIABLE)] = None,
    rate: Annotated[float, typer.Option(help="Signals a second of each client.", min=1, max=500)] = 12,
    model: Annotated[bool, typer.Option("--model", help="In the model: days in seconds, nothing is touched.")] = False,
    outage: Annotated[str, typer.Option(help="How long the primary is out (--model): 45m, 30h, 35d.")] = "30h",
    signals_per_day: Annotated[float, typer.Option(help="Load (--model).", min=1)] = 400e6,
    no_replay: Annotated[bool, typer.Option("--no-replay", help="Leave out the replay, and see what is lost.")] = False,
) -> None:
    """Rehearse an outage: steady traffic, a fault, failover, recovery, replay; then count every signal by its id.

    On the local stack the faults are real ones of the embedded AWS. On AWS the only fault is the health check's
    inversion, which moves all signals to the secondary and back: that needs --yes. The stack is always restored, on
    Ctrl-C too. Exit code 1 when an acknowledged signal is lost.
    """
    from signals.cli.views.drill import print_report
    from signals.drill.picture import draw

    chosen = load_stack(stack)
    if model:
        reports = [_model(chosen, outage, signals_per_day, replay=not no_replay, scenario=scenario, quiet=json)]
    else:
        reports = _rehearse(chosen, scenario, rate, replay=not no_replay, key=key, yes=yes, quiet=json)
    for report in reports:
        if not json:
            print_report(report)
        if svg:
            file = svg if len(reports) == 1 else svg.with_stem(f"{svg.stem}-{report.scenario}")
            file.write_text(draw(report), "utf-8")
            console.err.print(f"wrote {file}", markup=False)
    if json:
        documents = [report.as_json() for report in reports]
        console.print_json(documents[0] if len(documents) == 1 else documents)
    if any(report.verdict.lost for report in reports):
        raise typer.Exit(1)


def _rehearse(
    stack: Stack, name: str | None, rate: float, *, replay: bool, key: str | None, yes: bool, quiet: bool
) -> list[Report]:
    from signals.cli.views.drill import print_moment
    from signals.drill.aws import AwsGround
    from signals.drill.local import LocalGround
    from signals.drill.rehearsal import Pace, rehearse
    from signals.drill.report import Moment
    from signals.drill.scenarios import DEFAULT, FAILOVER, SCENARIOS

    if not stack.local:
        if name not in (None, FAILOVER.name):
            raise Misuse(f"on AWS nothing is made ill: leave --scenario out, or rehearse {name!r} on the local stack")
        if not yes:
            raise Misuse(
                f"a drill moves all signals of {stack.name!r} to {stack.secondary} and back: give --yes to do that"
            )
        if not key:
            raise Misuse(f"a write key is needed: give --key, or set {KEY_VARIABLE}")
        names = [FAILOVER.name]
    else:
        names = list(SCENARIOS) if name == "all" else [name or DEFAULT]
    for each in names:
        if each not in SCENARIOS:
            raise Misuse(f"there is no scenario {each!r}: choose {', '.join(SCENARIOS)} or all")

    def show(moment: Moment) -> None:
        print_moment(moment, console.err if quiet else console.out)

    found = []
    for each in names:
        ground = (
            LocalGround(stack, key or os.environ.get(KEY_VARIABLE) or LOCAL_WRITE_KEY)
            if stack.local
            else AwsGround(stack, key or "")
        )
        # Lambda's metrics and Athena take longer than a laptop's disk.
        pace = (
            Pace(rate=rate)
            if stack.local
            else Pace(rate=rate, before_s=60, after_s=60, stall_s=300, settle_s=900, quiet_s=120)
        )
        found.append(rehearse(ground, SCENARIOS[each], pace=pace, replay=replay, on_moment=show))
    return found


def _model(
    stack: Stack, outage: str, signals_per_day: float, *, replay: bool, scenario: str | None, quiet: bool
) -> Report:
    from signals.cli.views.drill import print_moment
    from signals.drill.modelled import modelled

    with console.busy("running the model", quiet=quiet):
        report = modelled(stack.name, outage, signals_per_day, replay=replay, scenario=scenario)
    if not quiet:
        console.out.print(report.about, markup=False)
        for moment in report.moments:
            print_moment(moment)
    return report
