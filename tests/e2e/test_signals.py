"""A signal crosses the platform, whatever fails on the way."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signals.observe.find import Found, find
from signals.observe.health import endpoint
from signals.observe.location import Location
from signals.stack import Stack
from tests.support.deployed import Deployment, order, reconnect, wait_for

PRIMARY, SECONDARY = "us-west-2", "us-east-1"


def look(deployment: Deployment, signal: dict[str, Any]) -> Found:
    return find(deployment.stack, signal["id"], since=timedelta(hours=2))


def arrival(deployment: Deployment, signal: dict[str, Any], kind: str, seconds: float = 30.0) -> list[Location]:
    """The places of one kind that hold a signal, once there is one."""
    return wait_for(
        f"signal {signal['id']} is in no {kind}", lambda: look(deployment, signal).of(kind) or None, seconds
    )


@contextmanager
def inverted(stack: Stack) -> Iterator[None]:
    """The endpoint's health check inverted, through Route 53's API."""
    found = endpoint(stack)
    assert found is not None
    route53, check = stack.aws.client("route53", PRIMARY), found.health_check.id
    route53.update_health_check(HealthCheckId=check, Inverted=True)
    reconnect(stack)
    try:
        yield
    finally:
        route53.update_health_check(HealthCheckId=check, Inverted=False)
        reconnect(stack)


@contextmanager
def refusing_endpoint(stack: Stack) -> Iterator[None]:
    """No global endpoint for a while: every PutEvents through it is refused."""
    events, sqs = stack.aws.client("events", PRIMARY), stack.aws.client("sqs", PRIMARY)
    described = events.describe_endpoint(Name=stack.names.endpoint)
    wanted = ("Name", "Description", "RoutingConfig", "ReplicationConfig", "EventBuses", "RoleArn")
    spool = sqs.get_queue_url(QueueName=f"{stack.settings.name}-spool")["QueueUrl"]
    hidden = sqs.get_queue_attributes(QueueUrl=spool, AttributeNames=["VisibilityTimeout"])["Attributes"]
    # What republish could not send shows itself again after minutes: here after a second.
    sqs.set_queue_attributes(QueueUrl=spool, Attributes={"VisibilityTimeout": "1"})
    events.delete_endpoint(Name=stack.names.endpoint)
    try:
        yield
    finally:
        events.create_endpoint(**{name: described[name] for name in wanted})
        sqs.set_queue_attributes(QueueUrl=spool, Attributes=hidden)


@pytest.mark.parametrize("region", [PRIMARY, SECONDARY])
def test_a_signal_sent_to_either_regions_api_is_in_the_lake_once_and_enriched(
    deployment: Deployment, region: str
) -> None:
    signal = order(subject="customer-lake", data={"order": "A-7", "amount": 12.5})
    [result] = deployment.send(signal, region=region)
    assert (result["id"], result["accepted"], result["status"]) == (signal["id"], True, 202)
    arrival(deployment, signal, "lake")
    [lake] = look(deployment, signal).of("lake")
    assert lake.region == PRIMARY
    assert lake.content is not None
    assert {name: lake.content[name] for name in signal} == signal, "what the client said stays as it was"
    assert lake.content["ingestregion"] == region
    assert lake.content["enrichedregion"] == PRIMARY
    assert lake.content["producer"] == "demo"
    assert lake.content["clientnetwork"] == "127.0.0.0/24"


def test_a_healthy_endpoint_sends_to_the_primary_and_replicates_to_the_secondarys_archive(
    deployment: Deployment,
) -> None:
    signal = order()
    deployment.send(signal)
    [archived] = arrival(deployment, signal, "archive")
    assert (archived.region, archived.note) == (SECONDARY, f"replicated from {PRIMARY}")


def test_with_the_check_inverted_a_signal_enters_the_secondary_and_after_it_the_primary_again(
    deployment: Deployment,
) -> None:
    during, after = order(), order()
    with inverted(deployment.stack):
        assert deployment.status()["endpoint"]["active_region"] == SECONDARY
        deployment.send(during)
        [archived] = arrival(deployment, during, "archive")
        assert (archived.region, archived.note) == (SECONDARY, "entered here")
    assert deployment.status()["endpoint"]["active_region"] == PRIMARY
    deployment.send(after)
    [archived] = arrival(deployment, after, "archive")
    assert archived.note == f"replicated from {PRIMARY}"
    for signal in (during, after):
        assert [place.region for place in arrival(deployment, signal, "lake")] == [PRIMARY]


def test_what_the_endpoint_refuses_waits_in_the_spool_and_comes_to_the_lake(deployment: Deployment) -> None:
    signal = order()
    with refusing_endpoint(deployment.stack):
        [result] = deployment.send(signal)
        assert result["accepted"]
        assert result["status"] == 202
        [spooled] = arrival(deployment, signal, "spool")
        assert spooled.region == PRIMARY
        assert not look(deployment, signal).of("lake")
    arrival(deployment, signal, "lake", seconds=60)
    wait_for("the signal is still in the spool", lambda: not look(deployment, signal).of("spool"))


def test_an_active_active_consumer_sees_a_signal_in_both_regions_and_the_profiles_are_equal(
    deployment: Deployment,
) -> None:
    first, second, third = (
        order(subject="customer-both", time=f"2026-03-0{day}T12:00:00Z", data={"tier": tier})
        for day, tier in ((1, "new"), (2, "silver"), (3, "gold"))
    )
    before = {region: _delivered(deployment.stack, region) for region in deployment.stack.regions}
    # Out of order, one twice, through both Regions' APIs.
    for signal, region in ((third, PRIMARY), (first, SECONDARY), (second, PRIMARY), (first, PRIMARY)):
        deployment.send(signal, region=region)

    def profiles() -> list[Location] | None:
        found = look(deployment, first).of("profile")
        complete = [place for place in found if place.content and place.content["signals"] == 3]
        return complete if len(complete) == 2 else None

    primary, secondary = wait_for("the profile is not complete in both Regions", profiles)
    assert {primary.region, secondary.region} == {PRIMARY, SECONDARY}
    assert primary.content == secondary.content
    assert primary.content is not None
    assert (primary.content["first_seen"], primary.content["last_seen"]) == (first["time"], third["time"])
    assert primary.content["attributes"] == {"tier": "gold"}
    for region in deployment.stack.regions:
        wait_for(
            f"the consumer in {region} did not see all four",
            lambda region=region: _delivered(deployment.stack, region) >= before[region] + 4 or None,  # type: ignore[misc]
        )


def _delivered(stack: Stack, region: str) -> int:
    """How often the rule of the consumer `profile` has called it in one Region (CloudWatch, AWS/Events)."""
    now = datetime.now(UTC)
    points = stack.aws.client("cloudwatch", region).get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="Invocations",
        Dimensions=[
            {"Name": "RuleName", "Value": f"{stack.settings.name}-profile"},
            {"Name": "EventBusName", "Value": stack.names.data_bus},
        ],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return int(sum(point["Sum"] for point in points))


def test_a_queue_consumer_gets_the_signals_that_match_its_pattern(deployment: Deployment) -> None:
    wanted, other = order(type="order.placed"), order(type="page.viewed")
    deployment.send(wanted, other)
    [queued] = arrival(deployment, wanted, "queue")
    assert queued.where == f"{deployment.stack.settings.name}-orders"
    arrival(deployment, other, "lake")
    assert not look(deployment, other).of("queue")


def test_a_batch_with_a_bad_signal_delivers_the_others_and_says_which(deployment: Deployment) -> None:
    good, bad = order(), {"id": "bad", "type": "order.placed"}
    result = deployment.run("send", "-", "--json", stdin=json.dumps([good, bad]), code=1)
    accepted = {item["id"]: item["accepted"] for item in json.loads(result.stdout)["results"]}
    assert accepted == {good["id"]: True, "bad": False}
    arrival(deployment, good, "lake")
