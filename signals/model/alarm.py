"""What a CloudWatch alarm makes of its metric's last periods.

Each period's statistic is compared with the threshold; a period without data is what TreatMissingData says: breaching,
notBreaching, or missing, which then does not count. Without any data the state is INSUFFICIENT_DATA (CloudWatch User
Guide, "Configuring how CloudWatch alarms treat missing data"). EventBridge's latency without dimensions is the whole
service's; with dimensions it has been seen to stop being published (aws-facts 2, one source): here it never is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_COMPARISONS = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
}
_METRIC = ("AWS/Events", "IngestionToInvocationStartLatency", "Average")


def breaches(alarm: Mapping[str, Any], averages_ms: Sequence[float | None]) -> list[bool | None]:
    """Whether each period breaches; None for one without data."""
    compare = _COMPARISONS[alarm["comparisonOperator"]]
    watched = (alarm["namespace"], alarm["metricName"], alarm["statistic"])
    if alarm.get("dimensions") or watched != _METRIC:
        return [None] * len(averages_ms)
    return [None if average is None else compare(average, alarm["threshold"]) for average in averages_ms]


def judged(alarm: Mapping[str, Any], found: Sequence[bool | None]) -> list[bool]:
    """The same with missing periods as the alarm treats them; what does not count is left out."""
    missing = alarm.get("treatMissingData", "missing")
    filled = [missing == "breaching" if b is None and missing in ("breaching", "notBreaching") else b for b in found]
    return [b for b in filled if b is not None]


def is_in_alarm(alarm: Mapping[str, Any], averages_ms: Sequence[float | None]) -> bool:
    """Whether the alarm's state is ALARM."""
    known = judged(alarm, breaches(alarm, averages_ms))
    needed = int(alarm.get("datapointsToAlarm") or alarm["evaluationPeriods"])
    return bool(known) and sum(known) >= min(needed, len(known))
