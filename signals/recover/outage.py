"""When the primary was out: as told, or as the alarm's history and this machine's notes say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from signals.errors import Failed, Misuse
from signals.recover import failover
from signals.stack import Stack

# The alarm says so only after its periods, and the first signals may have been stamped a little earlier.
_LEAD = timedelta(minutes=5)
Spell = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Outage:
    """From when to when; `ongoing` when it has not ended, `end` being now."""

    start: datetime
    end: datetime
    ongoing: bool
    found_by: str


def outage(stack: Stack, start: datetime | None, end: datetime | None) -> Outage:
    """The outage between two times, or else the last one that is known of.

    Raises:
        Misuse: When the times make no outage.
        Failed: When none is known of.
    """
    now = datetime.now(UTC)
    if start is None:
        if end is not None:
            raise Misuse("--to says when the outage ended: say with --from when it began, or leave both out")
        return _found(stack, now)
    if start >= (end or now):
        raise Misuse(f"the outage would begin at {start:%Y-%m-%d %H:%M} and end before: give --from before --to")
    return Outage(start, min(end or now, now), end is None, "as told")


def _found(stack: Stack, now: datetime) -> Outage:
    name = f"{stack.settings.name}-ingress-latency"
    lead = _LEAD + timedelta(minutes=stack.settings.failover.evaluation_periods)
    candidates = [(spell, f"history of the alarm {name}", lead) for spell in spells(_history(stack, name))]
    for entry in failover.asked(stack):
        began, ended = (datetime.fromisoformat(entry[key]) if entry[key] else None for key in ("from", "to"))
        if began:
            candidates.append(((began, ended), "`signals failover` on this machine", _LEAD))
    if not candidates:
        raise Failed(
            f"the alarm {name} was never in ALARM and nobody failed over from here: say when it was (--from, --to)"
        )
    (began, ended), by, before = max(candidates, key=lambda candidate: candidate[0][0])
    return Outage(began - before, ended or now, ended is None, by)


def spells(history: list[tuple[datetime, str]]) -> list[Spell]:
    """From each time that an alarm went to ALARM to the time that it left it; the last may not have ended."""
    found: list[Spell] = []
    for at, state in sorted(history):
        if state == "ALARM" and not (found and found[-1][1] is None):
            found.append((at, None))
        elif state != "ALARM" and found and found[-1][1] is None:
            found[-1] = (found[-1][0], at)
    return found


def _history(stack: Stack, alarm: str) -> list[tuple[datetime, str]]:
    """When an alarm went to which state; CloudWatch keeps 30 days of it."""
    pages = (
        stack.client("cloudwatch", stack.primary)
        .get_paginator("describe_alarm_history")
        .paginate(AlarmName=alarm, HistoryItemType="StateUpdate")
    )
    items: list[dict[str, Any]] = [item for page in pages for item in page["AlarmHistoryItems"]]
    return [(item["Timestamp"].astimezone(UTC), _new_state(item)) for item in items]


def _new_state(item: dict[str, Any]) -> str:
    try:
        return str(json.loads(item["HistoryData"])["newState"]["stateValue"])
    except (KeyError, ValueError):
        return str(item.get("HistorySummary", "")).rpartition(" ")[2]
