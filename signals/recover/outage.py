"""What AWS shows of past outages: histories of alarms, completed replays, what both Regions received hour by hour, and
failovers asked for on this machine.

What a dead-letter queue or a failure destination could not take is gone from where it was, and only metrics say so
(EventBridge User Guide, "Monitoring Amazon EventBridge": InvocationsFailedToBeSentToDlq; Lambda Developer Guide,
"Capturing records of asynchronous invocations": DestinationDeliveryFailures).
"""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from components.setting_groups import MISSED_PROBES
from signals.aws.reading import items
from signals.errors import Failed, Misuse
from signals.recover import comparison, failover
from signals.recover.comparison import Hour
from signals.recover.replays import covered
from signals.recover.window import Evidence, Interval, Outage, Period, Windows, windows
from signals.stack import Stack

# GetMetricStatistics: at most 1,440 data points; after 63 days CloudWatch keeps those of hours.
_HOUR_S, _MOST_POINTS = 3_600, 1_440


def outage_windows(stack: Stack, start: datetime | None, end: datetime | None, *, whole: bool = False) -> Windows:
    """What has to be replayed: after the outage between two times, or after every one that is known.

    Args:
        stack: The stack.
        start: When the outage began (with a time zone); none: all outages that AWS or this machine knows of.
        end: When it ended; none: it is still going on.
        whole: Replay again what completed replays cover.

    Raises:
        Misuse: When the end is not after the start.
        Failed: When none is known.
    """
    now = datetime.now(UTC)
    found = windows(_given(stack, now, start, end) if start or end else _known(stack, now), whole=whole)
    if found is None:
        raise Failed(
            f"the alarm {stack.names.latency_alarm} was never in ALARM, no probe was missed, no event was lost on its "
            "way to a dead-letter queue, no failover was started on this machine, and the primary received as many "
            "events as the secondary in each hour for which CloudWatch counted both: say when the outage was (--from, "
            "--to)"
        )
    return found


def _retention(stack: Stack) -> timedelta | None:
    days = stack.settings.archive.retention_days
    return timedelta(days=days) if days else None


def _given(stack: Stack, now: datetime, start: datetime | None, end: datetime | None) -> Evidence:
    if start is None:
        raise Misuse("--to says when the outage ended: give --from, when it began, too, or neither")
    if start >= (end or now):
        raise Misuse(f"the outage would begin at {start:%Y-%m-%d %H:%M} and end before that: give a --from before --to")
    given = Outage(start, min(end or now, now), end is None, "as given")
    return Evidence(now, _retention(stack), given=given)


def _known(stack: Stack, now: datetime) -> Evidence:
    names, kept_since = stack.names, now - (_retention(stack) or timedelta(days=30))

    def periods(region: str, alarm: str) -> list[Period]:
        return alarm_periods(_history(stack, region, alarm), kept_since)

    times = [
        [datetime.fromisoformat(entry[key]) if entry[key] else None for key in ("from", "to")]
        for entry in failover.manual_failovers(stack)
    ]
    undelivered = _undelivered(stack, kept_since, now)
    return Evidence(
        now=now,
        retention=_retention(stack),
        alarm=periods(stack.primary, names.latency_alarm),
        alarm_delay=timedelta(minutes=stack.settings.failover.evaluation_periods),
        failovers=[(start, end) for start, end in times if start],
        missed=periods(stack.primary, names.probe_alarm),
        missed_too=periods(stack.secondary, names.probe_alarm),
        probe_delay=timedelta(minutes=MISSED_PROBES),
        undelivered=undelivered,
        received=_received(stack, kept_since, now),
        replayed=covered(stack, max((end for _, end in undelivered), default=None)),
    )


def _undelivered(stack: Stack, since: datetime, now: datetime) -> list[Interval]:
    """Each hour in which a queue could not take what was given up on."""
    names, consumers = stack.names, stack.settings.consumers
    own = [names.consumer(consumer.name) for consumer in consumers]
    rules = [(names.ingress_bus, names.enrichment), (names.ingress_bus, names.return_path)]
    rules += [(names.data_bus, name) for name in own]
    functions = [names.enrichment, *(names.consumer(c.name) for c in consumers if c.kind == "function")]
    metrics = [
        ("AWS/Events", "InvocationsFailedToBeSentToDlq", {"EventBusName": bus, "RuleName": rule}) for bus, rule in rules
    ]
    metrics += [("AWS/Lambda", "DestinationDeliveryFailures", {"FunctionName": name}) for name in functions]
    found: set[datetime] = set()
    for region in stack.regions:
        for namespace, metric, dimensions in metrics:
            counted, length = _counted(stack, region, namespace, metric, dimensions, since, now)
            found |= set(counted)
    return [(start, min(start + length, now)) for start in sorted(found)]


def _received(stack: Stack, since: datetime, now: datetime) -> list[Hour]:
    """How often the rules that both ingress buses have invoked their targets, hour by hour.

    In the primary that is also what a replay brought back, so that batches can show less than is missing, and never
    more; a target that is failing shifts its invocations to later hours, and such hours are replayed for nothing.
    """
    names = stack.names
    rules = {comparison.PROBES: names.probe}
    if any(consumer.mode == "active-active" for consumer in stack.settings.consumers):
        rules[comparison.BATCHES] = names.enrichment
    found = []
    for of, rule in rules.items():
        dimensions = {"EventBusName": names.ingress_bus, "RuleName": rule}
        (primary, length), (secondary, _) = (
            _counted(stack, region, "AWS/Events", "Invocations", dimensions, since, now)
            for region in (stack.primary, stack.secondary)
        )
        found += comparison.hours(of, primary, secondary, now, length)
    return found


def _counted(
    stack: Stack,
    region: str,
    namespace: str,
    metric: str,
    dimensions: dict[str, str],
    since: datetime,
    now: datetime,
) -> tuple[dict[datetime, float], timedelta]:
    """A metric's sums that are not zero, by the hour in which they begin, and how long each is: an hour, or several."""
    period_s = _HOUR_S * max(1, math.ceil((now - since).total_seconds() / _HOUR_S / (_MOST_POINTS - 1)))
    points = stack.aws.client("cloudwatch", region).get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.fromtimestamp(since.timestamp() // period_s * period_s, UTC),
        EndTime=now,
        Period=period_s,
        Statistics=["Sum"],
    )["Datapoints"]
    sums = {point["Timestamp"].astimezone(UTC): point["Sum"] for point in points if point["Sum"]}
    return sums, timedelta(seconds=period_s)


def alarm_periods(history: list[tuple[datetime, str]], since: datetime | None = None) -> list[Period]:
    """From each change of an alarm to ALARM until it left that state; the last period may not have ended.

    Args:
        history: Each change: when, and to which state, or `state<former state`.
        since: From when on a period counts whose beginning is too long ago to be in the history.
    """
    found: list[Period] = []
    for at, states in sorted(history):
        state, _, former = states.partition("<")
        if state == "ALARM" and not (found and found[-1][1] is None):
            found.append((at, None))
        elif state != "ALARM" and found and found[-1][1] is None:
            found[-1] = (found[-1][0], at)
        elif former == "ALARM" and not found and since:
            found.append((since, at))
    return found


def _history(stack: Stack, region: str, alarm: str) -> list[tuple[datetime, str]]:
    """Each change of an alarm: when, and `state<former state`; CloudWatch keeps 30 days of them."""
    history = items(
        stack.aws.client("cloudwatch", region),
        "describe_alarm_history",
        "AlarmHistoryItems",
        AlarmName=alarm,
        HistoryItemType="StateUpdate",
    )
    return [(item["Timestamp"].astimezone(UTC), _states(item)) for item in history]


def _states(item: dict[str, Any]) -> str:
    try:
        data = json.loads(item["HistoryData"])
        return f"{data['newState']['stateValue']}<{data.get('oldState', {}).get('stateValue', '')}"
    except (KeyError, ValueError):
        return str(item.get("HistorySummary", "")).rpartition(" ")[2]
