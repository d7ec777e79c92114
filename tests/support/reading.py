"""How the tests read a recording: policies as documents, references as the resources they name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from components.parts.references import Reference
from signals.recording.resources import Recording, Resource

BUS = "aws:cloudwatch/eventBus:EventBus"
ENDPOINT = "aws:cloudwatch/eventEndpoint:EventEndpoint"
ARCHIVE = "aws:cloudwatch/eventArchive:EventArchive"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"
RECORD = "aws:route53/record:Record"
SCHEDULE = "aws:scheduler/schedule:Schedule"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
ASYNC = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
TABLE = "aws:dynamodb/table:Table"
STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
BUCKET = "aws:s3/bucket:Bucket"


def referred(recording: Recording, value: str) -> Resource:
    """The resource that a whole-string reference names."""
    reference = Reference.parse(value)
    assert reference, f"{value} is no reference"
    return recording.resource(reference.type, reference.name)


def statements(policy: str) -> list[dict[str, Any]]:
    """A policy document's statements, actions and resources always as lists."""
    document = json.loads(policy)["Statement"]
    as_list = {key: lambda value: value if isinstance(value, list) else [value] for key in ("Action", "Resource")}
    return [{k: as_list[k](v) if k in as_list else v for k, v in statement.items()} for statement in document]


def role_statements(recording: Recording, role_name: str) -> list[dict[str, Any]]:
    """What the role of that logical name may do."""
    return statements(recording.resource(ROLE_POLICY, f"{role_name}-policy").inputs["policy"])


def publishers(recording: Recording) -> Iterator[Resource]:
    """Functions that publish through the global endpoint."""
    for function in recording.resources(FUNCTION):
        if "EVENT_ENDPOINT_ID" in function.inputs["environment"]["variables"]:
            yield function
