"""Which properties force a replacement: what both sources say, and what is said when they say nothing."""

import pytest

from components.resource_types import (
    ARCHIVE,
    BUCKET,
    BUS,
    CERTIFICATE,
    FUNCTION,
    HEALTH_CHECK,
    LOG_GROUP,
    QUEUE,
    ROLE_POLICY,
    STREAM,
    TABLE,
)
from signals.recording.record import record
from signals.review.preview.replacement import HOLDS_DATA, verdict


@pytest.mark.parametrize(
    ("type_", "path", "kind"),
    [
        (BUS, ("name",), "replace"),
        (BUS, ("description",), "update"),
        (ARCHIVE, ("eventSourceArn",), "replace"),
        (ARCHIVE, ("retentionDays",), "update"),
        (LOG_GROUP, ("name",), "replace"),
        (LOG_GROUP, ("logGroupClass",), "replace"),
        (LOG_GROUP, ("retentionInDays",), "update"),
        (TABLE, ("hashKey",), "replace"),
        (TABLE, ("billingMode",), "update"),
        (BUCKET, ("bucket",), "replace"),
        (BUCKET, ("objectLockEnabled",), "replace"),
        (QUEUE, ("fifoQueue",), "replace"),
        (QUEUE, ("messageRetentionSeconds",), "update"),
        (STREAM, ("name",), "replace"),
        (
            STREAM,
            ("extendedS3Configuration", "bufferingInterval"),
            "update",
        ),
        (ROLE_POLICY, ("name",), "replace"),
        (ROLE_POLICY, ("policy", "Statement"), "update"),
        (HEALTH_CHECK, ("type",), "replace"),
        (HEALTH_CHECK, ("invertHealthcheck",), "update"),
        (CERTIFICATE, ("subjectAlternativeNames", 0), "replace"),
        (FUNCTION, ("code", "sha256"), "update"),
        ("aws:ssm/parameter:Parameter", ("name",), "unknown"),
    ],
)
def test_a_property_is_judged_by_what_is_published(type_: str, path: tuple[str | int, ...], kind: str) -> None:
    assert verdict(type_, path).kind == kind


def test_each_answer_names_its_sources_and_says_where_they_differ() -> None:
    both = verdict(QUEUE, ("name",)).source
    assert both.startswith("hashicorp/aws 5.100.0 and AWS's resource schemas")
    provider_only = verdict(TABLE, ("hashKey",)).source
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
