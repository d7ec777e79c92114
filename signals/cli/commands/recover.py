"""`signals failover`, `signals replay` and `signals redrive`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from signals.cli.commands.options import AsJson, StackName, ask
from signals.cli.views import recover as views
from signals.errors import Failed, Misuse
from signals.recover import failover, redrive, replay
from signals.recover.estimate import estimate, live_traffic_guard
from signals.recover.failover import EXPECTED_S, MAXIMUM_S, Situation
from signals.recover.failures import failure_queue
from signals.recover.plan import Plan, load_plan, make_plan
from signals.recover.reconcile import reconcile
from signals.recover.sending import Redriven, Target
from signals.stack import Stack, load_stack
from signals.terminal import console
from signals.terminal.progress import Progress

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed on a protected stack.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Return when it is done, or at once.")]
QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help="As `signals redrive` lists it.")]
Region = Annotated[str | None, typer.Option(help="Its Region; by default the primary.")]
PlanId = Annotated[str | None, typer.Argument(metavar="[PLAN]", help="A plan's id; by default the last one.")]

failover_commands = typer.Typer(help="Move all signals to the secondary Region, and back.", no_args_is_help=True)
replay_commands = typer.Typer(help="Replay to the primary what replication gave up on.", no_args_is_help=True)
redrive_commands = typer.Typer(help="Show messages that failed, and send them back.", invoke_without_command=True)


def consent(stack: Stack, what: str, yes: bool) -> None:
    """Ask before a stack on AWS is changed; a protected one needs --yes."""
    protect(stack, what, yes)
    question = f"{what[0].upper()}{what[1:]} (stack {stack.name}, account {stack.settings.account_id})?"
    ask(question, yes=yes or stack.local)


def protect(stack: Stack, what: str, yes: bool) -> None:
    """Refuse to change a protected stack without --yes."""
    if stack.settings.protection and not yes and not stack.local:
        raise Misuse(f"stack {stack.name!r} is protected: add --yes to {what}")


def _move(stack: Stack, move: Callable[..., Situation], *, wait: bool, json: bool) -> None:
    with Progress(quiet=json) as progress:
        progress.phase(f"moving the endpoint (AWS: {EXPECTED_S} s expected, {MAXIMUM_S} s at most)")
        found = move(stack, wait=wait, on_event=progress.note)
    console.print_result(found, views.print_situation, json=json)


@failover_commands.command("start")
def failover_start(stack: StackName = "local", yes: Yes = False, wait: Wait = True, json: AsJson = False) -> None:
    """Send signals to the secondary until `stop`; return when a probe has arrived there.

    The endpoint's health check is held unhealthy (inverted and disabled), so that the metric does not count. Safe to
    run again. Exit code 1 when the endpoint has not moved after AWS's maximum of 420 s.
    """
    chosen = load_stack(stack)
    consent(chosen, f"send all signals to {chosen.secondary}", yes)
    _move(chosen, failover.start, wait=wait, json=json)


@failover_commands.command("stop")
def failover_stop(stack: StackName = "local", yes: Yes = False, wait: Wait = True, json: AsJson = False) -> None:
    """Let the metric decide again, however the check was changed; return when a probe arrives in the right Region.

    While the primary is really failing, that is still the secondary. Safe to run again.
    """
    chosen = load_stack(stack)
    consent(chosen, "let the health check decide again", yes)
    _move(chosen, failover.stop, wait=wait, json=json)


@failover_commands.command("status")
def failover_status(stack: StackName = "local", json: AsJson = False) -> None:
    """Send a probe through the endpoint and show where it arrived, where it should have, why, and how to go back.

    Exit code 1 when it arrived elsewhere or nowhere, or when its copy did not reach the other Region.
    """
    with console.busy("waiting for a probe in both Regions", quiet=json):
        found = failover.status(load_stack(stack))
    console.print_result(found, views.print_situation, json=json)
    if not found.settled or found.probe.problem:
        raise typer.Exit(1)


@replay_commands.command("plan")
def replay_plan(
    stack: StackName = "local",
    start: Annotated[
        str | None,
        typer.Option("--from", help="When the outage began, as 2026-01-31T12:00Z; by default every known one."),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="When it ended; by default now.")] = None,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Every outage, those that completed replays cover too."),
    ] = False,
    put_events_quota: Annotated[
        int | None, typer.Option(help="The primary's PutEvents quota (requests a second), where it was raised.", min=1)
    ] = None,
    invocations_quota: Annotated[
        int | None, typer.Option(help="The primary's invocations quota (a second), where it was raised.", min=1)
    ] = None,
    json: AsJson = False,
) -> None:
    """Show which outages are not made good, and how long a replay takes and costs. Changes nothing.

    Every outage that AWS or this machine knows of counts, from the first that no completed replay covers: by the
    alarms on latency and on missing probes (CloudWatch keeps 30 days of them), the failovers asked for here, and the
    hours in which the primary received fewer probes or signals than the secondary.
    """
    chosen = load_stack(stack)
    with console.busy("reading the archives", quiet=json):
        found = make_plan(
            chosen,
            time(start),
            time(end),
            whole=whole,
            put_events_quota=put_events_quota,
            invocations_quota=invocations_quota,
        )
    console.print_result(found, views.print_plan, json=json)


@replay_commands.command("start")
def replay_start(
    plan: PlanId = None, stack: StackName = "local", yes: Yes = False, wait: Wait = True, json: AsJson = False
) -> None:
    """Replay a plan, wait until all of it has arrived, and compare. Safe to interrupt and to run again.

    Exit code 1 when something that was archived did not arrive.
    """
    chosen = load_stack(stack)
    planned = load_plan(chosen, plan)
    if not json:
        views.print_plan(planned)
    if planned.slices:
        consent(chosen, f"replay {len(planned.slices)} slices for about ${sum(planned.cost_usd.values()):.2f}", yes)
    with Progress(quiet=json) as progress:
        progress.phase("starting the replay")
        started = replay.start(chosen, planned, on_event=progress.note)
    if wait:
        _watch(chosen, planned, json=json)
    elif json:
        console.print_json({"plan": planned.id, "started": started})


@replay_commands.command("watch")
def replay_watch(plan: PlanId = None, stack: StackName = "local", json: AsJson = False) -> None:
    """Show how far a replay is, by replayed time and the return queue's depth, and compare at its end.

    Exit code 1 when something that was archived did not arrive.
    """
    chosen = load_stack(stack)
    planned = load_plan(chosen, plan)
    if not planned.slices:
        console.err.print(
            f"plan {planned.id} replays nothing ({planned.notes[-1]}): to replay all of it again, run "
            f"`signals replay plan --whole --stack {stack}`",
            markup=False,
        )
    _watch(chosen, planned, json=json)


@replay_commands.command("cancel")
def replay_cancel(stack: StackName = "local", json: AsJson = False) -> None:
    """Cancel every replay into the return path; what is in its queue already still goes to the primary."""
    cancelled = replay.cancel(load_stack(stack))
    text = f"cancelled {len(cancelled)}: {', '.join(cancelled)}"
    if not cancelled:
        text = f"no replay of stack {stack!r} is running: there is nothing to cancel"
    console.print_result({"cancelled": cancelled}, lambda _: console.out.print(text, markup=False), json=json)


def _watch(stack: Stack, planned: Plan, *, json: bool) -> None:
    last = replay.ReplayProgress(datetime.now(UTC))
    with Progress(quiet=json) as progress:
        progress.phase("following the replay")
        for last in replay.watch(stack, planned):
            progress.show(views.replay_line(last))
    with console.busy("comparing the archive with what arrived", quiet=json):
        found = reconcile(stack, planned)
    if json:
        console.print_json({"plan": planned.id, "last": last, "reconciled": found})
    else:
        views.print_reconciled(planned, last, found)
    if found.complete is False or last.failed:
        raise typer.Exit(1)


@redrive_commands.callback()
def redrive_list(context: typer.Context, stack: StackName = "local", json: AsJson = False) -> None:
    """List the messages in dead-letter queues, failure destinations and quarantine of both Regions, by reason."""
    if context.invoked_subcommand:
        return
    with console.busy("reading the queues of both Regions", quiet=json):
        found = redrive.groups(load_stack(stack))
    console.print_result(found, lambda groups: views.print_groups(groups, stack), json=json)


@redrive_commands.command("show")
def redrive_show(
    queue: QueueName,
    message_id: Annotated[str | None, typer.Option("--id", help="Only this message, in full.")] = None,
    region: Region = None,
    stack: StackName = "local",
    json: AsJson = False,
) -> None:
    """Show the messages of one queue without removing them; with --id, one of them in full."""
    chosen = load_stack(stack)
    found = redrive.list_messages(chosen, region or chosen.primary, queue)
    if message_id:
        found = [message for message in found if message.id == message_id]
        if not found:
            raise Failed(f"there is no message {message_id} in {queue} any more: list it without --id")
    console.print_result(found, lambda messages: views.print_messages(messages, in_full=bool(message_id)), json=json)


@redrive_commands.command("send")
def redrive_send(
    queue: QueueName,
    message_id: Annotated[list[str] | None, typer.Option("--id", help="Only this message; may be repeated.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    region: Region = None,
    parallel: Annotated[
        int, typer.Option(help="Workers that send at the same time.", min=1, max=64)
    ] = redrive.PARALLEL,
    rate: Annotated[float | None, typer.Option(help="Messages to send a second, at most.", min=0.1)] = None,
    invocations_quota: Annotated[
        int | None, typer.Option(help="EventBridge's invocations quota (a second), where it was raised.", min=1)
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Print counts alone, with --json as one object: for millions of messages.")
    ] = False,
    stack: StackName = "local",
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Send messages back to where they failed; each is deleted only when it was accepted.

    Safe to interrupt and to run again, and for several people at once: an interruption may send a message twice, and
    loses none. What cannot be sent, or comes while this runs, is left for the next run. First it says how long it will
    take, what limits it, and whether that is before the oldest messages expire.

    Exit code 1 when one could not be sent; it then stays in its queue.
    """
    chosen, what = load_stack(stack), f"send back the messages in {queue}"
    protect(chosen, what, yes)
    where = region or chosen.primary
    found = None
    if not message_id:
        with console.busy("looking at the queue", quiet=json):
            source = Target(where, queue, failure_queue(chosen, where, queue))
            found = estimate(chosen, source, parallel=parallel, rate=rate, invocations_quota=invocations_quota)
        if not json:
            views.print_estimate(found)
    consent(chosen, what, yes)
    printed = views.Outcomes(json=json, summary=summary)
    done: Redriven | None = None

    def show(now: Redriven) -> None:
        nonlocal done
        done = now
        progress.show(views.redriven_line(now))

    try:
        with Progress(quiet=json) as progress:
            progress.phase(f"sending back what is in {queue}")
            redrive.send(
                chosen,
                where,
                queue,
                ids=message_id or (),
                reason=reason,
                parallel=parallel,
                per_second=rate or (found.quota_per_second if found else None),
                hold=lambda: live_traffic_guard(chosen, found) if found else None,
                on_outcome=printed.add,
                on_progress=show,
            )
    finally:
        # What an interrupted run did counts too.
        if done:
            printed.end(where, queue, done, found, stack)
    if done and (done.failed or done.full):
        raise typer.Exit(1)


def time(text: str | None) -> datetime | None:
    """A time in ISO 8601; UTC where it names no zone."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{text!r} is not a time: write it as 2026-01-31T12:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
