"""PutEvents and rules on one bus (User Guide, "Sending events with PutEvents"; API reference, PutEvents)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.support.embedded import Aws, eventually, rule_arn


def test_an_event_for_a_missing_bus_is_answered_with_an_id_and_gone(aws: Aws) -> None:
    answer = aws.put("no-such-bus")
    assert answer["FailedEntryCount"] == 0
    assert answer["Entries"][0]["EventId"]


def test_each_entry_is_refused_for_its_own_fault(aws: Aws, name: str) -> None:
    aws.bus(name)
    good = {"Source": "test", "DetailType": "Test", "Detail": "{}", "EventBusName": name}
    entries = [good, {**good, "Detail": "{"}, {**good, "Detail": "[]"}, {**good, "Source": "aws.x"}]
    answer = aws("events").put_events(Entries=[*entries, {k: v for k, v in good.items() if k != "DetailType"}])
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    refused = ["MalformedDetail", "MalformedDetail", "NotAuthorizedForSourceException", "InvalidArgument"]
    assert codes == [None, *refused]
    assert answer["FailedEntryCount"] == 4


def test_a_request_holds_less_than_a_megabyte(aws: Aws, name: str) -> None:
    aws.bus(name)
    rest = len("test") + len("Test") + len('{"a":""}')
    largest = json.dumps({"a": "x" * (999_999 - rest)}, separators=(",", ":"))
    entry = {"Source": "test", "DetailType": "Test", "Detail": largest, "EventBusName": name}
    assert aws("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="over the limit"):
        aws("events").put_events(Entries=[{**entry, "Source": "test2"}])


def test_a_given_time_is_the_events_time(aws: Aws, name: str) -> None:
    aws.bus(name)
    queue = aws.queue(name, sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": ["test"]}, Arn=queue)
    entry = {"Source": "test", "DetailType": "Test", "Detail": "{}", "EventBusName": name}
    aws("events").put_events(Entries=[{**entry, "Time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}])
    (message,) = eventually(lambda: aws.messages(queue))
    assert json.loads(message["Body"])["time"] == "2026-01-02T03:04:05Z"


def test_the_first_invocation_is_measured_without_dimensions(aws: Aws, name: str) -> None:
    """User Guide, "Monitoring EventBridge": the form that the failover alarm watches."""
    aws.bus(name)
    aws.rule(name, "r", {"source": ["test"]}, Arn=aws.queue(name, sender=rule_arn(name, "r")))
    aws.put(name)
    cloudwatch = aws("cloudwatch")
    now = datetime.now(UTC)
    statistics = cloudwatch.get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="IngestionToInvocationStartLatency",
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["SampleCount", "Average"],
    )
    assert statistics["Datapoints"]
    assert 0 <= statistics["Datapoints"][0]["Average"] < 30_000


def test_a_region_that_is_ill_refuses_the_request(aws: Aws, name: str) -> None:
    aws.bus(name)
    aws.faults(refusing_regions=["us-west-2"])
    try:
        with pytest.raises(ClientError, match="InternalException"):
            aws.put(name)
        assert aws.put(name, region="us-east-1")["FailedEntryCount"] == 0
    finally:
        aws.faults()
