"""`signals drill`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signals.cli.commands.options import KEY_VARIABLE, AsJson, StackName, write_key
from signals.cli.views.drill import print_moment, print_report
from signals.errors import Misuse
from signals.stack import Stack, load_stack
from signals.terminal import console

if TYPE_CHECKING:
    from signals.model.report import DrillReport
    from signals.model.scenarios import Scenario


def drill(
    stack: StackName = "local",
    scenario: Annotated[str | None, typer.Option(help="What fails, see above; or `all`.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the picture to this file.", dir_okay=False)] = None,
    json: AsJson = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Fail over a stack on AWS.")] = False,
    key: Annotated[str | None, typer.Option(help="A write key (stacks on AWS).", envvar=KEY_VARIABLE)] = None,
    rate: Annotated[float, typer.Option(help="Signals a second of each client.", min=1, max=500)] = 12,
    model: Annotated[bool, typer.Option("--model", help="In the model: days in seconds, nothing is touched.")] = False,
    outage: Annotated[str, typer.Option(help="How long the primary is out (--model): 45m, 30h, 35d.")] = "30h",
    outages: Annotated[
        str | None, typer.Option(help="Several outages (--model), as 0h-30h,33h-33h20m, in place of --outage.")
    ] = None,
    quota: Annotated[
        list[str] | None,
        typer.Option(help="What the account has in place of AWS's default (--model), as put_events=20000; repeatable."),
    ] = None,
    signals_per_day: Annotated[float, typer.Option(help="Load (--model).", min=1)] = 400e6,
    no_replay: Annotated[bool, typer.Option("--no-replay", help="Leave out the replay, and see what is lost.")] = False,
) -> None:
    """Rehearse an outage: steady traffic, a fault, failover, recovery, replay; then count every signal by its id.

    On the local stack the embedded AWS injects real faults. On AWS the only fault is the health check's inversion,
    which moves all signals to the secondary and back: that needs --yes. The stack is always restored, on Ctrl-C too.
    Exit code 1 when an acknowledged signal is lost, or (--model) not with every consumer that should have it.

    Scenarios: primary-eventbridge-down (the default), primary-api-down, replication-cut, enrichment-failing, slow-lake,
    failover; with --model also primary-eventbridge-stalled and primary-region-down.
    """
    from signals.drill.picture import draw

    chosen = load_stack(stack)
    if model:
        from signals.model.run import run

        with console.busy("running the model", quiet=json):
            reports = [
                run(
                    stack,
                    outage,
                    signals_per_day,
                    outages=outages,
                    quotas=quota or (),
                    replay=not no_replay,
                    scenario=scenario,
                )
            ]
        if not json:
            console.out.print(reports[0].about, markup=False)
            for moment in reports[0].moments:
                print_moment(moment)
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
    if any(report.verdict.lost or report.verdict.undelivered for report in reports):
        raise typer.Exit(1)


def _rehearse(
    stack: Stack, name: str | None, rate: float, *, replay: bool, key: str | None, yes: bool, quiet: bool
) -> list[DrillReport]:
    from signals.drill.aws import AwsEnvironment
    from signals.drill.local import LocalEnvironment
    from signals.drill.rehearsal import DrillTiming, rehearse

    chosen = _scenarios(stack, name)
    if stack.local:
        timing = DrillTiming(rate=rate)
    else:
        # Lambda's metrics and Athena take longer than a laptop's disk.
        timing = DrillTiming(rate=rate, before_s=60, after_s=60, stall_s=300, settle_s=900, quiet_s=120)
        if not yes:
            raise Misuse(
                f"a drill moves all signals of {stack.name!r} to {stack.secondary} and back: give --yes to do that"
            )
    key = write_key(stack, key)
    environment = LocalEnvironment if stack.local else AwsEnvironment
    on_moment = partial(print_moment, console=console.err if quiet else console.out)
    run = partial(rehearse, timing=timing, replay=replay, on_moment=on_moment)
    return [run(environment(stack, key), each) for each in chosen]


def _scenarios(stack: Stack, name: str | None) -> list[Scenario]:
    """What is to be rehearsed on a deployed stack."""
    from signals.model.scenarios import FAILOVER, SCENARIOS, scenario_named

    if not stack.local:
        if name not in (None, FAILOVER.name, FAILOVER.alias):
            raise Misuse(f"no fault is injected on AWS: leave --scenario out, or rehearse {name!r} on the local stack")
        return [FAILOVER]
    if name == "all":
        return [scenario for scenario in SCENARIOS.values() if scenario.faults is not None]
    chosen = scenario_named(name)
    if chosen.faults is None:
        raise Misuse(f"the embedded AWS cannot rehearse {chosen.name}: add --model")
    return [chosen]
