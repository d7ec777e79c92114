"""The state of a CloudWatch alarm and of the health check that watches its metric, from the metric's last periods.

Each period's statistic is compared with the threshold; a period without data is treated as TreatMissingData says:
breaching, notBreaching, or missing, which then does not count. Without any data the state is INSUFFICIENT_DATA
(CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data"). EventBridge's latency without
dimensions is that of the whole service; with dimensions its publication has been seen to stop (aws-facts 2, one
source): here it is never published.

The Route 53 health check (CLOUDWATCH_METRIC) reads the data stream of the alarm's metric with settings copied from the
alarm, not the alarm's state: SetAlarmState does nothing. Every period must breach (no M out of N). Without data
InsufficientDataHealthStatus decides; a new check is healthy until it has data; Inverted inverts the status (Route 53
Developer Guide, "How Route 53 determines the status of health checks that monitor CloudWatch alarms").
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
_METRIC = ("AWS/Events", "IngestionToInvocationStartLatency", "Average")


def breaches(alarm: Mapping[str, Any], averages_ms: Sequence[float | None]) -> list[bool | None]:
    """Whether each period breaches; None for one without data."""
    compare = _COMPARISONS[alarm["comparisonOperator"]]
    watched = (alarm["namespace"], alarm["metricName"], alarm["statistic"])
    if alarm.get("dimensions") or watched != _METRIC:
        return [None] * len(averages_ms)
    return [None if average is None else compare(average, alarm["threshold"]) for average in averages_ms]


def evaluated(alarm: Mapping[str, Any], found: Sequence[bool | None]) -> list[bool]:
    """Whether each period breaches, missing data treated as the alarm does; periods that do not count are left out."""
    missing = alarm.get("treatMissingData", "missing")
    filled = [missing == "breaching" if b is None and missing in ("breaching", "notBreaching") else b for b in found]
    return [b for b in filled if b is not None]


def is_in_alarm(alarm: Mapping[str, Any], averages_ms: Sequence[float | None]) -> bool:
    """Whether the alarm's state is ALARM."""
    known = evaluated(alarm, breaches(alarm, averages_ms))
    needed = int(alarm.get("datapointsToAlarm") or alarm["evaluationPeriods"])
    return bool(known) and sum(known) >= min(needed, len(known))


def is_healthy(
    check: Mapping[str, Any],
    alarm: Mapping[str, Any],
    averages_ms: Sequence[float | None],
    *,
    last: bool,
    inverted: bool = False,
) -> bool:
    """The check's status.

    Args:
        check: Its settings.
        alarm: The settings of the alarm it watches.
        averages_ms: The metric of the last complete periods, the oldest first.
        last: Its previous status, not inverted: for LastKnownStatus.
        inverted: Whether it was inverted after deployment.
    """
    if check.get("disabled"):
        return True
    found = breaches(alarm, averages_ms)
    if len(found) < int(alarm["evaluationPeriods"]):
        healthy = True
    elif all(breached is None for breached in found):
        without_data = {"Healthy": True, "Unhealthy": False}
        healthy = without_data.get(check.get("insufficientDataHealthStatus", "LastKnownStatus"), last)
    else:
        healthy = not all(evaluated(alarm, found))
    return healthy != (bool(check.get("invertHealthcheck")) != inverted)
