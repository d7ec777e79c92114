"""A redrive's estimate: how long, what limits it, whether SQS keeps the messages that long, and what to do if not."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signals.recover.estimate import Estimate, estimate, live_traffic_guard
from signals.recover.sending import Target
from tests.recover.support import ScriptedStack, arn
from tests.support.hand_made import PRIMARY, signal

DAY_S = 86_400
BATCH_OF_25 = {"detail": {"signals": [signal(f"s-{number}") for number in range(25)]}}
ENRICHMENT = arn("lambda", PRIMARY, "function:hand-made-enrichment:live")
FAILED = {"requestContext": {"functionArn": ENRICHMENT}, "requestPayload": BATCH_OF_25}


class Queue:
    """SQS with one queue of very many equal messages, the oldest of which came some days ago."""

    def __init__(self, messages: int, body: Any, days: float, attributes: Mapping[str, str] | None = None) -> None:
        self.messages, self.body, self.put_back = messages, json.dumps(body), 0
        self.sent_at_ms = int((time.time() - days * DAY_S) * 1000)
        self.attributes = {k: {"DataType": "String", "StringValue": v} for k, v in (attributes or {}).items()}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        time.sleep(0.005)  # a round trip
        counts = {"ApproximateNumberOfMessages": str(self.messages), "ApproximateNumberOfMessagesNotVisible": "0"}
        return {"Attributes": {**counts, "MessageRetentionPeriod": str(14 * DAY_S)}}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        message = {
            "MessageId": "m",
            "ReceiptHandle": "r",
            "Body": self.body,
            "Attributes": {"SentTimestamp": str(self.sent_at_ms)},
            "MessageAttributes": self.attributes,
        }
        return {"Messages": [message] * min(10, self.messages)}

    def change_message_visibility_batch(self, Entries: Any, **_: Any) -> None:  # noqa: N803
        assert {entry["VisibilityTimeout"] for entry in Entries} == {0}
        self.put_back += len(Entries)


class Metrics:
    """CloudWatch with one value a metric."""

    def __init__(self, **values: float) -> None:
        self.values = values

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        value = self.values.get(request["MetricName"])
        return {"Datapoints": [] if value is None else [{request["Statistics"][0]: value}]}


class Events:
    """A bus whose lake's rule has its stream as a target, and an archive."""

    def __init__(self, archived: int) -> None:
        self.archived = archived

    def list_targets_by_rule(self, **_: Any) -> dict[str, Any]:
        return {"Targets": [{"Arn": STREAM, "InputPath": "$.detail"}]}

    def describe_archive(self, **_: Any) -> dict[str, Any]:
        created = datetime.now(UTC) - timedelta(days=30)
        return {"EventCount": self.archived, "SizeBytes": self.archived * 64_000, "CreationTime": created}


class Functions:
    def list_event_source_mappings(self, **_: Any) -> dict[str, Any]:
        return {"EventSourceMappings": [{"BatchSize": 10, "ScalingConfig": {"MaximumConcurrency": 50}}]}


STREAM = arn("firehose", PRIMARY, "deliverystream/hand-made-lake")
UNDELIVERED = {
    "RULE_ARN": arn("events", PRIMARY, "rule/hand-made-data/hand-made-lake"),
    "TARGET_ARN": STREAM,
    "ERROR_CODE": "THROTTLING",
}


def estimated(stack: ScriptedStack, queue: Queue, name: str, *, quota: int | None = None, **metrics: float) -> Estimate:
    answers = {"sqs": queue, "cloudwatch": Metrics(**metrics), "events": Events(20_000_000), "lambda": Functions()}
    stack.answers.update({**answers, "firehose": None})
    return estimate(stack, Target(PRIMARY, name, f"https://sqs/{name}"), parallel=16, invocations_quota=quota)


def enrichment_failed(
    stack: ScriptedStack, *, days: float = 1.25, quota: int | None = None, **metrics: float
) -> Estimate:
    queue = Queue(20_000_000, FAILED, days)
    found = estimated(stack, queue, "hand-made-enrichment-failed", quota=quota, **metrics)
    assert queue.put_back == 10, "the sample is put back"
    return found


def test_thirty_hours_of_failed_enrichment_are_back_long_before_they_expire(scripted: ScriptedStack) -> None:
    # 400 million signals a day: 185 invocations of enrichment and of replication a second, and one a consumer's signal.
    live = (185 * 2 + 4_630 * 2) * 60
    found = enrichment_failed(scripted, InvocationsCreated=live, Duration=300.0, ConcurrentExecutions=200)
    assert (found.kind, found.to) == ("invocations", ENRICHMENT)
    # What 70 % of 18,750 invocations a second leave, for 25 signals with two consumers.
    assert found.quota_per_second == pytest.approx((0.7 * 18_750 - live / 60) / 50)
    assert found.per_second == found.quota_per_second
    assert "invocations throttle limit" in found.limit
    assert found.in_time
    assert found.seconds < 4 * DAY_S


def test_with_a_raised_quota_this_machine_is_what_limits(scripted: ScriptedStack) -> None:
    found = enrichment_failed(scripted, quota=100_000, InvocationsCreated=9_000 * 60.0, Duration=100.0)
    assert found.quota_per_second == pytest.approx((70_000 - 9_000) / 50)
    assert found.limit == "this machine"
    assert found.per_second < found.quota_per_second
    assert found.in_time
    scripted.answers["cloudwatch"] = Metrics(InvocationsCreated=80_000 * 60.0)
    assert live_traffic_guard(scripted, found) is None


def test_a_long_function_is_limited_by_concurrency(scripted: ScriptedStack) -> None:
    found = enrichment_failed(scripted, Duration=10_000.0, ConcurrentExecutions=100)
    assert found.quota_per_second == pytest.approx(60)
    assert "concurrent executions" in found.limit


def test_what_expires_before_it_is_sent_is_replayed_and_purged(scripted: ScriptedStack) -> None:
    found = enrichment_failed(scripted, days=13.9, InvocationsCreated=11_000 * 60.0)
    assert found.in_time is False
    assert found.left_s == pytest.approx(0.1 * DAY_S, abs=60)
    advice = "\n".join(found.advice)
    assert "raise EventBridge's invocations throttle limit" in advice
    since = datetime.now(UTC) - timedelta(days=13.9, hours=31)
    assert f"signals replay plan --from {since:%Y-%m-%dT%H}" in advice
    assert "aws sqs purge-queue --queue-url https://sqs/hand-made-enrichment-failed --region us-west-2" in advice


def test_the_metric_tells_of_messages_that_are_older_than_the_sample(scripted: ScriptedStack) -> None:
    found = enrichment_failed(scripted, days=1, ApproximateAgeOfOldestMessage=13.99 * DAY_S)
    assert found.oldest_s == 13.99 * DAY_S
    assert found.in_time is False


def test_a_lakes_dead_letters_are_single_signals_and_the_archives_batches_come_back_sooner(
    scripted: ScriptedStack,
) -> None:
    body = {"source": "signals", "detail": signal("s", data={"text": "x" * 1_000})}
    queue = Queue(480_000_000, body, 1.25, UNDELIVERED)
    found = estimated(scripted, queue, "hand-made-lake-dlq", IncomingBytes=1e6)
    assert found.kind == "records"
    assert "Firehose" in found.limit or found.limit == "this machine"
    assert found.seconds > 2 * DAY_S
    assert found.replay_s is not None
    assert found.replay_s < found.seconds / 2
    assert "purge-queue" in "\n".join(found.advice)


@pytest.mark.parametrize("name", ["hand-made-quarantine", "hand-made-spool-dlq"])
def test_no_replay_is_advised_for_what_no_replay_brings_back(scripted: ScriptedStack, name: str) -> None:
    found = estimated(scripted, Queue(20_000_000, {"batch_id": "b"}, 13.99), name)
    assert found.in_time is False
    assert found.replay_s is None
    assert "purge" not in "\n".join(found.advice)


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        ({}, None),
        ({"InvocationsCreated": 12_000 * 60.0, "IngestionToInvocationStartLatency": 200.0}, None),
        ({"InvocationsCreated": 17_500 * 60.0}, "17,500 of 18,750 invocations a second"),
        ({"IngestionToInvocationStartLatency": 12_000.0}, "could cause a failover"),
    ],
)
def test_nothing_is_sent_while_live_signals_would_wait(
    scripted: ScriptedStack, metrics: dict[str, float], why: str | None
) -> None:
    found = enrichment_failed(scripted)
    scripted.answers["cloudwatch"] = Metrics(**metrics)
    held = live_traffic_guard(scripted, found)
    assert (why is None) is (held is None)
    assert why is None or (held is not None and why in held)
