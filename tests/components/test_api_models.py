"""What the settings take, the models of AWS's own APIs take: lengths, ranges, enumerations and patterns.

Neither the provider nor the embedded AWS checks all of these; AWS does, in the middle of a deployment.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.model
import botocore.session
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from components import resource_types as types
from components.setting_groups import Settings
from components.settings import PlatformSettings
from signals.recording.record import record
from signals.recording.resources import Recording
from tests.support.drawn import DRAWN, stacks, taken

_HINTS = "ExtendedS3DestinationConfiguration.BufferingHints"
# Each property that a setting reaches, and where its value goes: service, operation, and the member of its input.
MEMBERS: dict[tuple[str, str], tuple[str, str, str]] = {
    (types.FUNCTION, "name"): ("lambda", "CreateFunction", "FunctionName"),
    (types.FUNCTION, "memorySize"): ("lambda", "CreateFunction", "MemorySize"),
    (types.FUNCTION, "timeout"): ("lambda", "CreateFunction", "Timeout"),
    (types.FUNCTION, "reservedConcurrentExecutions"): (
        *("lambda", "PutFunctionConcurrency", "ReservedConcurrentExecutions"),
    ),
    (types.FUNCTION, "runtime"): ("lambda", "CreateFunction", "Runtime"),
    (types.FUNCTION, "handler"): ("lambda", "CreateFunction", "Handler"),
    (types.STREAM, "name"): ("firehose", "CreateDeliveryStream", "DeliveryStreamName"),
    (types.STREAM, "extendedS3Configuration.bufferingSize"): (
        "firehose",
        "CreateDeliveryStream",
        f"{_HINTS}.SizeInMBs",
    ),
    (types.STREAM, "extendedS3Configuration.bufferingInterval"): (
        *("firehose", "CreateDeliveryStream", f"{_HINTS}.IntervalInSeconds"),
    ),
    (types.LOG_GROUP, "name"): ("logs", "CreateLogGroup", "logGroupName"),
    (types.ALARM, "name"): ("cloudwatch", "PutMetricAlarm", "AlarmName"),
    (types.ALARM, "evaluationPeriods"): ("cloudwatch", "PutMetricAlarm", "EvaluationPeriods"),
    (types.ALARM, "alarmActions"): ("cloudwatch", "PutMetricAlarm", "AlarmActions"),
    (types.ALARM, "alarmDescription"): ("cloudwatch", "PutMetricAlarm", "AlarmDescription"),
    (types.BUS, "name"): ("events", "CreateEndpoint", "Name"),
    (types.ENDPOINT, "name"): ("events", "CreateEndpoint", "Name"),
    (types.RULE, "name"): ("events", "PutRule", "Name"),
    (types.RULE, "eventPattern"): ("events", "PutRule", "EventPattern"),
    (types.ARCHIVE, "name"): ("events", "CreateArchive", "ArchiveName"),
    (types.ARCHIVE, "retentionDays"): ("events", "CreateArchive", "RetentionDays"),
    (types.ROLE, "name"): ("iam", "CreateRole", "RoleName"),
    (types.TABLE, "name"): ("dynamodb", "CreateTable", "TableName"),
    (types.TABLE, "warmThroughput.readUnitsPerSecond"): (
        *("dynamodb", "CreateTable", "WarmThroughput.ReadUnitsPerSecond"),
    ),
    (types.TABLE, "warmThroughput.writeUnitsPerSecond"): (
        *("dynamodb", "CreateTable", "WarmThroughput.WriteUnitsPerSecond"),
    ),
    (types.COMPOSITE_ALARM, "alarmName"): ("cloudwatch", "PutCompositeAlarm", "AlarmName"),
    (types.SCHEDULE, "name"): ("scheduler", "CreateSchedule", "Name"),
    (types.DATABASE, "name"): ("glue", "CreateDatabase", "DatabaseInput.Name"),
    (types.WORKGROUP, "name"): ("athena", "CreateWorkGroup", "Name"),
    (types.CERTIFICATE, "domainName"): ("acm", "RequestCertificate", "DomainName"),
    (types.RECORD, "zoneId"): ("route53", "ChangeResourceRecordSets", "HostedZoneId"),
    (types.HEALTH_CHECK, "cloudwatchAlarmRegion"): (
        *("route53", "CreateHealthCheck", "HealthCheckConfig.AlarmIdentifier.Region"),
    ),
    (types.HEALTH_CHECK, "insufficientDataHealthStatus"): (
        *("route53", "CreateHealthCheck", "HealthCheckConfig.InsufficientDataHealthStatus"),
    ),
}
# Every service of the platform whose model says what a tag may be.
TAGS = [
    *(("iam", "CreateRole", "Tags"), ("lambda", "CreateFunction", "Tags"), ("logs", "CreateLogGroup", "tags")),
    *(("firehose", "CreateDeliveryStream", "Tags"), ("acm", "RequestCertificate", "Tags")),
    *(("events", "PutRule", "Tags"), ("cloudwatch", "PutMetricAlarm", "Tags"), ("glue", "CreateDatabase", "Tags")),
    *(("athena", "CreateWorkGroup", "Tags"), ("dynamodb", "CreateTable", "Tags"), ("sqs", "CreateQueue", "tags")),
]


@cache
def member(service: str, operation: str, path: str) -> botocore.model.Shape:
    """The member of an operation's input; of a list, its members."""
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    for name in path.split("."):
        shape = shape.members[name]
    return shape.member if shape.type_name == "list" else shape


def problems(shape: botocore.model.Shape, value: Any) -> Iterator[str]:
    """What a model has against a value."""
    rules, size = shape.metadata, len(value) if isinstance(value, str) else value
    if not rules.get("min", size) <= size <= rules.get("max", size):
        yield f"{shape.name} takes {rules.get('min')} to {rules.get('max')}, not {size}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"{shape.name} does not know {value}"
    if "pattern" in rules and not re.fullmatch(*_ascii(rules["pattern"], value)):
        yield f"{shape.name} is {rules['pattern']}, not {value!r}"


def _ascii(pattern: str, text: str) -> tuple[str, str]:
    """A pattern without Java's own classes of characters and surrogates, and a text with ASCII in the place of both."""
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    stand_ins = {"L": "a", "N": "0", "Z": " "}
    for kind, stand_in in stand_ins.items():
        pattern = pattern.replace(rf"\p{{{kind}}}", stand_in)
    if "a 0" not in pattern:
        return pattern, text
    return pattern, "".join(stand_ins.get(unicodedata.category(character)[0], character) for character in text)


def refused(recording: Recording) -> list[str]:
    found = []
    for (type_, path), place in MEMBERS.items():
        for resource in recording.resources(type_):
            given = resource.get(path)
            for value in given if isinstance(given, list) else [given] if given is not None else []:
                if "<<output" not in str(value):
                    found += [f"{resource.name} {path}: {problem}" for problem in problems(member(*place), value)]
    for provider in (resource for resource in recording.all if resource.is_provider):
        for key, value in provider.inputs["defaultTags"]["tags"].items():
            for place in TAGS:
                shape = member(*place)
                pair = (shape.key, shape.value) if shape.type_name == "map" else tuple(shape.members.values())
                for part, text in zip(pair, (key, value), strict=True):
                    found += [f"tag {key!r}, {place[0]}: {problem}" for problem in problems(part, text)]
    return found


def test_every_setting_is_drawn() -> None:
    # `republish` and `consumer_functions` are what `enrichment` is; runtime and architecture have a test below.
    undrawn = {"republish", "consumer_functions", "sources", "protection", "aws_endpoint"}
    undrawn |= {"functions.runtime", "functions.architecture"}
    every = set()
    for name, field in PlatformSettings.model_fields.items():
        group = field.annotation
        inner = isinstance(group, type) and issubclass(group, Settings) and name != "regions"
        every |= {f"{name}.{each}" for each in group.model_fields} if inner and name not in undrawn else {name}
    assert every - DRAWN.keys() == undrawn


@pytest.mark.slow
@hypothesis_settings(max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(drawn=stacks)
def test_the_models_of_awss_apis_take_whatever_the_settings_take(drawn: dict[str, list[Any]]) -> None:
    assert refused(record("prod", taken(drawn))) == []


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (MEMBERS[types.STREAM, "extendedS3Configuration.bufferingSize"], 129, "takes 1 to 128, not 129"),
        (MEMBERS[types.RULE, "name"], "a b", "not 'a b'"),
        (MEMBERS[types.CERTIFICATE, "domainName"], "-a.example", "not '-a.example'"),
        (MEMBERS[types.FUNCTION, "runtime"], "python2.1", "does not know python2.1"),
        (MEMBERS[types.ARCHIVE, "name"], "a" * 49, "takes 1 to 48, not 49"),
    ],
)
def test_a_model_says_what_it_has_against_a_value(place: tuple[str, str, str], value: Any, says: str) -> None:
    assert says in "".join(problems(member(*place), value))


def test_a_model_of_tags_says_what_it_has_against_a_character() -> None:
    key = member("iam", "CreateRole", "Tags").members["Key"]
    assert not [*problems(key, "größe 1")]
    assert "not 'a,b'" in "".join(problems(key, "a,b"))
