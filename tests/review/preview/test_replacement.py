"""Which properties force a replacement: what both sources say, and what is said when they say nothing."""

from __future__ import annotations

import pytest

from signals.recording.record import record
from signals.review.preview.replacement import HOLDS_DATA, verdict


@pytest.mark.parametrize(
    ("type_", "path", "kind"),
    [
        ("aws:cloudwatch/eventBus:EventBus", ("name",), "replace"),
        ("aws:cloudwatch/eventBus:EventBus", ("description",), "update"),
        ("aws:cloudwatch/eventArchive:EventArchive", ("eventSourceArn",), "replace"),
        ("aws:cloudwatch/eventArchive:EventArchive", ("retentionDays",), "update"),
        ("aws:cloudwatch/logGroup:LogGroup", ("name",), "replace"),
        ("aws:cloudwatch/logGroup:LogGroup", ("logGroupClass",), "replace"),
        ("aws:cloudwatch/logGroup:LogGroup", ("retentionInDays",), "update"),
        ("aws:dynamodb/table:Table", ("hashKey",), "replace"),
        ("aws:dynamodb/table:Table", ("billingMode",), "update"),
        ("aws:s3/bucket:Bucket", ("bucket",), "replace"),
        ("aws:s3/bucket:Bucket", ("objectLockEnabled",), "replace"),
        ("aws:sqs/queue:Queue", ("fifoQueue",), "replace"),
        ("aws:sqs/queue:Queue", ("messageRetentionSeconds",), "update"),
        ("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", ("name",), "replace"),
        (
            "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
            ("extendedS3Configuration", "bufferingInterval"),
            "update",
        ),
        ("aws:route53/healthCheck:HealthCheck", ("type",), "replace"),
        ("aws:route53/healthCheck:HealthCheck", ("invertHealthcheck",), "update"),
        ("aws:acm/certificate:Certificate", ("subjectAlternativeNames", 0), "replace"),
        ("aws:lambda/function:Function", ("code", "sha256"), "update"),
        ("aws:ssm/parameter:Parameter", ("name",), "unknown"),
    ],
)
def test_a_property_is_judged_by_what_is_published(type_: str, path: tuple[str | int, ...], kind: str) -> None:
    assert verdict(type_, path).kind == kind


def test_each_answer_names_its_sources_and_says_where_they_differ() -> None:
    both = verdict("aws:sqs/queue:Queue", ("name",)).source
    assert both.startswith("hashicorp/aws 5.100.0 and AWS's resource schemas")
    provider_only = verdict("aws:dynamodb/table:Table", ("hashKey",)).source
    assert provider_only == "hashicorp/aws 5.100.0"
    assert verdict("aws:ssm/parameter:Parameter", ("name",)).source == "not documented"


def test_every_property_that_a_stack_sets_on_what_holds_data_has_an_answer() -> None:
    unknown = {
        (resource.type, name)
        for resource in record("prod").all
        if resource.type in HOLDS_DATA
        for name in resource.inputs
        if verdict(resource.type, (name,)).kind == "unknown" and not isinstance(resource.inputs[name], list | dict)
    }
    assert unknown == set()
