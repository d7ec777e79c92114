"""Nothing is dropped on the way: every target, every function, every queue (aws-facts 7)."""

import json

import pytest

from components.resource_types import (
    ALARM,
    ASYNC_CONFIG,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS,
    CATALOG_TABLE,
    FUNCTION,
    MAPPING,
    PERMISSION,
    QUEUE,
    QUEUE_POLICY,
    RULE,
    SCHEDULE,
    STREAM,
    TARGET,
)
from signals.recording.resources import Recording
from tests.support.reading import referred, role_statements, statements

DEFAULT_RETRIES = {"maximumEventAgeInSeconds": 86_400, "maximumRetryAttempts": 185}


def _policy(recording: Recording, queue_name: str) -> list[dict]:
    return statements(recording.resource(QUEUE_POLICY, queue_name.removesuffix("-queue") + "-policy").inputs["policy"])


def test_every_target_has_a_retry_policy_and_a_dead_letter_queue_that_its_rule_may_send_to(platform: Recording) -> None:
    targets = platform.resources(TARGET)
    assert len(targets) >= 4
    for target in targets:
        assert target.inputs["retryPolicy"] == DEFAULT_RETRIES
        queue = referred(platform, target.inputs["deadLetterConfig"]["arn"])
        rule = referred(platform, target.inputs["rule"])
        assert queue.region == rule.region == target.region
        (send,) = [s for s in _policy(platform, queue.name) if s["Effect"] == "Allow"]
        assert send["Action"] == ["sqs:SendMessage"]
        assert send["Principal"] == {"Service": "events.amazonaws.com"}
        sources = send["Condition"]["ArnEquals"]["aws:SourceArn"]
        assert [referred(platform, arn) for arn in sources] == [rule]


def test_a_queue_that_is_a_target_lets_just_that_rule_send(prod: Recording) -> None:
    for queue_name, rule_arn in {
        "heartbeat-sink-queue": (
            "arn:aws:events:us-west-2:444455556666:rule/signals-prod-ingress/signals-prod-heartbeat"
        ),
        "processing-us-west-2-orders-queue-queue": (
            "arn:aws:events:us-west-2:444455556666:rule/signals-prod-data/signals-prod-orders"
        ),
    }.items():
        (send,) = [s for s in _policy(prod, queue_name) if s["Effect"] == "Allow"]
        assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": [rule_arn]}}
        rules = {
            f"arn:aws:events:{r.region}:444455556666:rule/{referred(prod, r.inputs['eventBusName']).inputs['name']}"
            f"/{r.inputs['name']}"
            for r in prod.resources(RULE)
        }
        assert rule_arn in rules


def test_every_function_that_a_rule_invokes_has_a_failure_destination_that_it_may_send_to(platform: Recording) -> None:
    invoked = [t.inputs["arn"] for t in platform.resources(TARGET) if "lambda/alias" in t.inputs["arn"]]
    assert invoked
    invoked += [s.inputs["target"]["arn"] for s in platform.resources(SCHEDULE) if "alias" in s.inputs["target"]["arn"]]
    configured = {c.inputs["functionName"]: c for c in platform.resources(ASYNC_CONFIG)}
    for arn in invoked:
        alias = referred(platform, arn)
        config = configured[alias.inputs["functionName"]]
        assert referred(platform, config.inputs["qualifier"]) == alias
        assert config.inputs["maximumRetryAttempts"] == 2
        assert config.inputs["maximumEventAgeInSeconds"] == 21_600  # Lambda's own default: six hours of throttling
        destination = config.inputs["destinationConfig"]["onFailure"]["destination"]
        role = referred(platform, referred(platform, alias.inputs["functionName"]).inputs["role"])
        may_send = [s["Resource"] for s in role_statements(platform, role.name) if "sqs:SendMessage" in s["Action"]]
        assert [destination] in may_send


def test_every_rule_that_invokes_a_function_is_allowed_to(platform: Recording) -> None:
    permissions = [r.inputs for r in platform.resources(PERMISSION) if "rule" in r.inputs["statementId"]]
    for target in platform.resources(TARGET):
        if "lambda/alias" not in target.inputs["arn"]:
            continue
        rule = referred(platform, target.inputs["rule"])
        assert [
            p
            for p in permissions
            if referred(platform, p["sourceArn"]) == rule
            and p["principal"] == "events.amazonaws.com"
            and referred(platform, p["qualifier"]) == referred(platform, target.inputs["arn"])
        ]


def test_every_queue_that_should_be_empty_is_alarmed(platform: Recording) -> None:
    alarmed = {
        referred(platform, a.inputs["dimensions"]["QueueName"]).name
        for a in platform.resources(ALARM)
        if a.inputs["metricName"] == "ApproximateNumberOfMessagesVisible"
    }
    expected = {
        q.name
        for q in platform.resources(QUEUE)
        if q.inputs["name"].endswith(("-dlq", "-failed", "-quarantine", "-spool"))
    }
    assert alarmed == expected


def test_a_failure_counter_that_is_silent_is_no_alarm(platform: Recording) -> None:
    for alarm in platform.resources(ALARM):
        if alarm.inputs["namespace"] == "AWS/SQS":
            assert alarm.inputs["treatMissingData"] == "notBreaching"


def test_every_queue_refuses_what_does_not_come_over_tls(platform: Recording) -> None:
    for queue in platform.resources(QUEUE):
        (deny,) = [s for s in _policy(platform, queue.name) if s["Effect"] == "Deny"]
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_nobody_fetched_is_kept_as_long_as_sqs_keeps_anything(platform: Recording) -> None:
    for queue in platform.resources(QUEUE):
        if queue.inputs["name"].endswith(("-dlq", "-failed", "-quarantine", "-spool")):
            assert queue.inputs["messageRetentionSeconds"] == 14 * 86_400


def test_spool_and_return_path_are_retried_for_a_day_and_one_bad_message_does_not_hold_up_its_batch(
    platform: Recording,
) -> None:
    mappings = platform.resources(MAPPING)
    drained = [referred(platform, m.inputs["eventSourceArn"]).name for m in mappings]
    assert sorted(drained) == ["return-queue-queue", "spool-us-east-1-queue-queue", "spool-us-west-2-queue-queue"]
    for mapping in mappings:
        assert (mapping.inputs.get("enabled", True), mapping.inputs["batchSize"]) == (True, 10)
        assert mapping.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
        queue = referred(platform, mapping.inputs["eventSourceArn"])
        redrive = json.loads(queue.inputs["redrivePolicy"])
        assert redrive["maxReceiveCount"] * queue.inputs["visibilityTimeoutSeconds"] >= 86_400
        assert (
            referred(platform, redrive["deadLetterTargetArn"]).inputs["name"].endswith(("-spool-dlq", "-return-failed"))
        )
        function = referred(platform, referred(platform, mapping.inputs["functionName"]).inputs["functionName"])
        assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * function.inputs["timeout"]


def test_the_lake_writes_a_line_a_signal_compressed_and_partitioned_by_time(platform: Recording) -> None:
    (stream,) = platform.resources(STREAM)
    s3 = stream.inputs["extendedS3Configuration"]
    assert s3["compressionFormat"] == "GZIP"
    assert s3["prefix"] == "signals/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    assert [p["type"] for p in s3["processingConfiguration"]["processors"]] == ["AppendDelimiterToRecord"]
    (target,) = [t for t in platform.resources(TARGET) if "firehose" in t.inputs["arn"].lower()]
    assert target.inputs["inputPath"] == "$.detail"
    assert referred(platform, target.inputs["roleArn"]).name == "processing-us-west-2-lake-delivery"


def test_the_lakes_bucket_is_closed(platform: Recording) -> None:
    block = platform.resource(BUCKET_PUBLIC_ACCESS, "processing-us-west-2-lake-public-access")
    for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        assert block.inputs[key] is True
    policy = platform.resource(BUCKET_POLICY, "processing-us-west-2-lake-policy").inputs["policy"]
    (deny,) = statements(policy)
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_table_projects_the_partitions_that_the_stream_writes(prod: Recording) -> None:
    table = prod.resource(CATALOG_TABLE, "processing-us-west-2-lake-table")
    assert table.inputs["parameters"]["storage.location.template"] == (
        "s3://signals-prod-lake-444455556666-us-west-2/signals/dt=${dt}/hour=${hour}/"
    )
    assert [key["name"] for key in table.inputs["partitionKeys"]] == ["dt", "hour"]


@pytest.mark.parametrize("name", ["enrichment", "profile"])
def test_no_role_has_a_wildcard_action(prod: Recording, name: str) -> None:
    roles = [referred(prod, f.inputs["role"]) for f in prod.resources(FUNCTION) if f.inputs["name"].endswith(name)]
    assert roles
    for role in roles:
        for statement in role_statements(prod, role.name):
            assert not [a for a in statement["Action"] if "*" in a]
            if statement["Resource"] == ["*"]:
                assert all(action.startswith("xray:") for action in statement["Action"])


def test_no_two_functions_share_a_role(platform: Recording) -> None:
    roles = [f.inputs["role"] for f in platform.resources(FUNCTION)]
    assert len(set(roles)) == len(roles)


def test_a_queue_that_no_function_of_ours_drains_hides_a_message_as_long_as_sqs_does_by_itself(
    platform: Recording,
) -> None:
    drained = [referred(platform, m.inputs["eventSourceArn"]) for m in platform.resources(MAPPING)]
    for queue in platform.resources(QUEUE):
        if queue not in drained:
            assert queue.inputs["visibilityTimeoutSeconds"] == 30, queue.name


def test_every_schedule_runs_once_a_minute_and_is_on(platform: Recording) -> None:
    schedules = platform.resources(SCHEDULE)
    assert len(schedules) >= 2
    for schedule in schedules:
        assert schedule.inputs.get("state", "ENABLED") == "ENABLED"
        assert schedule.inputs["scheduleExpression"] == "rate(1 minute)"
