"""When the primary was out: as given, or by the alarm's history and the failovers asked for on this machine."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from signals.aws.reading import items
from signals.errors import Failed, Misuse
from signals.recover import failover
from signals.stack import Stack

# The alarm changes only after its evaluation periods, and the first signals may carry a slightly earlier time.
_LEAD = timedelta(minutes=5)
Period = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Outage:
    """From when to when; `ongoing` when it has not ended, `end` being now."""

    start: datetime
    end: datetime
    ongoing: bool
    found_by: str


def outage(stack: Stack, start: datetime | None, end: datetime | None) -> Outage:
    """The outage between two times, or else the last known one.

    Raises:
        Misuse: When the end is not after the start.
        Failed: When none is known.
    """
    now = datetime.now(UTC)
    if start is None:
        if end is not None:
            raise Misuse("--to says when the outage ended: give --from, when it began, too, or neither")
        return _found(stack, now)
    if start >= (end or now):
        raise Misuse(f"the outage would begin at {start:%Y-%m-%d %H:%M} and end before that: give a --from before --to")
    return Outage(start, min(end or now, now), end is None, "as given")


def _found(stack: Stack, now: datetime) -> Outage:
    name = stack.names.latency_alarm
    lead = _LEAD + timedelta(minutes=stack.settings.failover.evaluation_periods)
    candidates = [(period, f"history of the alarm {name}", lead) for period in alarm_periods(_history(stack, name))]
    for entry in failover.manual_failovers(stack):
        began, ended = (datetime.fromisoformat(entry[key]) if entry[key] else None for key in ("from", "to"))
        if began:
            candidates.append(((began, ended), "`signals failover` on this machine", _LEAD))
    if not candidates:
        raise Failed(
            f"the alarm {name} was never in ALARM and no failover was started on this machine: "
            "say when the outage was (--from, --to)"
        )
    (began, ended), by, before = max(candidates, key=lambda candidate: candidate[0][0])
    return Outage(began - before, ended or now, ended is None, by)


def alarm_periods(history: list[tuple[datetime, str]]) -> list[Period]:
    """From each change of an alarm to ALARM until it left that state; the last period may not have ended."""
    found: list[Period] = []
    for at, state in sorted(history):
        if state == "ALARM" and not (found and found[-1][1] is None):
            found.append((at, None))
        elif state != "ALARM" and found and found[-1][1] is None:
            found[-1] = (found[-1][0], at)
    return found


def _history(stack: Stack, alarm: str) -> list[tuple[datetime, str]]:
    """Each change of an alarm: when, and to which state; CloudWatch keeps 30 days of them."""
    history = items(
        stack.aws.client("cloudwatch", stack.primary),
        "describe_alarm_history",
        "AlarmHistoryItems",
        AlarmName=alarm,
        HistoryItemType="StateUpdate",
    )
    return [(item["Timestamp"].astimezone(UTC), _new_state(item)) for item in history]


def _new_state(item: dict[str, Any]) -> str:
    try:
        return str(json.loads(item["HistoryData"])["newState"]["stateValue"])
    except (KeyError, ValueError):
        return str(item.get("HistorySummary", "")).rpartition(" ")[2]
