"""What `PUT /_signals/faults` makes fail, and that clearing is complete."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.local.test_global_endpoint import Endpoint, make
from tests.local.test_http_api import Api, api  # noqa: F401 - the second is a fixture
from tests.support.embedded import ACCOUNT, EAST, ROLE, WEST, Aws, eventually


@pytest.fixture(autouse=True)
def healed(aws: Aws) -> Iterator[None]:
    yield
    aws.faults()


@pytest.fixture
def endpoint(aws: Aws, name: str) -> Endpoint:
    return make(aws, name)


def test_a_fault_that_there_is_not_is_refused_and_nothing_changes(aws: Aws) -> None:
    aws.faults(slow_endpoints_s=0.01)
    url = f"{aws.url}/_signals/faults"
    assert httpx.put(url, json={"no_such_fault": True}).status_code == 400
    assert httpx.get(url).json()["slow_endpoints_s"] == 0.01
    aws.faults()
    assert httpx.get(url).json()["slow_endpoints_s"] == 0


def test_a_slow_endpoint_takes_the_event_late(aws: Aws, endpoint: Endpoint) -> None:
    aws.faults(slow_endpoints_s=0.5)
    began = time.monotonic()
    assert endpoint.put()["FailedEntryCount"] == 0
    assert time.monotonic() - began >= 0.5
    assert len(endpoint.received(WEST)) == 1
    began = time.monotonic()
    aws.put(endpoint.name)
    assert time.monotonic() - began < 0.5, "a Region's own address is as fast as ever"


def test_entries_are_refused_one_by_one_in_an_answer_with_200(aws: Aws, endpoint: Endpoint) -> None:
    aws.faults(refuse_every_entry=2)
    entry = {"Source": "test", "DetailType": "Test", "EventBusName": endpoint.name}
    entries = [{**entry, "Detail": json.dumps({"n": n})} for n in range(4)]
    answer = aws("events").put_events(EndpointId=endpoint.endpoint_id, Entries=entries)
    taken = [n for n, result in enumerate(answer["Entries"]) if "EventId" in result]
    assert answer["FailedEntryCount"] == 2
    assert len(taken) == 2
    assert taken[1] - taken[0] == 2, "every second one, whatever was sent before"
    refused = {result["ErrorCode"] for result in answer["Entries"] if "EventId" not in result}
    assert refused == {"ThrottlingException"}
    assert eventually(lambda: sorted(e["detail"]["n"] for e in endpoint.received(WEST))) == taken


def test_no_copy_leaves_while_replication_is_cut_and_each_does_after(aws: Aws, endpoint: Endpoint) -> None:
    aws.faults(cut_replication=True)
    endpoint.put(detail={"n": 1})
    assert [e["detail"] for e in endpoint.received(WEST)] == [{"n": 1}]
    assert aws.messages(endpoint.queues[EAST]) == []
    aws.faults()
    assert [e["detail"] for e in eventually(lambda: endpoint.received(EAST))] == [{"n": 1}]


def test_replication_gives_up_when_its_time_is_over(aws: Aws, endpoint: Endpoint) -> None:
    aws.faults(cut_replication=True, replication_gives_up_s=0.5)
    endpoint.put()
    time.sleep(1.0)
    aws.faults()
    assert len(endpoint.received(WEST)) == 1
    assert endpoint.received(EAST) == []


def test_an_event_for_a_bus_that_is_missing_is_answered_with_an_id_and_gone(aws: Aws, endpoint: Endpoint) -> None:
    aws.faults(missing_buses=[endpoint.name])
    assert endpoint.put()["Entries"][0]["EventId"]
    aws.faults()
    assert endpoint.received(WEST) == []


def test_a_queue_that_is_faulty_takes_no_message_from_a_client(aws: Aws, name: str) -> None:
    queue = aws.queue(name)
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    aws.faults(refusing_queues=[name])
    with pytest.raises(ClientError) as refused:
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    aws.faults()
    sqs.send_message(QueueUrl=url, MessageBody="y")
    assert [message["Body"] for message in aws.messages(queue)] == ["y"]


def test_a_function_that_is_made_to_fail_reaches_its_on_failure_destination(aws: Aws, name: str) -> None:
    failed = aws.queue(f"{name}-failed")
    aws.function(name, "def handler(event, context): return 'done'")
    settings: dict[str, Any] = {"DestinationConfig": {"OnFailure": {"Destination": failed}}, "MaximumRetryAttempts": 0}
    aws("lambda").put_function_event_invoke_config(FunctionName=name, Qualifier="live", **settings)
    aws.faults(failing_functions=[name])
    answer = aws("lambda").invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    assert answer["FunctionError"]
    aws("lambda").invoke(FunctionName=name, Qualifier="live", Payload=b'{"n": 1}', InvocationType="Event")
    [message] = eventually(lambda: aws.messages(failed))
    assert json.loads(message["Body"])["requestPayload"] == {"n": 1}
    aws.faults()
    assert aws("lambda").invoke(FunctionName=name, Qualifier="live", Payload=b"{}")["Payload"].read() == b'"done"'


def test_an_api_that_is_faulty_answers_503_in_its_region_alone(aws: Aws, api: Api) -> None:  # noqa: F811
    aws.faults(refusing_apis=[EAST])
    assert api.request("GET", "/health").status_code != 503
    aws.faults(refusing_apis=[WEST])
    refused = api.request("GET", "/health")
    assert (refused.status_code, refused.json()) == (503, {"message": "Service Unavailable"})


def test_a_stream_that_is_throttled_gets_its_records_later(aws: Aws, name: str) -> None:
    bucket = f"{name}-lake"
    aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": WEST})
    aws("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
        },
    )
    aws.bus(name)
    stream = f"arn:aws:firehose:{WEST}:{ACCOUNT}:deliverystream/{name}"
    aws.rule(name, "all", {"source": ["test"]}, Arn=stream, RoleArn=ROLE)
    aws.faults(refusing_streams=[name])
    aws.put(name)
    time.sleep(0.5)
    assert "Contents" not in aws("s3").list_objects_v2(Bucket=bucket)
    aws.faults()
    assert eventually(lambda: aws("s3").list_objects_v2(Bucket=bucket).get("Contents"))
