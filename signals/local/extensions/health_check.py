"""Route 53 health checks that know their status.

AWS: a CLOUDWATCH_METRIC check evaluates the data stream of the alarm's metric, not the alarm's state, so SetAlarmState
does nothing; it works with the alarm's settings as they were when the check was created or last updated; every period
must breach (no M out of N). A new check is healthy until there is enough data; Inverted inverts the answer; a
disabled check is always healthy, and may be inverted too (API reference, UpdateHealthCheck); without data
InsufficientDataHealthStatus decides (Route 53 Developer Guide, "How Route 53 determines the status of health checks
that monitor CloudWatch alarms"). GetHealthCheckStatus and GetHealthCheckLastFailureReason report it, and in us-east-1
the metric HealthCheckStatus, 1 for healthy, once a minute (Developer Guide, "Monitoring health checks using
CloudWatch"); here it always has the present status.

ministack: stores the check, answers neither, and writes booleans as `True`, which SDKs read as false. Checks of an
address (HTTP, HTTPS, TCP) are taken as healthy: nothing of this machine can be reached at such an address. Calculated
checks, of which this platform has none, are too.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch, route53

from signals.local.extensions import alarms, patching

Check = dict[str, Any]
_REPORT = re.compile(r"^/2013-04-01/healthcheck/([^/]+)/(status|lastfailurereason)$")
_ROOTS = {"status": "GetHealthCheckStatusResponse", "lastfailurereason": "GetHealthCheckLastFailureReasonResponse"}
_METRICS_REGION = "us-east-1"
_BOOLEANS = ("Inverted", "Disabled", "MeasureLatency", "EnableSNI")
patching.require(route53, "_health_checks", "_create_health_check(body)")
patching.require(cloudwatch, "_alarms", "_metric_bucket", "_dims_key", "record_metric")


@dataclass(frozen=True)
class Status:
    """What a check says and why."""

    healthy: bool
    reason: str


def status(check_id: str) -> Status:
    """The status of a check of the account in scope; a check that does not exist is healthy, as a disabled one."""
    check = route53._health_checks.get(check_id)
    if check is None:
        return Status(True, "there is no such check")
    found = Status(True, "the check is disabled") if check["config"].get("Disabled") else _measured(check)
    if check["config"].get("Inverted"):
        return Status(not found.healthy, f"inverted: {found.reason}")
    return found


def _measured(check: Check) -> Status:
    config = check["config"]
    if config.get("Type") != "CLOUDWATCH_METRIC":
        return Status(True, "only metrics are looked at on this machine")
    alarm = _copied_alarm(check)
    if alarm is None:
        return Status(True, f"there is no alarm {config['AlarmIdentifier']['Name']} yet")
    region = config["AlarmIdentifier"]["Region"]
    with request_scope(get_account_id(), region):
        found = alarms.breaches(alarm, since=check["_created"])
    metric = f"{alarm['Namespace']} {alarm['MetricName']} in {region}"
    if len(found) < int(alarm["EvaluationPeriods"]):
        return Status(True, f"{metric}: not enough data yet")
    if all(breached is None for breached in found):
        missing = config.get("InsufficientDataHealthStatus") or "LastKnownStatus"
        without_data = {"Healthy": True, "Unhealthy": False}.get(missing, bool(check.get("_last", True)))
        return Status(without_data, f"{metric}: no data ({missing})")
    breaching = alarms.without_gaps(alarm, found)
    check["_last"] = healthy = not all(breaching)
    return Status(healthy, f"{metric}: {sum(breaching)} of {len(breaching)} periods breach")


def _copied_alarm(check: Check) -> dict[str, Any] | None:
    """The alarm's settings when they were first there: the check works with its own copy."""
    check.setdefault("_created", time.time())
    identifier = check["config"].get("AlarmIdentifier")
    if identifier and "_alarm" not in check:
        alarm = cloudwatch._alarms.get_scoped(get_account_id(), identifier["Region"], identifier["Name"])
        if alarm:
            check["_alarm"] = dict(alarm)
    return check.get("_alarm")


@patching.extends(route53, "_update_health_check(hc_id, body)")
def _update(original: Callable[..., Any], hc_id: str, body: bytes) -> Any:
    route53._health_checks.get(hc_id, {}).pop("_alarm", None)
    return original(hc_id, body)


@patching.extends(route53, "_build_health_check_el(parent, hc)")
def _build(original: Callable[..., None], parent: Element, hc: Check) -> None:
    """What every answer with a check is made of, the one to its creation and update above all."""
    _copied_alarm(hc)
    original(parent, hc)
    for name in _BOOLEANS:
        for element in parent.iter(name):
            element.text = (element.text or "").lower()


@patching.extends(route53, "handle_request(method, path, headers, body, query_params)")
async def _handle(original: Callable[..., Any], method: str, path: str, *request: Any) -> Any:
    asked = _REPORT.match(path)
    if method != "GET" or not asked:
        return await original(method, path, *request)
    check_id, what = asked.groups()
    if check_id not in route53._health_checks:
        return route53._error_response(
            "NoSuchHealthCheck", f"No health check exists with the specified ID {check_id}.", 404
        )
    found = status(check_id)

    def build(root: Element) -> None:
        observation = SubElement(SubElement(root, "HealthCheckObservations"), "HealthCheckObservation")
        SubElement(observation, "Region").text = "us-east-1"
        SubElement(observation, "IPAddress").text = "127.0.0.1"
        report = SubElement(observation, "StatusReport")
        SubElement(report, "Status").text = f"{'Success' if found.healthy else 'Failure'}: {found.reason}"
        SubElement(report, "CheckedTime").text = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    return route53._xml_response(_ROOTS[what], build)


@patching.extends(cloudwatch, "_get_metric_statistics(params, cbor_data, is_cbor, is_json)")
def _statistics(original: Callable[..., Any], *request: Any) -> Any:
    if get_region() == _METRICS_REGION:
        for check_id in route53._health_checks:
            dimensions = {"HealthCheckId": check_id}
            bucket = cloudwatch._metric_bucket(("AWS/Route53", "HealthCheckStatus", cloudwatch._dims_key(dimensions)))
            bucket.clear()
            healthy = status(check_id).healthy
            cloudwatch.record_metric("AWS/Route53", "HealthCheckStatus", float(healthy), "None", dimensions)
    return original(*request)
