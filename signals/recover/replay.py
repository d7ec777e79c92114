"""Replays of the secondary's archive into the return path: started within limits, watched, cancelled.

A replay goes to the rule of the return path alone (FilterArns): otherwise every rule of the bus would get it. The
return queue limits the rate: its function has a few concurrent invocations, as many as live signals leave room for
(`pace`). What `start` has to limit beside is the queue's depth.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from components import resource_types as types
from components.resource_types import arn
from signals.errors import Failed
from signals.observe.queues import QueueStatus, queue_statuses
from signals.recover import replays
from signals.recover.failover import OnEvent, ignore
from signals.recover.pace import Pace
from signals.recover.plan import CONCURRENT, Plan, Slice
from signals.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import ReplayTypeDef

_ACTIVE = ("STARTING", "RUNNING", "CANCELLING")
_ENDED_EARLY = ("FAILED", "CANCELLED")
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class ReplayProgress:
    """How far a replay is.

    Args:
        at: When this was read.
        states: Number of slices by state (WAITING: not started).
        replayed_to: Time of the newest replayed event; None before the first.
        share: Fraction of the window that is replayed, 0 to 1.
        waiting: Messages in the return queue, including those in flight.
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
        """Whether every slice is completed."""
        return set(self.states) <= {"COMPLETED"}

    @property
    def done(self) -> bool:
        """Whether all slices are completed and the return queue is empty."""
        return self.replayed and not self.waiting

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "done": self.done}


def start(stack: Stack, plan: Plan, *, on_event: OnEvent = ignore, sleep: Sleep = time.sleep) -> list[str]:
    """Start every slice of a plan that has not been replayed; return when all are started.

    Safe to interrupt and to run again, from this machine or from another: a replay's name follows from its window, so
    what runs or has run is not started twice. A slice that failed or was cancelled is replayed again as a whole.

    Returns:
        Names of the replays that were started now.

    Raises:
        Failed: When a slice fails again at once.
    """
    started: list[str] = []
    last = ""

    def notify(text: str) -> None:
        nonlocal last
        if text != last:
            on_event(text)
        last = text

    while (left := (plan.ready_at - datetime.now(UTC)).total_seconds()) > 0:
        notify(f"the archive may lag 10 minutes behind: the replay begins at {plan.ready_at:%H:%M:%S} UTC")
        sleep(min(left, 5.0))
    tried: set[str] = set()
    pace = Pace(stack, waiting=lambda: _waiting(stack), invocations_quota=plan.invocations_quota)
    while todo := _unstarted(stack, plan, tried):
        if slower := pace.adjust():
            on_event(slower)
        hold = _reason_to_wait(stack, plan)
        if not hold:
            part, name = todo[0]
            hold = _start(stack, part, name)
            if not hold:
                tried.add(part.name)
                started.append(name)
                notify(f"replaying {_window(part)} as {name}")
                continue
        notify(f"{len(todo)} of {len(plan.slices)} slices wait: {hold}")
        sleep(stack.aws.replay_poll_s)
    notify(f"all {len(plan.slices)} slices are started" if plan.slices else "there is nothing to replay")
    return started


def watch(stack: Stack, plan: Plan) -> Iterator[ReplayProgress]:
    """How far a plan is, repeatedly, until all is replayed and the return queue is empty.

    Raises:
        Failed: When a slice failed or was cancelled: `start` replays it again.
    """
    times_done = 0
    pace = Pace(stack, waiting=lambda: _waiting(stack), invocations_quota=plan.invocations_quota)
    while True:
        pace.adjust()
        progress = replay_progress(stack, plan)
        yield progress
        ended = [state for state in _ENDED_EARLY if progress.states.get(state)]
        if ended and not any(progress.states.get(state) for state in _ACTIVE):
            raise Failed(
                f"{sum(progress.states[state] for state in ended)} slices are {' or '.join(ended).lower()}: "
                f"run `signals replay start {plan.id} --stack {stack.name}` again"
            )
        # SQS's counts are approximate: the queue counts as empty after two looks in a row.
        times_done = times_done + 1 if progress.done else 0
        if times_done == 2:
            pace.restore()
            return
        time.sleep(stack.aws.replay_poll_s)


def replay_progress(stack: Stack, plan: Plan) -> ReplayProgress:
    """How far a plan is now."""
    events, known = stack.aws.client("events", stack.secondary), _states(replays.into_return_path(stack))
    states: dict[str, int] = {}
    newest, covered = None, timedelta()
    for part in plan.slices:
        name = next(reversed(_attempts(part, known)), "")
        state = known.get(name, "WAITING")
        states[state] = states.get(state, 0) + 1
        if state == "COMPLETED":
            covered, to = covered + (part.end - part.start), part.end
        elif state in _ACTIVE:
            last = events.describe_replay(ReplayName=name).get("EventLastReplayedTime")
            if last is None:
                continue
            to = last.astimezone(UTC)
            covered += max(timedelta(), min(to, part.end) - part.start)
        else:
            continue
        newest = max(newest, to) if newest else to
    found = _return_queues(stack)
    failed = sum(queue.messages for queue in found if queue.is_failure_queue)
    waiting = sum(queue.messages for queue in found if not queue.is_failure_queue)
    share = covered / plan.length if plan.length else 1.0
    return ReplayProgress(datetime.now(UTC), states, newest, share, waiting, failed)


def cancel(stack: Stack) -> list[str]:
    """Cancel every running replay into the return path, whoever started it, and return their names.

    What is in the return queue already still goes to the primary.
    """
    events, cancelled = stack.aws.client("events", stack.secondary), []
    for name, state in _states(replays.into_return_path(stack)).items():
        if state not in ("STARTING", "RUNNING"):
            continue
        try:
            events.cancel_replay(ReplayName=name)
        except ClientError as error:
            # It ended in the meantime.
            if error.response["Error"]["Code"] in ("IllegalStatusException", "ValidationException"):
                continue
            raise
        cancelled.append(name)
    return cancelled


def _unstarted(stack: Stack, plan: Plan, tried: set[str]) -> list[tuple[Slice, str]]:
    """Slices that have to be started, each with the name of its next replay."""
    known, found = _states(replays.into_return_path(stack)), []
    for part in plan.slices:
        attempts = _attempts(part, known)
        if attempts and known[attempts[-1]] not in _ENDED_EARLY:
            continue
        if attempts and part.name in tried:
            last = attempts[-1]
            raise Failed(
                f"the replay {last} is {known[last].lower()}: see why with `aws events describe-replay "
                f"--replay-name {last} --region {stack.secondary}`, then run this again"
            )
        found.append((part, _attempt(part, len(attempts) + 1)))
    return found


def _attempts(part: Slice, known: Mapping[str, str]) -> list[str]:
    """Names of a slice's replays, the first one first."""
    return list(takewhile(known.__contains__, (_attempt(part, number) for number in count(1))))


def _attempt(part: Slice, number: int) -> str:
    return part.name if number == 1 else f"{part.name}-{number}"


def _states(replays: "list[ReplayTypeDef]") -> Mapping[str, str]:
    return {replay["ReplayName"]: replay["State"] for replay in replays}


def _reason_to_wait(stack: Stack, plan: Plan) -> str | None:
    """Why no slice may be started now; None when one may."""
    active = sum(state in _ACTIVE for state in _states(replays.listed(stack, "")).values())
    if active >= CONCURRENT:
        return f"{active} replays run in {stack.secondary}, and AWS runs {CONCURRENT} at a time"
    waiting = _waiting(stack)
    if waiting > plan.backlog_limit:
        return f"{waiting} messages are in the return queue: it must drain below {plan.backlog_limit}"
    if plan.put_events_limit is not None:
        # The last minute may not be counted yet, but the one before is.
        to = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
        calls = stack.aws.metric_sum(
            stack.primary, "AWS/Events", "PutEventsApproximateCallCount", {}, to - timedelta(minutes=1), to
        )
        if calls is not None and calls / 60 > plan.put_events_limit:
            return f"{calls / 60:.0f} PutEvents a second in {stack.primary}: more would leave its quota no headroom"
    return None


def _start(stack: Stack, part: Slice, name: str) -> str | None:
    """Start one replay; the reason when AWS runs too many already."""
    where = {"region": stack.secondary, "account": stack.settings.account_id}
    bus, rule = stack.names.ingress_bus, stack.names.return_path
    try:
        stack.aws.client("events", stack.secondary).start_replay(
            ReplayName=name,
            Description="The return path to the primary (signals replay).",
            EventSourceArn=arn(types.ARCHIVE, **where, name=stack.names.archive),
            EventStartTime=part.start,
            EventEndTime=part.end,
            Destination={
                "Arn": arn(types.BUS, **where, name=bus),
                "FilterArns": [arn(types.RULE, **where, eventBusName=bus, name=rule)],
            },
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "LimitExceededException":
            return f"AWS runs {CONCURRENT} replays at a time"
        if code != "ResourceAlreadyExistsException":  # another run started it
            raise
    return None


def _waiting(stack: Stack) -> int:
    """Messages that nobody has taken from the return queue."""
    return sum(queue.visible for queue in _return_queues(stack) if not queue.is_failure_queue)


def _return_queues(stack: Stack) -> list[QueueStatus]:
    name = stack.names.return_path
    return [q for q in queue_statuses(stack, stack.secondary) if q.name == name or q.name.startswith(f"{name}-")]


def _window(part: Slice) -> str:
    return f"{part.start:%Y-%m-%d %H:%M} to {part.end:%H:%M} UTC"
