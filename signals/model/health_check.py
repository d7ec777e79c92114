"""The status of a Route 53 health check of type CLOUDWATCH_METRIC.

It reads the data stream of the alarm's metric with settings copied from the alarm, not the alarm's state: SetAlarmState
does nothing. Every period must breach (no M out of N). Without data InsufficientDataHealthStatus decides; a new check
is healthy until it has data; Inverted inverts the status (Route 53 Developer Guide, "How Route 53 determines the
status of health checks that monitor CloudWatch alarms").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signals.model import alarm as cloudwatch


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
    healthy = _measured(check, alarm, averages_ms, last)
    return healthy != (bool(check.get("invertHealthcheck")) != inverted)


def _measured(
    check: Mapping[str, Any], alarm: Mapping[str, Any], averages_ms: Sequence[float | None], last: bool
) -> bool:
    found = cloudwatch.breaches(alarm, averages_ms)
    if len(found) < int(alarm["evaluationPeriods"]):
        return True
    if all(breached is None for breached in found):
        without_data = {"Healthy": True, "Unhealthy": False}
        return without_data.get(check.get("insufficientDataHealthStatus", "LastKnownStatus"), last)
    return not all(cloudwatch.evaluated(alarm, found))
