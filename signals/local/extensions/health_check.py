"""Route 53 health checks that know their status.

AWS: a CLOUDWATCH_METRIC check evaluates the data stream of the alarm's metric, not the alarm's state, so SetAlarmState
does nothing; it works with the alarm's settings as they were when the check was created or last updated; every period
must breach (no M out of N). A new check is healthy until there is enough data; Inverted inverts the answer; a
disabled check is always healthy, and may be inverted too (API reference, UpdateHealthCheck); without data
InsufficientDataHealthStatus decides (Route 53 Developer Guide, "How Route 53 determines the status of health checks
that monitor CloudWatch alarms"). GetHealthCheckStatus and GetHealthCheckLastFailureReason report it.

ministack: stores the check, answers neither, and writes booleans as `True`, which SDKs read as false. Checks of an
address (HTTP, HTTPS, TCP) are taken as healthy: nothing of this machine can be reached at such an address.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from ministack.core.responses import get_account_id
from ministack.services import cloudwatch, route53

from signals.local.extensions import metric_data, patching

Check = dict[str, Any]
_REPORT = re.compile(r"^/2013-04-01/healthcheck/([^/]+)/(status|lastfailurereason)$")
_ROOTS = {"status": "GetHealthCheckStatusResponse", "lastfailurereason": "GetHealthCheckLastFailureReasonResponse"}
_BOOLEANS = ("Inverted", "Disabled", "MeasureLatency", "EnableSNI")
_ministack: dict[str, Callable[..., Any]] = {}


@dataclass(frozen=True)
class Status:
    """What a check says and why."""

    healthy: bool
    reason: str


def install() -> None:
    patching.require(route53, "_health_checks", "_hc_caller_refs")
    patching.require(cloudwatch, "_alarms")
    for wanted, new in (
        ("_create_health_check(body)", _create),
        ("_update_health_check(hc_id, body)", _update),
        ("_build_health_check_el(parent, hc)", _build),
        ("handle_request(method, path, headers, body, query_params)", _handle),
    ):
        _ministack[wanted.partition("(")[0]] = patching.replace(route53, wanted, new)


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
    if config.get("Type") == "CALCULATED":
        children = [status(child).healthy for child in config.get("ChildHealthChecks") or []]
        return Status(
            sum(children) >= config.get("HealthThreshold", 0), f"{sum(children)} of {len(children)} are healthy"
        )
    if config.get("Type") != "CLOUDWATCH_METRIC":
        return Status(True, "an address is not looked at on this machine")
    _copy_alarm(check, again=False)
    alarm = check.get("_alarm")
    if alarm is None:
        return Status(True, f"there is no alarm {config['AlarmIdentifier']['Name']} yet")
    region = config["AlarmIdentifier"]["Region"]
    found = metric_data.breaches(alarm, account=get_account_id(), region=region, since=check["_created"])
    metric = f"{alarm['Namespace']} {alarm['MetricName']} in {region}"
    if len(found) < int(alarm["EvaluationPeriods"]):
        return Status(True, f"{metric}: not enough data yet")
    if all(breached is None for breached in found):
        missing = config.get("InsufficientDataHealthStatus") or "LastKnownStatus"
        without_data = {"Healthy": True, "Unhealthy": False}.get(missing, bool(check.get("_last", True)))
        return Status(without_data, f"{metric}: no data ({missing})")
    if alarm.get("TreatMissingData") in ("breaching", "notBreaching"):
        breaching = [alarm["TreatMissingData"] == "breaching" if b is None else b for b in found]
    else:
        breaching = [b for b in found if b is not None]
    check["_last"] = healthy = not all(breaching)
    return Status(healthy, f"{metric}: {sum(breaching)} of {len(breaching)} periods breach")


def _copy_alarm(check: Check, *, again: bool) -> None:
    """Keep the alarm's settings of now: the check works with its own copy."""
    check.setdefault("_created", time.time())
    identifier = check["config"].get("AlarmIdentifier")
    if identifier and (again or "_alarm" not in check):
        alarm = cloudwatch._alarms.get_scoped(get_account_id(), identifier["Region"], identifier["Name"])
        if alarm:
            check["_alarm"] = dict(alarm)


def _create(body: bytes) -> Any:
    answer = _ministack["_create_health_check"](body)
    root = route53._parse_body(body)
    check_id = route53._hc_caller_refs.get(route53._text(root, "CallerReference")) if root is not None else None
    if check_id:
        _copy_alarm(route53._health_checks[check_id], again=False)
    return answer


def _update(hc_id: str, body: bytes) -> Any:
    answer = _ministack["_update_health_check"](hc_id, body)
    check = route53._health_checks.get(hc_id)
    if check:
        _copy_alarm(check, again=True)
    return answer


def _build(parent: Element, hc: Check) -> None:
    _ministack["_build_health_check_el"](parent, hc)
    for name in _BOOLEANS:
        for element in parent.iter(name):
            element.text = (element.text or "").lower()


async def _handle(method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]) -> Any:
    asked = _REPORT.match(path)
    if method != "GET" or not asked:
        return await _ministack["handle_request"](method, path, headers, body, query_params)
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
