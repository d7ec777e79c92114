"""After a replay: did all that was archived arrive in the primary?"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from signals.observe import archives, embedded
from signals.observe.status import queue_urls
from signals.recover import counting
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
        arrived: In the primary: in the lake or the quarantine by id; taken by the primary's bus by count.
        missing: Ids that did not arrive, the first twenty; always empty by count.
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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def reconcile(stack: Stack, plan: Plan, *, wait_s: float = _ARRIVAL_S) -> Reconciled:
    """Compare the window in the archive with what arrived in the primary.

    Args:
        stack: The stack.
        plan: The plan that was replayed.
        wait_s: How long to wait for the last signals to reach the lake (s; the embedded AWS only).
    """
    if plan.signals is None:
        return _by_count(stack, plan)
    archived = counting.signal_ids(
        counting.within(archives.events(stack, stack.secondary), plan.start, plan.end) if plan.slices else ()
    )
    deadline = time.monotonic() + wait_s
    while missing := archived - counting.lake_ids(stack, plan.start) - _quarantined(stack):
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
    """By what EventBridge handed to the return queue and what the function, having put it, deleted from it."""
    now, since = datetime.now(UTC), _first_replay(stack, plan)
    rule = {"EventBusName": stack.names.ingress_bus, "RuleName": stack.names.return_path}
    handed = counting.metric(stack, stack.secondary, "AWS/Events", "Invocations", rule, since, now)
    queue = {"QueueName": stack.names.return_path}
    put = counting.metric(stack, stack.secondary, "AWS/SQS", "NumberOfMessagesDeleted", queue, since, now)
    return Reconciled(
        exact=False,
        unit="events",
        archived=handed or 0,
        arrived=put or 0,
        missing=(),
        complete=None if handed is None or put is None else put >= handed,
        how="CloudWatch, minutes late: invocations of the return path's rule, messages its function put and deleted",
    )


def _first_replay(stack: Stack, plan: Plan) -> datetime:
    """When the first of the plan's replays began."""
    events, began = stack.client("events", stack.secondary), []
    for part in plan.slices[:1]:
        for replay in events.list_replays(NamePrefix=part.name)["Replays"]:
            began.append(replay["ReplayStartTime"].astimezone(UTC))
    return min(began, default=datetime.now(UTC) - _MAX_AGE).replace(second=0, microsecond=0)


def _quarantined(stack: Stack) -> set[str]:
    """Ids of signals in the primary's quarantine: they arrived, and wait for somebody."""
    found = set()
    for name, url in queue_urls(stack, stack.primary):
        if stack.names.queue_kind(name) != "quarantine":
            continue
        for message in embedded.messages(stack, stack.primary, url):
            try:
                body = json.loads(message["Body"])
            except ValueError:
                continue
            parts = body.get("signals", [body]) if isinstance(body, dict) else []
            found |= {part["id"] for part in parts if isinstance(part, dict) and isinstance(part.get("id"), str)}
    return found
