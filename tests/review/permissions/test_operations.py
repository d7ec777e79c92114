"""Requests are told apart as IAM tells them."""

from typing import Any

import pytest

from tests.support.operations import actions


@pytest.mark.parametrize(
    ("request_", "action"),
    [
        ({"service": "sqs", "operation": "CreateQueue"}, "sqs:CreateQueue"),
        ({"service": "monitoring", "operation": "PutMetricAlarm"}, "cloudwatch:PutMetricAlarm"),
        ({"service": "apigateway", "method": "POST", "path": "/v2/apis"}, "apigateway:POST"),
        ({"service": "lambda", "path": "/2015-03-31/functions/f/aliases/live"}, "lambda:GetAlias"),
        ({"service": "lambda", "path": "/2015-03-31/functions/f"}, "lambda:GetFunction"),
        ({"service": "s3", "path": "/bucket", "query": ["policy"]}, "s3:GetBucketPolicy"),
        ({"service": "s3", "path": "/bucket", "query": ["encryption"]}, "s3:GetEncryptionConfiguration"),
        ({"service": "s3", "method": "PUT", "path": "/bucket"}, "s3:CreateBucket"),
        ({"service": "route53", "path": "/2013-04-01/healthcheck/1"}, "route53:GetHealthCheck"),
        ({"service": "scheduler", "method": "POST", "path": "/schedules/s"}, "scheduler:CreateSchedule"),
    ],
)
def test_a_request_needs_its_action(request_: dict[str, Any], action: str) -> None:
    assert actions([{"method": "GET", "query": [], "operation": "", "path": "/", **request_}]) == {action}
