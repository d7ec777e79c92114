"""Replays of the secondary's archive into the return path: started with a pace, watched, cancelled, reconciled.

A replay goes to the rule of the return path alone (FilterArns): without it every rule of the bus would take it. The
return queue is the brake: its function works with a few invocations at a time, each one PutEvents request on the
primary, so what is replayed cannot crowd out what arrives. What is left to pace is the queue's depth.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from signals.errors import Failed
from signals.observe.status import Queue, queues
from signals.recover import counting
from signals.recover.failover import OnEvent, Progress, ignore
from signals.recover.plan import CONCURRENT, Plan, Slice, load, plan
from signals.recover.reconcile import Reconciled, reconcile
from signals.stack import Stack

__all__ = ["Plan", "Reconciled", "Snapshot", "cancel", "load", "plan", "reconcile", "start", "watch"]

_ACTIVE = ("STARTING", "RUNNING", "CANCELLING")
_OVER = ("FAILED", "CANCELLED")
_PAUSE_LOCAL_S, _PAUSE_AWS_S = 0.2, 15.0
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Snapshot:
    """How far a replay is.

    Args:
        at: When this was seen.
        states: Number of slices by state (WAITING: not started).
        replayed_to: Time of the newest event replayed; None before the first.
        share: Of the window's time that is replayed, 0 to 1.
        waiting: Messages in the return queue, those being worked on included.
        failed: Messages in the return path's dead-letter queues, which `signals redrive` sends on.
    """

    at: datetime
    states: Mapping[str, int] = field(default_factory=dict)
    replayed_to: datetime | None = None
    share: float = 0.0
    waiting: int = 0
    failed: int = 0

    @property
    def replayed(self) -> bool:
        """Whether every slice has ended as it should."""
        return set(self.states) <= {"COMPLETED"}

    @property
    def done(self) -> bool:
        """Whether all of it is replayed and nothing waits."""
        return self.replayed and not self.waiting

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "done": self.done}


def start(stack: Stack, plan: Plan, *, on_event: OnEvent = ignore, sleep: Sleep = time.sleep) -> list[str]:
    """Start every slice of a plan that has not run; return when all are started.

    Safe to interrupt and to run again, from this machine or from another: a replay's name follows from its window, so
    what runs or has run is not started twice. A slice that failed or was cancelled is replayed anew, whole.

    Returns:
        Names of the replays that were started now.

    Raises:
        Failed: When a slice fails again at once.
    """
    began, started, told = time.monotonic(), [], ""

    def tell(text: str) -> None:
        nonlocal told
        if text != told:
            on_event(Progress(time.monotonic() - began, text))
        told = text

    while (left := (plan.ready_at - datetime.now(UTC)).total_seconds()) > 0:
        tell(f"the archive may lag 10 minutes behind: the replay begins at {plan.ready_at:%H:%M:%S} UTC")
        sleep(min(left, 5.0))
    tried: set[str] = set()
    while todo := _unstarted(stack, plan, tried):
        hold = _hold(stack, plan)
        if not hold:
            part, name = todo[0]
            hold = _start(stack, part, name)
            if not hold:
                tried.add(part.name)
                started.append(name)
                tell(f"replaying {_window(part)} as {name}")
                continue
        tell(f"{len(todo)} of {len(plan.slices)} slices wait: {hold}")
        sleep(_pause(stack))
    tell(f"all {len(plan.slices)} slices are started" if plan.slices else "there is nothing to replay")
    return started


def watch(stack: Stack, plan: Plan, *, sleep: Sleep = time.sleep) -> Iterator[Snapshot]:
    """How far a plan is, again and again, until all is replayed and the return queue is empty.

    Raises:
        Failed: When a slice failed or was cancelled: `start` replays it anew.
    """
    quiet = 0
    while True:
        snapshot = look(stack, plan)
        yield snapshot
        over = [state for state in _OVER if snapshot.states.get(state)]
        if over and not any(snapshot.states.get(state) for state in _ACTIVE):
            raise Failed(
                f"{sum(snapshot.states[state] for state in over)} slices have {' or '.join(over).lower()}: "
                f"run `signals replay start {plan.id} --stack {stack.name}` again"
            )
        # A message may be between two places while SQS counts: twice empty is empty.
        quiet = quiet + 1 if snapshot.done else 0
        if quiet == 2:
            return
        sleep(_pause(stack))


def look(stack: Stack, plan: Plan) -> Snapshot:
    """How far a plan is now."""
    events, known = stack.client("events", stack.secondary), _replays(stack)
    states: dict[str, int] = {}
    newest, covered = None, timedelta()
    for part in plan.slices:
        name = _last_attempt(part, known)
        state = known[name] if name else "WAITING"
        states[state] = states.get(state, 0) + 1
        if state == "COMPLETED":
            covered, to = covered + (part.end - part.start), part.end
        elif name and state in _ACTIVE:
            last = events.describe_replay(ReplayName=name).get("EventLastReplayedTime")
            if last is None:
                continue
            to = last.astimezone(UTC)
            covered += max(timedelta(), min(to, part.end) - part.start)
        else:
            continue
        newest = max(newest, to) if newest else to
    found = _return_queues(stack)
    failed = sum(queue.visible + queue.in_flight for queue in found if queue.troubled)
    waiting = sum(queue.visible + queue.in_flight for queue in found if not queue.troubled)
    share = covered / (plan.end - plan.start) if plan.end > plan.start else 1.0
    return Snapshot(datetime.now(UTC), states, newest, share, waiting, failed)


def cancel(stack: Stack) -> list[str]:
    """Cancel every replay into the return path that still runs, whoever started it; their names.

    What lies in the return queue already still goes to the primary.
    """
    events, cancelled = stack.client("events", stack.secondary), []
    for name, state in _replays(stack).items():
        if state not in ("STARTING", "RUNNING"):
            continue
        try:
            events.cancel_replay(ReplayName=name)
        except ClientError as error:
            # It ended between the look and the cancel.
            if error.response["Error"]["Code"] in ("IllegalStatusException", "ValidationException"):
                continue
            raise
        cancelled.append(name)
    return cancelled


def _unstarted(stack: Stack, plan: Plan, tried: set[str]) -> list[tuple[Slice, str]]:
    """Slices that have to be started, each with the name of its next replay."""
    known, found = _replays(stack), []
    for part in plan.slices:
        last = _last_attempt(part, known)
        if last is None:
            found.append((part, part.name))
        elif known[last] in _OVER:
            if part.name in tried:
                raise Failed(
                    f"the replay {last} has {known[last].lower()}: see why with `aws events describe-replay "
                    f"--replay-name {last} --region {stack.secondary}`, then run this again"
                )
            found.append((part, f"{part.name}-{len(_attempts(part, known)) + 1}"))
    return found


def _attempts(part: Slice, known: Mapping[str, str]) -> list[str]:
    names = [part.name]
    while f"{part.name}-{len(names) + 1}" in known:
        names.append(f"{part.name}-{len(names) + 1}")
    return names if part.name in known else []


def _last_attempt(part: Slice, known: Mapping[str, str]) -> str | None:
    return next(reversed(_attempts(part, known)), None)


def _replays(stack: Stack, prefix: str | None = None) -> dict[str, str]:
    """State of each replay whose name begins so; without a prefix, of this stack's return path."""
    events, found = stack.client("events", stack.secondary), {}
    wanted = f"{stack.names.return_path}-" if prefix is None else prefix
    request: dict[str, Any] = {"NamePrefix": wanted} if wanted else {}
    while True:
        answer = events.list_replays(**request)
        found.update({replay["ReplayName"]: replay["State"] for replay in answer["Replays"]})
        if not answer.get("NextToken"):
            return found
        request["NextToken"] = answer["NextToken"]


def _hold(stack: Stack, plan: Plan) -> str | None:
    """Why no slice may be started now."""
    active = sum(state in _ACTIVE for state in _replays(stack, "").values())
    if active >= CONCURRENT:
        return f"{active} replays run in {stack.secondary}, and AWS runs {CONCURRENT} at a time"
    waiting = sum(queue.visible for queue in _return_queues(stack) if not queue.troubled)
    if waiting > plan.backlog_limit:
        return f"{waiting} messages are in the return queue: it is to drain below {plan.backlog_limit}"
    if plan.put_events_limit is not None:
        # The last minute may not be counted yet: the one before is.
        to = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
        calls = counting.metric(
            stack, stack.primary, "AWS/Events", "PutEventsApproximateCallCount", {}, to - timedelta(minutes=1), to
        )
        if calls is not None and calls / 60 > plan.put_events_limit:
            return f"{calls / 60:.0f} PutEvents a second in {stack.primary}: more would leave its quota no headroom"
    return None


def _start(stack: Stack, part: Slice, name: str) -> str | None:
    """Start one replay; why not, when AWS has no room for it."""
    arn = f"arn:aws:events:{stack.secondary}:{stack.settings.account_id}"
    bus, rule = stack.names.ingress_bus, stack.names.return_path
    try:
        stack.client("events", stack.secondary).start_replay(
            ReplayName=name,
            Description="The return path to the primary (signals replay).",
            EventSourceArn=f"{arn}:archive/{stack.names.archive}",
            EventStartTime=part.start,
            EventEndTime=part.end,
            Destination={"Arn": f"{arn}:event-bus/{bus}", "FilterArns": [f"{arn}:rule/{bus}/{rule}"]},
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "LimitExceededException":
            return f"AWS runs {CONCURRENT} replays at a time"
        if code != "ResourceAlreadyExistsException":  # somebody else was faster: it runs
            raise
    return None


def _return_queues(stack: Stack) -> list[Queue]:
    name = stack.names.return_path
    return [q for q in queues(stack, stack.secondary) if q.name == name or q.name.startswith(f"{name}-")]


def _window(part: Slice) -> str:
    return f"{part.start:%Y-%m-%d %H:%M} to {part.end:%H:%M} UTC"


def _pause(stack: Stack) -> float:
    return _PAUSE_LOCAL_S if stack.local else _PAUSE_AWS_S
