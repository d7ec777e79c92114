"""Failover by hand on an embedded AWS: held, seen by a probe, and always given back."""

import time

import httpx
import pytest
from typer.testing import CliRunner

from signals.cli.app import app
from signals.errors import Failed
from signals.observe.health import endpoint
from signals.recover import failover
from signals.stack import Stack
from tests.recover.support import bus
from tests.support.hand_made import PRIMARY, SECONDARY


@pytest.fixture(autouse=True)
def _restored(platform: Stack):
    yield
    faults(platform)
    failover.stop(platform, wait=False)


def faults(stack: Stack, **fields: object) -> None:
    httpx.put(f"{stack.embedded.platform.aws_url}/_signals/faults", json=fields).raise_for_status()


def check_id(stack: Stack) -> str:
    found = endpoint(stack)
    assert found is not None
    return found.health_check.id


def test_start_moves_probes_to_the_secondary_and_stop_moves_them_back(platform: Stack) -> None:
    assert failover.status(platform).region == PRIMARY
    started = failover.start(platform)
    assert (started.region, started.held, started.way_back) == (SECONDARY, True, "signals failover stop --stack test")
    stopped = failover.stop(platform)
    assert (stopped.region, stopped.held, stopped.way_back) == (PRIMARY, False, None)


def test_both_can_be_asked_for_again(platform: Stack) -> None:
    for _ in range(2):
        assert failover.start(platform).region == SECONDARY
    assert len(failover.manual_failovers(platform)) == 1
    for _ in range(2):
        assert failover.stop(platform).region == PRIMARY


def test_stop_restores_what_another_run_or_a_hand_left_behind(platform: Stack) -> None:
    route53 = platform.aws.client("route53", PRIMARY)
    for left in ({"Inverted": True}, {"Inverted": True, "Disabled": True}, {"Disabled": True}):
        route53.update_health_check(HealthCheckId=check_id(platform), **left)
        assert failover.stop(platform).region == PRIMARY
        config = route53.get_health_check(HealthCheckId=check_id(platform))["HealthCheck"]["HealthCheckConfig"]
        assert (config["Inverted"], config["Disabled"]) == (False, False)


def test_a_held_failover_does_not_go_back_when_the_primary_fails(
    platform: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inverted alone would: a breaching metric, inverted, is healthy."""
    failover.start(platform)
    alarms = platform.aws.client("cloudwatch", PRIMARY)
    # Its one period is missing, which breaches: the metric says that the primary is failing.
    alarms.put_metric_alarm(
        AlarmName="hand-made-ingress-latency",
        Namespace="AWS/Events",
        MetricName="Nothing",
        Statistic="Average",
        Period=1,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="breaching",
    )
    route53 = platform.aws.client("route53", PRIMARY)
    try:
        route53.update_health_check(HealthCheckId=check_id(platform), InsufficientDataHealthStatus="Unhealthy")
        time.sleep(2.1)  # a new check is healthy until it has had a whole period, here one second
        monkeypatch.setattr("time.sleep", lambda _: None)
        assert failover.status(platform).region == SECONDARY
        by_itself = failover.stop(platform)
        assert (by_itself.region, by_itself.held) == (SECONDARY, False)
        assert "by itself" in by_itself.why
        route53.update_health_check(HealthCheckId=check_id(platform), Inverted=True)
        assert failover.status(platform).region == PRIMARY, "inverted alone goes back to the failing Region"
    finally:
        alarms.delete_alarms(AlarmNames=["hand-made-ingress-latency"])
        route53.update_health_check(HealthCheckId=check_id(platform), InsufficientDataHealthStatus="LastKnownStatus")


def test_an_endpoint_that_does_not_move_is_a_failure_that_names_the_way_back(platform: Stack) -> None:
    faults(platform, refusing_endpoints=True)
    with pytest.raises(Failed, match=r"signals failover stop --stack test"):
        failover.start(platform, limit_s=0.0)


def test_a_bus_that_is_gone_answers_200_and_a_probe_notices(platform: Stack) -> None:
    platform.aws.client("events", SECONDARY).delete_event_bus(Name="hand-made-ingress")
    try:
        found = failover.status(platform)
        assert found.region == PRIMARY
        assert found.probe.problem == f"no copy arrived in {SECONDARY} within 3 s"
        failover.start(platform, wait=False)
        lost = failover.status(platform)
        assert lost.region is None
        assert lost.probe.problem == "the endpoint accepted it, and no bus received it within 3 s"
        assert not lost.settled
    finally:
        bus(platform, SECONDARY)


def test_replication_that_is_cut_shows_in_the_status(platform: Stack) -> None:
    faults(platform, refusing_regions=[SECONDARY])
    found = failover.status(platform)
    assert (found.region, found.probe.seen_in) == (PRIMARY, (PRIMARY,))
    assert found.probe.problem


@pytest.mark.usefixtures("project")
def test_a_protected_stack_is_not_touched_without_yes() -> None:
    for command in (["failover", "start"], ["failover", "stop"], ["redrive", "send", "kept-spool-dlq"]):
        result = CliRunner().invoke(app, [*command, "--stack", "kept"])
        assert result.exit_code == 2, result.output
        assert "add --yes" in result.output
