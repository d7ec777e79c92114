"""Health checks on a metric (Route 53 Developer Guide, "How Route 53 determines the status of health checks…")."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ministack.services import cloudwatch, route53

from signals.local.extensions import health_check
from tests.support.embedded import ACCOUNT, WEST, Aws

ALARM = {
    "Namespace": "AWS/Events",
    "MetricName": "IngestionToInvocationStartLatency",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 5,
    "Threshold": 30_000.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
CHECK = {"Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": "Unhealthy"}


def create(aws: Aws, name: str, **config: Any) -> str:
    aws("cloudwatch").put_metric_alarm(AlarmName=name, TreatMissingData="breaching", **ALARM)
    identifier = {"Name": name, "Region": WEST}
    created = aws("route53").create_health_check(
        CallerReference=name, HealthCheckConfig={**CHECK, "AlarmIdentifier": identifier, **config}
    )
    return str(created["HealthCheck"]["Id"])


def said(aws: Aws, check_id: str) -> str:
    answer = aws("route53").get_health_check_status(HealthCheckId=check_id)
    return str(answer["HealthCheckObservations"][0]["StatusReport"]["Status"]).partition(":")[0]


def test_the_metric_has_the_same_status_in_one_region(aws: Aws, name: str) -> None:
    check_id = create(aws, name)
    for inverted, value in ((False, 1.0), (True, 0.0)):
        aws("route53").update_health_check(HealthCheckId=check_id, Inverted=inverted)
        found = {region: metric(aws, check_id, region) for region in ("us-east-1", WEST)}
        assert found == {"us-east-1": [value], WEST: []}


def metric(aws: Aws, check_id: str, region: str) -> list[float]:
    now = datetime.now(UTC)
    answer = aws("cloudwatch", region).get_metric_statistics(
        Namespace="AWS/Route53",
        MetricName="HealthCheckStatus",
        Dimensions=[{"Name": "HealthCheckId", "Value": check_id}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Minimum"],
    )
    return [point["Minimum"] for point in answer["Datapoints"]]


def test_a_new_check_is_healthy_until_there_is_enough_data(aws: Aws, name: str) -> None:
    assert said(aws, create(aws, name)) == "Success"


def test_inverting_turns_the_answer_round_at_once(aws: Aws, name: str) -> None:
    check_id = create(aws, name)
    for inverted, status in ((True, "Failure"), (False, "Success")):
        aws("route53").update_health_check(HealthCheckId=check_id, Inverted=inverted)
        assert said(aws, check_id) == status


def test_a_disabled_check_is_healthy_and_unhealthy_if_it_is_inverted_too(aws: Aws, name: str) -> None:
    """In disabled state, "you can also invert the status" (Route 53 API reference, UpdateHealthCheck)."""
    check_id = create(aws, name, Disabled=True, InsufficientDataHealthStatus="Unhealthy")
    assert said(aws, check_id) == "Success"
    aws("route53").update_health_check(HealthCheckId=check_id, Inverted=True)
    assert said(aws, check_id) == "Failure"


def test_an_alarms_state_says_nothing(aws: Aws, name: str) -> None:
    check_id = create(aws, name)
    aws("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a try")
    assert said(aws, check_id) == "Success"


def test_the_reason_of_the_last_failure_is_told(aws: Aws, name: str) -> None:
    check_id = create(aws, name, Inverted=True)
    answer = aws("route53").get_health_check_last_failure_reason(HealthCheckId=check_id)
    assert "inverted" in answer["HealthCheckObservations"][0]["StatusReport"]["Status"]


def test_a_check_is_read_back_as_it_was_written(aws: Aws, name: str) -> None:
    """Terraform plans a change for whatever is not read back."""
    check_id = create(aws, name, Inverted=True)
    config = aws("route53").get_health_check(HealthCheckId=check_id)["HealthCheck"]["HealthCheckConfig"]
    assert config == {**CHECK, "AlarmIdentifier": {"Name": name, "Region": WEST}, "Inverted": True}


class Measured:
    """A check that was created an hour ago, and its metric, in this process."""

    def __init__(self, name: str):
        self.name = name
        self.config: dict[str, Any] = {**CHECK, "AlarmIdentifier": {"Name": name, "Region": WEST}}
        self.alarm = {**ALARM, "Namespace": name, "Dimensions": [], "TreatMissingData": "breaching"}
        self.check = {"config": self.config, "_created": time.time() - 3600, "_alarm": self.alarm}
        route53._health_checks[name] = self.check

    def saw(self, *latencies_ms: float | None) -> None:
        """One value for each of the last minutes, newest first."""
        minute = time.time() // 60 * 60
        cloudwatch._metrics._data[ACCOUNT, WEST, (self.name, self.alarm["MetricName"], "")] = [
            {"Timestamp": minute - 60 * (ago + 1) + 1, "Value": value, "Unit": "None", "Dimensions": {}}
            for ago, value in enumerate(latencies_ms)
            if value is not None
        ]

    @property
    def healthy(self) -> bool:
        return health_check.status(self.name).healthy


@pytest.fixture
def measured(name: str) -> Iterator[Measured]:
    yield Measured(name)
    route53._health_checks.pop(name)


def test_every_period_must_breach(measured: Measured) -> None:
    measured.saw(40_000, 40_000, 40_000, 40_000, 40_000)
    assert not measured.healthy
    measured.saw(40_000, 40_000, 10, 40_000, 40_000)
    assert measured.healthy


def test_a_missing_period_breaches_where_the_alarm_says_so(measured: Measured) -> None:
    measured.saw(40_000, None, None, 40_000, 40_000)
    assert not measured.healthy
    measured.alarm["TreatMissingData"] = "notBreaching"
    assert measured.healthy


@pytest.mark.parametrize(("setting", "healthy"), [("Unhealthy", False), ("Healthy", True), ("LastKnownStatus", True)])
def test_without_data_the_setting_decides(measured: Measured, setting: str, healthy: bool) -> None:
    measured.saw()
    measured.config["InsufficientDataHealthStatus"] = setting
    assert measured.healthy is healthy


def test_the_last_known_status_stays_without_data(measured: Measured) -> None:
    measured.config["InsufficientDataHealthStatus"] = "LastKnownStatus"
    measured.saw(40_000, 40_000, 40_000, 40_000, 40_000)
    assert not measured.healthy
    measured.saw()
    assert not measured.healthy


def test_data_of_one_period_is_not_enough_for_a_check_created_just_now(measured: Measured) -> None:
    measured.check["_created"] = time.time()
    measured.saw(40_000, 40_000, 40_000, 40_000, 40_000)
    assert measured.healthy


def test_the_check_keeps_the_alarms_settings_until_it_is_updated(name: str) -> None:
    """A changed alarm reaches the check only when the check is updated (hence `triggers` in Terraform)."""
    cloudwatch._alarms._data[ACCOUNT, WEST, name] = {**ALARM, "Dimensions": [], "Threshold": 1.0}
    check: dict[str, Any] = {"config": {**CHECK, "AlarmIdentifier": {"Name": name, "Region": WEST}}}
    route53._health_checks[name] = check
    health_check._copied_alarm(check)
    cloudwatch._alarms._data[ACCOUNT, WEST, name]["Threshold"] = 2.0
    health_check._copied_alarm(check)
    assert check["_alarm"]["Threshold"] == 1.0
    health_check._update(lambda _id, _body: health_check._copied_alarm(check), name, b"")
    assert check["_alarm"]["Threshold"] == 2.0
