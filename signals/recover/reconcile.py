"""After a replay: whether all that was archived has arrived in the primary."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signals.observe import archives, lake
from signals.observe.location import parsed
from signals.observe.queues import queue_urls
from signals.recover.plan import Plan
from signals.stack import Stack

# From the primary's bus to the lake: enrichment, and the embedded Firehose's buffer (s).
_ARRIVAL_S = 30.0
_MISSING_SHOWN = 20
_MAX_AGE = timedelta(days=89)  # replays are kept for 90 days


@dataclass(frozen=True)
class Reconciled:
    """What was archived in the window and what arrived.

    Args:
        exact: Counted by id (the embedded AWS); else by CloudWatch's counts of events.
        unit: What is counted.
        archived: In the secondary's archive, in the plan's window.
        arrived: In the primary: in the lake or the quarantine, by id; accepted by the primary's bus, by count.
        missing: Ids that did not arrive, the first twenty; empty where events were only counted.
        complete: Whether all arrived. None: CloudWatch has not counted yet.
        how: Where the numbers come from.
    """

    exact: bool
    unit: str
    archived: int
    arrived: int
    missing: tuple[str, ...]
    complete: bool | None
    how: str


def reconcile(stack: Stack, plan: Plan) -> Reconciled:
    """Compare the window of a replayed plan in the archive with what arrived in the primary.

    On the embedded AWS it waits for the last signals to reach the lake.
    """
    if plan.signals is None:
        return _by_count(stack, plan)
    events = archives.archived_events(stack, stack.secondary) if plan.slices else []
    archived = archives.archived_signal_ids(archives.within(events, plan.spans))
    deadline = time.monotonic() + _ARRIVAL_S
    while missing := archived - lake.lake_signal_ids(stack, plan.start) - _quarantined(stack):
        if time.monotonic() >= deadline:
            break
        time.sleep(0.5)
    return Reconciled(
        exact=True,
        unit="signals",
        archived=len(archived),
        arrived=len(archived - missing),
        missing=tuple(sorted(missing)[:_MISSING_SHOWN]),
        complete=not missing,
        how="by id, in the lake or the quarantine",
    )


def _by_count(stack: Stack, plan: Plan) -> Reconciled:
    """By what EventBridge delivered to the return queue and what the function deleted from it after putting it."""
    now, since = datetime.now(UTC), _first_replay(stack, plan)
    rule = {"EventBusName": stack.names.ingress_bus, "RuleName": stack.names.return_path}
    delivered = stack.aws.metric_sum(stack.secondary, "AWS/Events", "Invocations", rule, since, now)
    queue = {"QueueName": stack.names.return_path}
    put = stack.aws.metric_sum(stack.secondary, "AWS/SQS", "NumberOfMessagesDeleted", queue, since, now)
    return Reconciled(
        exact=False,
        unit="events",
        archived=delivered or 0,
        arrived=put or 0,
        missing=(),
        complete=None if delivered is None or put is None else put >= delivered,
        how="CloudWatch, minutes late: invocations of the return path's rule, messages its function put and deleted",
    )


def _first_replay(stack: Stack, plan: Plan) -> datetime:
    """When the first of the plan's replays began."""
    events = stack.aws.client("events", stack.secondary)
    replays = [replay for part in plan.slices[:1] for replay in events.list_replays(NamePrefix=part.name)["Replays"]]
    began = [replay["ReplayStartTime"].astimezone(UTC) for replay in replays]
    return min(began, default=datetime.now(UTC) - _MAX_AGE).replace(second=0, microsecond=0)


def _quarantined(stack: Stack) -> set[str]:
    """Ids of signals in the primary's quarantine: they have arrived."""
    found = set()
    for name, url in queue_urls(stack, stack.primary):
        if stack.names.queue_kind(name) != "quarantine":
            continue
        for message in stack.aws.messages(stack.primary, url):
            body = parsed(message.body)
            parts = body.get("signals", [body]) if isinstance(body, dict) else []
            found |= {part["id"] for part in parts if isinstance(part, dict) and isinstance(part.get("id"), str)}
    return found
