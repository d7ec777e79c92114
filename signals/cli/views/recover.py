"""Recovery as people read it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from json import dumps
from textwrap import indent

from rich.markup import escape
from rich.table import Table

from signals.observe.location import parsed
from signals.recover.estimate import Estimate
from signals.recover.failover import Situation
from signals.recover.failures import FailedMessage, FailureGroup, RedriveOutcome
from signals.recover.plan import Plan
from signals.recover.reconcile import Reconciled
from signals.recover.redrive import MOST_LISTED
from signals.recover.replay import ReplayProgress
from signals.recover.sending import MOST_LEFT, Redriven
from signals.terminal.console import duration, err, out, plain, print_json

# Of `replay plan`: by quota, what says that it was raised.
_OPTIONS = {"invocations": "--invocations-quota", "put_events": "--put-events-quota"}
_MOST_LINES = 1_000  # outcomes that are listed; for millions, counts say more


def print_situation(found: Situation) -> None:
    colour = "green" if found.settled else "red"
    out.print(f"signals go [bold {colour}]{f'to {found.region}' if found.region else 'nowhere'}[/] ({found.why})")
    if not found.settled:
        out.print(f"they should go to [bold]{found.intended}[/]: it is failing, or the endpoint has not moved yet")
    if found.probe.seen_in:
        out.print(f"the probe was seen in {' and '.join(found.probe.seen_in)} after {found.probe.seconds:.1f} s")
    if found.probe.problem:
        out.print(f"[red]{escape(found.probe.problem)}[/]")
    if found.seconds is not None:
        out.print(f"failed over for {duration(found.seconds)}")
    if found.way_back:
        out.print(f"to go back: [bold]{found.way_back}[/]")


def print_plan(plan: Plan) -> None:
    out.print(
        f"outage  {plan.outage_start:%Y-%m-%d %H:%M} to {plan.outage_end:%Y-%m-%d %H:%M} UTC, "
        f"{duration((plan.outage_end - plan.outage_start).total_seconds())} ({plan.found_by})"
    )
    for note in plan.notes:
        out.print(f"        {escape(note)}")
    if not plan.slices:
        out.print("replay  [green]nothing[/]")
        return
    out.print(f"replay  [bold]{plan.start:%Y-%m-%d %H:%M} to {plan.end:%Y-%m-%d %H:%M} UTC[/]  (plan {plan.id})")
    for region, counted in plan.archives.items():
        out.print(f"        {region}: {counted.events:,} events, {counted.size_bytes:,} bytes ({counted.how})")
    if plan.signals is None:
        out.print("        duplicates: what replication delivered too, up to all of it; consumers must recognise ids")
    else:
        out.print(f"        {plan.signals:,} signals, of which {plan.duplicates:,} are in the lake and will come twice")
    out.print(f"        in {len(plan.slices)} slices, at most 10 at a time")
    print_speed(plan)
    costs = ", ".join(f"{item} ${usd:,.2f}" for item, usd in plan.cost_usd.items() if usd >= 0.01)
    out.print(f"        {_usd(sum(plan.cost_usd.values()))} up to the primary's bus" + (f" ({costs})" if costs else ""))
    out.print(f"start   [bold]signals replay start {plan.id} --stack {plan.stack}[/]")


def print_speed(plan: Plan) -> None:
    rate = plan.events_per_second or plan.drained_per_second
    if plan.feasible:
        out.print(f"takes   about {duration(plan.duration_s)} at {rate:,.0f} events a second ({escape(plan.limit)})")
        return
    share, option = plan.live_share[plan.binding], _OPTIONS.get(plan.binding)
    out.print(f"takes   [red]cannot be done on these quotas[/]: live signals take {share:.0%} of {escape(plan.limit)}")
    out.print(
        f"        a tenth of it stays free; have AWS raise it, in both Regions alike, and plan again"
        f"{f' with {option}' if option else ''}"
    )


def replay_line(progress: ReplayProgress) -> str:
    states = ", ".join(f"{count} {state.lower()}" for state, count in sorted(progress.states.items()))
    to = f"{progress.replayed_to:%Y-%m-%d %H:%M}" if progress.replayed_to else "nothing yet"
    failed = f", {progress.failed} FAILED" if progress.failed else ""
    return f"replayed to {to} ({progress.share:.0%}; {states}); {progress.waiting} in the return queue{failed}"


def print_reconciled(plan: Plan, last: ReplayProgress, found: Reconciled) -> None:
    out.print(escape(replay_line(last)))
    verdict = {True: "[green]complete[/]", False: "[red]INCOMPLETE[/]", None: "[yellow]not counted yet[/]"}
    out.print(f"{verdict[found.complete]}: {found.arrived:,} of {found.archived:,} {found.unit} arrived ({found.how})")
    for missing in found.missing:
        out.print(f"  [red]missing[/] {escape(missing)}  [dim]signals find {escape(missing)} --stack {plan.stack}[/]")
    if last.failed:
        out.print(f"{last.failed} messages of the return path failed: [bold]signals redrive --stack {plan.stack}[/]")


def print_groups(groups: list[FailureGroup], stack: str) -> None:
    if not groups:
        out.print("[green]nothing failed[/]: dead-letter queues, failure destinations and quarantine are empty")
        return
    table = Table("Region", "queue", "reason", "count", "oldest (UTC)", "for example", show_edge=False, pad_edge=False)
    for group in groups:
        row = (group.region, group.queue, group.reason, str(group.count), f"{group.oldest:%Y-%m-%d %H:%M}", group.text)
        table.add_row(*map(escape, row))
    out.print(table)
    counts = Counter[tuple[str, str]]()
    for group in groups:
        counts[group.region, group.queue] += group.count
    for (region, queue), count in counts.items():
        if count >= MOST_LISTED:
            out.print(f"only {count:,} messages of {queue} in {region} were read: `signals status` counts all")
    first = groups[0]
    out.print(f"look: [bold]signals redrive show {first.queue} --region {first.region} --stack {stack}[/]")
    out.print(f"send: [bold]signals redrive send {first.queue} --region {first.region} --stack {stack}[/]")


def print_messages(messages: list[FailedMessage], *, in_full: bool) -> None:
    for message in messages:
        why = f"[red]{escape(message.reason)}[/]  {escape(message.text[:200])}"
        out.print(f"[bold]{message.id}[/]  {message.sent_at:%Y-%m-%d %H:%M:%S}  {why}")
        if in_full:
            for name, value in message.attributes.items():
                out.print(f"  {escape(name)}: {escape(value)}")
            content = parsed(message.body)
            out.print(message.body, markup=False) if content is None else out.print_json(data=content)


def print_outcome(outcome: RedriveOutcome) -> None:
    if outcome.problem is None:
        out.print(f"[green]sent[/] {outcome.message.id} to {escape(outcome.to)}")
    else:
        out.print(f"[red]not sent[/] {outcome.message.id}: {escape(outcome.problem)}")


def redriven_line(now: Redriven) -> str:
    """How far a redrive is, and when it may end."""
    line = f"sent {now.sent:,}, about {now.remaining:,} left, {now.per_second:,.0f} messages a second"
    if now.waits:
        return f"{line}; waits: {now.waits}"
    if now.per_second and now.remaining:
        left_s = now.remaining / now.per_second
        ends = datetime.now(UTC) + timedelta(seconds=left_s)
        line += f", ends in about {duration(left_s)} ({ends:%Y-%m-%d %H:%M} UTC)"
    return f"{line}, {now.failed:,} not sent" if now.failed else line


def print_estimate(found: Estimate) -> None:
    """How long a redrive takes, to stderr: stdout has the outcomes."""
    err.print(f"queue  about {found.messages:,} messages in {found.queue}", markup=False)
    if found.left_s is not None:
        oldest, left = duration(found.oldest_s or 0), duration(found.left_s)
        err.print(f"       the oldest came at least {oldest} ago; SQS deletes it in {left} at most")
    if found.to:
        err.print(f"to     {found.to}, as {found.kind}", markup=False)
    if found.messages:
        rate = f"{found.per_second:,.0f} messages a second ({found.limit})"
        err.print(f"takes  about {duration(found.seconds)} at {rate}", markup=False)
    if found.replay_s is not None:
        err.print(f"       a replay of the archive takes about {duration(found.replay_s)}")
    for line in found.advice:
        err.print(f"       {line}", markup=False)


class Outcomes:
    """Prints what became of each message as it comes, and at the end what became of all: none is kept.

    Args:
        json: Print the outcomes as one JSON array; else as lines, the first thousand.
        summary: Print counts alone, with `json` as one object.
    """

    def __init__(self, *, json: bool, summary: bool) -> None:
        self._json, self._summary, self._count = json, summary, 0

    def add(self, outcome: RedriveOutcome) -> None:
        self._count += 1
        if self._summary:
            return
        if self._json:
            text = dumps(outcome.as_json(), indent=2, ensure_ascii=False, default=plain)
            print("[" if self._count == 1 else ",", indent(text, "  "), sep="\n", end="")
        elif self._count <= _MOST_LINES:
            print_outcome(outcome)

    def end(self, region: str, queue: str, done: Redriven, expected: Estimate | None, stack: str) -> None:
        """Print what the run did to one queue, and with a JSON summary what was expected."""
        if not self._json:
            _print_redriven(done, stack, listed=0 if self._summary else _MOST_LINES)
        elif self._summary:
            print_json({"region": region, "queue": queue, **done.as_json(), "estimate": expected})
        else:
            print("\n]" if self._count else "[]")


def _print_redriven(done: Redriven, stack: str, *, listed: int) -> None:
    """To stderr: stdout has the outcomes."""
    tried = done.sent + done.failed
    if tried > listed:
        if listed:
            err.print(f"{tried - listed:,} more outcomes are not listed")
        for reason, problem, count in done.problems:
            err.print(f"{count:,} not sent ({reason}): {problem}", markup=False)
    rate = f" in {duration(done.seconds)}, {done.sent / done.seconds:,.0f} a second" if done.seconds > 60 else ""
    err.print(f"{done.sent} of {tried} sent back{rate}")
    if done.undeleted:
        err.print(
            f"{done.undeleted:,} of them could not be deleted: the next run sends them again, and they come twice"
        )
    if done.newer:
        err.print(
            f"{done.newer:,} came while this ran, and what failed again is among them: look at them "
            f"(`signals redrive --stack {stack}`), then run this again"
        )
    if done.full:
        err.print(
            f"stopped: this run left {MOST_LEFT:,} messages in the queue, and SQS hides no more of them; fix why they "
            "fail, or choose others, then run this again"
        )


def _usd(amount: float) -> str:
    return f"about ${amount:,.2f}" if amount >= 0.01 else "less than $0.01"
