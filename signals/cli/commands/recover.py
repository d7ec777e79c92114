"""`signals failover`, `signals replay` and `signals redrive`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.errors import Failed, Misuse
from signals.stack import Stack, load_stack
from signals.terminal import console

if TYPE_CHECKING:
    from signals.recover.plan import Plan

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed on a protected stack.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Return when it is so, or at once.")]
PlanId = Annotated[str | None, typer.Argument(metavar="[PLAN]", help="A plan's id; by default the last one.")]

failover = typer.Typer(help="Send signals to the secondary Region by hand, and back.", no_args_is_help=True)
replay = typer.Typer(help="Bring back to the primary what replication gave up on.", no_args_is_help=True)
redrive = typer.Typer(help="Look at what failed, and send it back.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the three to the `signals` command."""
    for name, commands in (("failover", failover), ("replay", replay), ("redrive", redrive)):
        app.add_typer(commands, name=name)


def consent(stack: Stack, what: str, yes: bool) -> None:
    """Ask before a stack on AWS is touched; a protected one takes --yes only."""
    if yes or stack.local:
        return
    if stack.settings.protection:
        raise Misuse(f"stack {stack.name!r} is protected: add --yes to {what}")
    if not typer.confirm(f"{what[0].upper()}{what[1:]} (stack {stack.name}, account {stack.settings.account_id})?"):
        raise Failed("nothing was changed")


@failover.command("start")
def failover_start(stack: StackName = "local", yes: Yes = False, wait: Wait = True, json: AsJson = False) -> None:
    """Send signals to the secondary until `stop`; return when a probe has gone in there.

    The endpoint's health check is held unhealthy (inverted and disabled), so that the metric has no say. Safe to run
    again. Exit code 1 when the endpoint has not moved after AWS's maximum of 420 s.
    """
    from signals.cli.views import recover as views
    from signals.recover import failover

    chosen = load_stack(stack)
    consent(chosen, f"send all signals to {chosen.secondary}", yes)
    with views.Clock(quiet=json) as clock:
        found = failover.start(chosen, wait=wait, on_event=clock)
    views.print_situation(found, json=json)


@failover.command("stop")
def failover_stop(stack: StackName = "local", yes: Yes = False, wait: Wait = True, json: AsJson = False) -> None:
    """Let the metric decide again, whoever took that from it; return when a probe has gone in at the right Region.

    While the primary is really ill, that is still the secondary. Safe to run again.
    """
    from signals.cli.views import recover as views
    from signals.recover import failover

    chosen = load_stack(stack)
    consent(chosen, "give the decision back to the health check", yes)
    with views.Clock(quiet=json) as clock:
        found = failover.stop(chosen, wait=wait, on_event=clock)
    views.print_situation(found, json=json)


@failover.command("status")
def failover_status(stack: StackName = "local", json: AsJson = False) -> None:
    """Put a probe through the endpoint and say where it went in, where it should have, why, and how to go back.

    Exit code 1 when it went elsewhere, or nowhere, or its copy did not reach the other Region.
    """
    from signals.cli.views import recover as views
    from signals.recover import failover

    with console.busy("waiting for a probe in both Regions", quiet=json):
        found = failover.status(load_stack(stack))
    views.print_situation(found, json=json)
    if not found.settled or found.probe.problem:
        raise typer.Exit(1)


@replay.command("plan")
def replay_plan(
    stack: StackName = "local",
    start: Annotated[
        str | None, typer.Option("--from", help="When the outage began, as 2026-01-31T12:00Z; by default the last one.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="When it ended; by default now.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="All of the outage, also what replication should have delivered.")
    ] = False,
    put_events_quota: Annotated[
        int | None, typer.Option(help="The primary's PutEvents quota (requests a second), where it was raised.", min=1)
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what replication cannot have delivered, and what it takes to replay that. Changes nothing."""
    from signals.cli.views import recover as views
    from signals.recover import replay

    chosen = load_stack(stack)
    with console.busy("looking into the archives", quiet=json):
        found = replay.plan(chosen, time(start), time(end), whole=whole, put_events_quota=put_events_quota)
    views.print_plan(found, json=json)


@replay.command("start")
def replay_start(
    plan: PlanId = None, stack: StackName = "local", yes: Yes = False, wait: Wait = True, json: AsJson = False
) -> None:
    """Replay a plan, wait until all has arrived, and compare. Safe to interrupt and to run again.

    Exit code 1 when something that was archived did not arrive.
    """
    from signals.cli.views import recover as views
    from signals.recover import replay

    chosen = load_stack(stack)
    planned = replay.load(chosen, plan)
    if not json:
        views.print_plan(planned, json=False)
    if planned.slices:
        consent(chosen, f"replay {len(planned.slices)} slices for about ${sum(planned.cost_usd.values()):.2f}", yes)
    with views.Clock(quiet=json) as clock:
        started = replay.start(chosen, planned, on_event=clock)
    if wait:
        _watch(chosen, planned, json=json)
    elif json:
        console.print_json({"plan": planned.id, "started": started})


@replay.command("watch")
def replay_watch(plan: PlanId = None, stack: StackName = "local", json: AsJson = False) -> None:
    """Show how far a replay is, by replayed time and the return queue's depth; at its end, compare."""
    from signals.recover import replay

    chosen = load_stack(stack)
    _watch(chosen, replay.load(chosen, plan), json=json)


@replay.command("cancel")
def replay_cancel(stack: StackName = "local", json: AsJson = False) -> None:
    """Cancel every replay into the return path; what is in its queue already still goes to the primary."""
    from signals.recover import replay

    cancelled = replay.cancel(load_stack(stack))
    if json:
        console.print_json({"cancelled": cancelled})
    else:
        console.out.print(f"cancelled {len(cancelled)}: {', '.join(cancelled)}" if cancelled else "no replay runs")


def _watch(stack: Stack, planned: Plan, *, json: bool) -> None:
    from signals.cli.views import recover as views
    from signals.recover import replay

    last = replay.Snapshot(datetime.now(UTC))
    with views.Clock(quiet=json) as clock:
        for last in replay.watch(stack, planned):
            clock.show(views.snapshot_line(last))
    with console.busy("comparing the archive with what arrived", quiet=json):
        found = replay.reconcile(stack, planned)
    views.print_reconciled(planned, last, found, json=json)
    if found.complete is False or last.failed:
        raise typer.Exit(1)


@redrive.callback()
def redrive_list(context: typer.Context, stack: StackName = "local", json: AsJson = False) -> None:
    """What lies in dead-letter queues, failure destinations and quarantine of both Regions, by reason."""
    if context.invoked_subcommand:
        return
    from signals.cli.views import recover as views
    from signals.recover import redrive

    with console.busy("looking into the queues of both Regions", quiet=json):
        found = redrive.groups(load_stack(stack))
    views.print_groups(found, stack, json=json)


QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help="As `signals redrive` lists it.")]
Region = Annotated[str | None, typer.Option(help="Its Region; by default the primary.")]


@redrive.command("show")
def redrive_show(
    queue: QueueName,
    message_id: Annotated[str | None, typer.Option("--id", help="One message, whole.")] = None,
    region: Region = None,
    stack: StackName = "local",
    json: AsJson = False,
) -> None:
    """Messages of one queue, which keeps them; with --id one of them with all that is in it."""
    from signals.cli.views import recover as views
    from signals.recover import redrive

    chosen = load_stack(stack)
    found = redrive.list_messages(chosen, region or chosen.primary, queue)
    if message_id:
        found = [message for message in found if message.id == message_id]
        if not found:
            raise Failed(f"there is no message {message_id} in {queue} any more: list it without --id")
    views.print_messages(found, whole=bool(message_id), json=json)


@redrive.command("send")
def redrive_send(
    queue: QueueName,
    message_id: Annotated[list[str] | None, typer.Option("--id", help="Only this message; may be repeated.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    region: Region = None,
    stack: StackName = "local",
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Send messages back to where they failed; each is deleted only when it was taken.

    Exit code 1 when one could not be sent, which then still lies where it was.
    """
    from signals.cli.views import recover as views
    from signals.recover import redrive

    chosen = load_stack(stack)
    consent(chosen, f"send back what lies in {queue}", yes)
    outcomes = redrive.send(
        chosen,
        region or chosen.primary,
        queue,
        ids=message_id or (),
        reason=reason,
        on_outcome=lambda outcome: None if json else views.print_outcome(outcome),
    )
    failed = sum(outcome.problem is not None for outcome in outcomes)
    if json:
        console.print_json([outcome.as_json() for outcome in outcomes])
    else:
        console.err.print(f"{len(outcomes) - failed} of {len(outcomes)} sent back")
    if failed:
        raise typer.Exit(1)


def time(text: str | None) -> datetime | None:
    """A time in ISO 8601; UTC where it names no zone."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{text!r} is no time: write it as 2026-01-31T12:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
