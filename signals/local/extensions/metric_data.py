"""What the periods of a metric say about a threshold (not an extension: alarms and health checks use it)."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from signals.local.extensions import patching

patching.require(cloudwatch, "_metrics", "_calc_stats", "_stat_value", "_dims_key", "_dims_from_list")

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def period_end(alarm: Mapping[str, Any]) -> float:
    """When the last complete period of an alarm ended (epoch seconds)."""
    period = int(alarm["Period"])
    return time.time() // period * period


def breaches(alarm: Mapping[str, Any], *, account: str, region: str, since: float = 0.0) -> list[bool | None]:
    """For each complete period under evaluation, newest first, whether its statistic breaches; None: no data.

    Args:
        alarm: An alarm's settings, as CloudWatch describes them.
        account: Account of the metric.
        region: Region of the metric.
        since: Periods that began before (epoch seconds) are left out.
    """
    period, end = int(alarm["Period"]), period_end(alarm)
    key = (
        alarm["Namespace"],
        alarm["MetricName"],
        cloudwatch._dims_key(cloudwatch._dims_from_list(alarm["Dimensions"])),
    )
    with request_scope(account, region):
        points = list(cloudwatch._metrics.get(key) or [])
    starts = [end - (n + 1) * period for n in range(int(alarm["EvaluationPeriods"]))]
    return [
        _breaches(alarm, [p for p in points if start <= p["Timestamp"] < start + period])
        for start in starts
        if start >= since
    ]


def known(alarm: Mapping[str, Any], found: list[bool | None]) -> list[bool]:
    """Whether each period breaches, missing data treated as the alarm does; periods that do not count are left out."""
    missing = alarm.get("TreatMissingData")
    filled = [missing == "breaching" if b is None and missing in ("breaching", "notBreaching") else b for b in found]
    return [b for b in filled if b is not None]


def _breaches(alarm: Mapping[str, Any], points: list[dict[str, Any]]) -> bool | None:
    statistics = cloudwatch._calc_stats(points)
    if not statistics:
        return None
    name = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    value = cloudwatch._stat_value(statistics, name, points)
    compare = _COMPARISONS.get(alarm["ComparisonOperator"])
    return None if value is None or compare is None else compare(value, float(alarm["Threshold"]))
