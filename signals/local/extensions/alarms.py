"""CloudWatch alarms: read back as they were written, and in the state their metric says.

AWS: DescribeAlarms returns every setting; an alarm looks at its own metric only (namespace, name and exactly its
dimensions), at M of the last N complete periods, and treats missing data as told (CloudWatch User Guide, "Evaluating
an alarm", "Configuring how CloudWatch alarms treat missing data"). A state set by SetAlarmState lasts until the next
evaluation.

ministack: in the query protocol, which Terraform's provider 5.x speaks, leaves most settings out of the answer and
drops InsufficientDataActions; evaluates over all dimensions at once, without regard to periods or missing data, and
only when somebody asks, so that an alarm's history has nothing of what came and went.
"""

import logging
import operator
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from signals.local.extensions import patching

Alarm = dict[str, Any]
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
logger = logging.getLogger("signals.local.alarms")
_evaluated: dict[str, float] = {}
patching.require(
    cloudwatch,
    *("_alarms", "_composite_alarms", "_xml", "_p", "_record_history", "_dispatch_alarm_actions"),
    *("_evaluate_parent_alarms", "_metrics", "_calc_stats", "_stat_value", "_dims_key", "_dims_from_list"),
)


@patching.every(seconds=1.0)
def _evaluate_all() -> None:
    for (account, region, _), alarm in list(cloudwatch._alarms._data.items()):
        try:
            with request_scope(account, region):
                evaluate(alarm)
        except Exception:
            logger.exception("alarm %s cannot be evaluated", alarm.get("AlarmName"))


@patching.replaces(cloudwatch, "_evaluate_alarm(alarm)")
def evaluate(alarm: Alarm) -> None:
    """Bring an alarm's state up to its last complete period."""
    if not alarm.get("MetricName") or _evaluated.get(alarm["AlarmArn"]) == period_end(alarm):
        return
    _evaluated[alarm["AlarmArn"]] = period_end(alarm)
    found = breaches(alarm)
    old, new = alarm["StateValue"], _state(alarm, found)
    if old == new:
        return
    reason = f"{sum(b is True for b in found)} of {len(found)} periods breach the threshold {alarm['Threshold']}"
    alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(datetime.now(UTC).timestamp()))
    cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def period_end(alarm: Alarm) -> float:
    """When the last complete period of an alarm ended (epoch seconds)."""
    period = int(alarm["Period"])
    return time.time() // period * period


def breaches(alarm: Alarm, *, since: float = 0.0) -> list[bool | None]:
    """For each complete period under evaluation, newest first, whether its statistic breaches; None: no data.

    Args:
        alarm: An alarm's settings, as CloudWatch describes them; its metric is in the account and Region in scope.
        since: Periods that began before (epoch seconds) are left out.
    """
    period, end = int(alarm["Period"]), period_end(alarm)
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm["Dimensions"]))
    points = list(cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or [])
    starts = [end - (n + 1) * period for n in range(int(alarm["EvaluationPeriods"]))]
    return [
        _breaches(alarm, [p for p in points if start <= p["Timestamp"] < start + period])
        for start in starts
        if start >= since
    ]


def without_gaps(alarm: Alarm, found: list[bool | None]) -> list[bool]:
    """Whether each period breaches, missing data treated as the alarm does; periods that do not count are left out."""
    missing = alarm.get("TreatMissingData")
    filled = [missing == "breaching" if b is None and missing in ("breaching", "notBreaching") else b for b in found]
    return [b for b in filled if b is not None]


def _breaches(alarm: Alarm, points: list[dict[str, Any]]) -> bool | None:
    statistics = cloudwatch._calc_stats(points)
    if not statistics:
        return None
    value = cloudwatch._stat_value(statistics, alarm["Statistic"], points)
    compare = _COMPARISONS.get(alarm["ComparisonOperator"])
    return None if value is None or compare is None else compare(value, float(alarm["Threshold"]))


def _state(alarm: Alarm, found: list[bool | None]) -> str:
    known = without_gaps(alarm, found)
    if not known:
        return alarm["StateValue"] if alarm.get("TreatMissingData") == "ignore" else "INSUFFICIENT_DATA"
    needed = min(int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]), len(known))
    return "ALARM" if sum(known) >= needed else "OK"


@patching.extends(cloudwatch, "_put_metric_alarm(params, cbor_data, is_cbor, is_json)")
def _put(original: Callable[..., Any], params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
    answer = original(params, cbor_data, is_cbor, is_json)
    if not is_cbor and not is_json:
        alarm = cloudwatch._alarms.get(cloudwatch._p(params, "AlarmName"))
        if alarm:
            names = (f"InsufficientDataActions.member.{n}" for n in range(1, 6))
            alarm["InsufficientDataActions"] = [a for a in (cloudwatch._p(params, name) for name in names) if a]
    return answer


@patching.extends(cloudwatch, "_set_alarm_state(params, cbor_data, is_cbor, is_json)")
def _set_state(original: Callable[..., Any], *request: Any) -> Any:
    answer = original(*request)
    for alarm in cloudwatch._alarms.values():
        _evaluated[alarm["AlarmArn"]] = period_end(alarm)
    return answer


@patching.extends(cloudwatch, "_describe_alarms(params, cbor_data, is_cbor, is_json)")
def _describe(original: Callable[..., Any], params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
    for alarm in cloudwatch._alarms.values():
        evaluate(alarm)
    status, headers, body = original(params, cbor_data, is_cbor, is_json)
    if is_cbor or is_json or status != 200:
        return status, headers, body
    text = body.decode()
    for alarm in (*cloudwatch._alarms.values(), *cloudwatch._composite_alarms.values()):
        start = text.find(f"<member><AlarmName>{alarm['AlarmName']}</AlarmName>")
        end = text.find("</member>", start)
        if start >= 0:
            text = text[:start] + _xml("member", alarm) + text[end:].removeprefix("</member>")
    return status, headers, text.encode()


def _xml(name: str, value: Any) -> str:
    """A value in the form of the query protocol."""
    match value:
        case dict():
            inner = "".join(_xml(key, part) for key, part in value.items() if part not in (None, ""))
        case list():
            inner = "".join(_xml("member", part) for part in value)
        case bool():
            inner = str(value).lower()
        case int() if name.endswith("Timestamp"):
            inner = f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
        case _:
            inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"
