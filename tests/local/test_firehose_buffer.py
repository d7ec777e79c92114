"""Firehose to S3 (Firehose Developer Guide: buffering hints, custom prefixes, record delimiters)."""

import gzip
import json
import re
import time
from typing import Any

from tests.support.embedded import ROLE, Aws, eventually, rule_arn


def stream(aws: Aws, name: str, *, seconds: int = 1, megabytes: int = 1, **destination: Any) -> str:
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    delimiter = {"ParameterName": "Delimiter", "ParameterValue": "\\n"}
    processor = {"Type": "AppendDelimiterToRecord", "Parameters": [delimiter]}
    created = aws("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{name}",
            "Prefix": "signals/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/",
            "BufferingHints": {"IntervalInSeconds": seconds, "SizeInMBs": megabytes},
            "CompressionFormat": "GZIP",
            "ProcessingConfiguration": {"Enabled": True, "Processors": [processor]},
            **destination,
        },
    )
    return str(created["DeliveryStreamARN"])


def objects(aws: Aws, bucket: str) -> dict[str, bytes]:
    s3 = aws("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_records_of_one_interval_make_one_compressed_object_with_a_line_each(aws: Aws, name: str) -> None:
    stream(aws, name)
    records = [{"Data": json.dumps({"n": number}).encode()} for number in range(3)]
    aws("firehose").put_record_batch(DeliveryStreamName=name, Records=records[:2])
    aws("firehose").put_record(DeliveryStreamName=name, Record=records[2])
    assert objects(aws, name) == {}, "nothing before the interval is over"
    ((key, body),) = eventually(lambda: objects(aws, name)).items()
    assert gzip.decompress(body) == b'{"n": 0}\n{"n": 1}\n{"n": 2}\n'
    day = r"\d{4}-\d\d-\d\d"
    assert re.fullmatch(rf"signals/dt={day}/hour=\d\d/{name}-1-{day}-\d\d-\d\d-\d\d-[0-9a-f-]{{36}}\.gz", key)


def test_a_full_buffer_does_not_wait_for_the_interval(aws: Aws, name: str) -> None:
    stream(aws, name, seconds=900)
    records = [{"Data": b"x" * 600_000} for _ in range(2)]
    aws("firehose").put_record_batch(DeliveryStreamName=name, Records=records)
    assert len(eventually(lambda: objects(aws, name))) == 1


def test_an_interval_of_zero_writes_at_once(aws: Aws, name: str) -> None:
    stream(aws, name, seconds=0)
    aws("firehose").put_record(DeliveryStreamName=name, Record={"Data": b"{}"})
    started = time.monotonic()
    assert eventually(lambda: objects(aws, name))
    assert time.monotonic() - started < 1


def test_a_delivery_that_fails_is_tried_again(aws: Aws, name: str) -> None:
    stream(aws, name, seconds=0, BucketARN=f"arn:aws:s3:::{name}-later")
    aws("firehose").put_record(DeliveryStreamName=name, Record={"Data": b"{}"})
    time.sleep(0.5)
    aws("s3").create_bucket(Bucket=f"{name}-later", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert eventually(lambda: objects(aws, f"{name}-later"))


def test_a_rule_delivers_the_part_that_its_input_path_names(aws: Aws, name: str) -> None:
    arn = stream(aws, name, seconds=0)
    aws.bus(name)
    aws.rule(name, "r", {"source": ["test"]}, Arn=arn, RoleArn=ROLE, InputPath="$.detail")
    aws.put(name, {"id": "1"})
    (body,) = eventually(lambda: objects(aws, name)).values()
    assert gzip.decompress(body) == b'{"id":"1"}\n'


def test_a_rule_without_a_role_cannot_reach_a_stream(aws: Aws, name: str) -> None:
    arn = stream(aws, name, seconds=0)
    aws.bus(name)
    dead_letters = aws.queue(name, sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": ["test"]}, Arn=arn, DeadLetterConfig={"Arn": dead_letters})
    aws.put(name)
    assert len(aws.messages(dead_letters)) == 1


def test_a_stream_is_described_as_it_was_created(aws: Aws, name: str) -> None:
    """Terraform plans a change for whatever is not read back."""
    stream(aws, name, CustomTimeZone="UTC", FileExtension=".jsonl.gz")
    described = aws("firehose").describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    destination = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert described["DeliveryStreamStatus"] == "ACTIVE"
    assert destination["CustomTimeZone"] == "UTC"
    assert destination["FileExtension"] == ".jsonl.gz"
    assert destination["BufferingHints"] == {"IntervalInSeconds": 1, "SizeInMBs": 1}
