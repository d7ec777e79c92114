"""Before a redrive: how much there is, how long it takes and what limits it, and how long SQS still keeps it.

A redrive must not harm live signals: it takes what `HEADROOM` of a quota leaves beside them, and holds while
EventBridge is close to its quota, or slow.
"""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from components.aws_quotas import CONCURRENCY, INVOCATIONS, STREAM_BYTES, Quota
from components.errors import PlatformError
from handlers.shared.senders import EventPublisher
from signals.aws.reading import queue_message
from signals.observe.archives import archive_window
from signals.observe.location import parsed
from signals.recover.destinations import Delivery, FunctionInvoker, NotRedrivenError, Router, StreamWriter
from signals.recover.live import consumers, recent_metric
from signals.recover.plan import HEADROOM, drain_rate
from signals.recover.sending import BATCH, Target
from signals.stack import Stack

# Requests a second that one process makes on one core: half of what was measured without TLS (docs/runbook.md).
_REQUESTS_PER_SECOND = 350.0
# Live traffic may grow while a redrive runs: some of a quota is always taken, and above `_FULL` of it nothing is sent.
_LEAST, _FULL = 0.05, 0.9
_SLOW = 1 / 3  # of the latency at which the failover's alarm breaches
_MANY = 100_000  # from here on a replay may be faster
# What failed may have entered the bus that much earlier: EventBridge retries for 24 h, Lambda for 6 h.
_RETRIED = timedelta(hours=31)
_SAMPLE_HIDDEN_S = 30

Kind = Literal["invocations", "records", "events", "messages", "unknown"]


@dataclass(frozen=True)
class Estimate:
    """What sending back all messages of a queue takes.

    Args:
        region, queue: Where they are.
        messages: About how many there are, those that somebody works on included.
        to: Where a sample of them goes; None when it cannot be told.
        kind: As what they are sent.
        per_second: How many will be sent, by `limit`.
        limit: What binds: this machine, or a quota.
        quota_per_second: How many the quotas leave room for; None where none binds.
        seconds: How long it takes.
        oldest_s: Age of the oldest message, at least.
        retention_s: How long the queue keeps messages.
        invocations_quota: EventBridge's invocations a second.
        replay_s: How long a replay of the archive takes in its place; None where it is no way, or was not asked for.
        replay_from: Where such a replay has to begin.
        advice: What to do when it takes too long; one line each.
    """

    region: str
    queue: str
    messages: int
    to: str | None
    kind: Kind
    per_second: float
    limit: str
    quota_per_second: float | None
    seconds: float
    oldest_s: float | None
    retention_s: float
    invocations_quota: float
    replay_s: float | None = None
    replay_from: datetime | None = None
    advice: tuple[str, ...] = ()

    @property
    def left_s(self) -> float | None:
        """When the oldest message expires, from now."""
        return None if self.oldest_s is None else max(0.0, self.retention_s - self.oldest_s)

    @property
    def in_time(self) -> bool | None:
        """Whether it ends before the oldest message expires; None where its age is not known."""
        return None if self.left_s is None else self.seconds <= self.left_s

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "left_s": self.left_s, "in_time": self.in_time}


def estimate(
    stack: Stack, queue: Target, *, parallel: int, rate: float | None = None, invocations_quota: int | None = None
) -> Estimate:
    """How long sending back a queue takes.

    Ten messages are received, as a sample, and put back at once.

    Args:
        stack: The stack.
        queue: The failure queue.
        parallel: How many workers will send.
        rate: Messages to send a second, at most.
        invocations_quota: EventBridge's invocations quota (a second); none: AWS's default.
    """
    invocations = INVOCATIONS.raised_to(invocations_quota)
    sqs = stack.aws.client("sqs", queue.region)
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "MessageRetentionPeriod"]
    sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)  # the first request makes the connection
    began = time.monotonic()
    found = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)["Attributes"]
    request_s = time.monotonic() - began
    messages = int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])
    sample = _sample(stack, queue)
    kind: Kind = _kind(sample.delivery)
    requests = 2 / BATCH + (1.0 if kind == "invocations" else 1 / BATCH)
    limits = {"this machine": min(parallel / request_s, _REQUESTS_PER_SECOND) / requests}
    bound, quota = _bound(stack, queue.region, sample, invocations)
    if quota and bound is not None:
        limits[f"{quota.what}, {quota.of(queue.region):,.0f} {quota.unit}"] = bound
    if rate:
        limits["--rate"] = rate
    limit = min(limits, key=lambda name: limits[name])
    first = Estimate(
        region=queue.region,
        queue=queue.name,
        messages=messages,
        to=sample.delivery.to if sample.delivery else None,
        kind=kind,
        per_second=limits[limit],
        limit=limit,
        quota_per_second=bound,
        seconds=messages / limits[limit],
        oldest_s=_oldest_s(stack, queue, sample),
        invocations_quota=invocations.of(queue.region),
        retention_s=float(found.get("MessageRetentionPeriod", 345_600)),
    )
    if first.in_time is not False and messages < _MANY:
        return first
    replay_s, since = _replay(stack, first, sample, invocations)
    values = {**vars(first), "replay_s": replay_s, "replay_from": since}
    return Estimate(**{**values, "advice": tuple(_advice(stack, Estimate(**values), queue))})


def live_traffic_guard(stack: Stack, found: Estimate) -> str | None:
    """Why nothing more may be sent now: EventBridge, which carries it on, is close to its quota, or slow."""
    if stack.local or found.kind not in ("invocations", "events"):
        return None
    quota = found.invocations_quota
    created = recent_metric(stack, found.region, "AWS/Events", "InvocationsCreated", "Sum")
    if created is not None and created / 60 > _FULL * quota:
        return f"EventBridge makes {created / 60:,.0f} of {quota:,.0f} invocations a second: live signals come first"
    latency = recent_metric(stack, found.region, "AWS/Events", "IngestionToInvocationStartLatency", "Average")
    most = stack.settings.failover.latency_threshold_ms * _SLOW
    if latency is not None and latency > most:
        return f"EventBridge takes {latency:,.0f} ms to begin with an event: more could cause a failover"
    return None


@dataclass(frozen=True)
class _Sample:
    """Of some messages: where they go, their mean size (bytes) and signals, and the age of the oldest (s)."""

    delivery: Delivery | None = None
    size_bytes: float = 1.0
    signals: float = 1.0
    oldest_s: float | None = None


def _sample(stack: Stack, queue: Target) -> _Sample:
    sqs, router = stack.aws.client("sqs", queue.region), Router(stack)
    answer = sqs.receive_message(
        QueueUrl=queue.url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=_SAMPLE_HIDDEN_S,
        WaitTimeSeconds=stack.aws.receive_wait_s,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    messages = [queue_message(each) for each in answer.get("Messages", ())]
    if not messages:
        return _Sample()
    try:
        delivery = None
        for message in messages:
            try:
                delivery = router.delivery(queue.region, queue.name, message.body, message.attributes)
                break
            except (ClientError, BotoCoreError, NotRedrivenError, KeyError, ValueError, TypeError, AttributeError):
                continue  # others may go back
    finally:
        entries: Any = [
            {"Id": str(i), "ReceiptHandle": each.receipt, "VisibilityTimeout": 0} for i, each in enumerate(messages)
        ]
        sqs.change_message_visibility_batch(QueueUrl=queue.url, Entries=entries)
    age = datetime.now(UTC) - min(message.sent_at for message in messages)
    return _Sample(
        delivery,
        sum(len(message.body.encode()) for message in messages) / len(messages),
        sum(_signals(message.body) for message in messages) / len(messages),
        age.total_seconds(),
    )


def _signals(body: str) -> int:
    """Signals in a message: a batch's, in whatever it is wrapped; else one."""
    found = parsed(body)
    for name in ("requestPayload", "detail", "signals"):
        found = found.get(name, found) if isinstance(found, dict) else found
    return len(found) if isinstance(found, list) else 1


def _kind(delivery: Delivery | None) -> Kind:
    match delivery.channel if delivery else None:
        case FunctionInvoker():
            return "invocations"
        case StreamWriter():
            return "records"
        case EventPublisher():
            return "events"
        case None:
            return "unknown"
    return "messages"


def _bound(stack: Stack, region: str, sample: _Sample, invocations: Quota) -> tuple[float | None, Quota | None]:
    """Messages a second that a quota leaves room for, beside what is live, and which; None where none binds."""
    kind = _kind(sample.delivery)
    if stack.local or not sample.delivery or kind == "messages":
        return None, None
    if kind == "records":
        stream = sample.delivery.to.rpartition("/")[2]
        live = (
            recent_metric(stack, region, "AWS/Firehose", "IncomingBytes", "Sum", DeliveryStreamName=stream) or 0
        ) / 60
        return _room(STREAM_BYTES, region, live) / sample.size_bytes, STREAM_BYTES
    bounds: list[tuple[float, Quota]] = []
    fan_out = 0.0
    if kind == "invocations":
        name = sample.delivery.to.split(":")[6]
        busy = recent_metric(stack, region, "AWS/Lambda", "ConcurrentExecutions", "Maximum") or 0
        lasts_ms = recent_metric(stack, region, "AWS/Lambda", "Duration", "Average", FunctionName=name) or 1_000
        bounds.append((_room(CONCURRENCY, region, busy) / (lasts_ms / 1_000), CONCURRENCY))
        if name == stack.names.enrichment:
            fan_out = sample.signals * consumers(stack, region)
    else:
        fan_out = 2 + sample.signals * consumers(stack, region)  # enrichment's rule and replication's take it first
    if fan_out:
        bounds.append((_spare(stack, region, invocations) / fan_out, invocations))
    return min(bounds, key=lambda each: each[0])


def _spare(stack: Stack, region: str, invocations: Quota) -> float:
    return _room(
        invocations, region, (recent_metric(stack, region, "AWS/Events", "InvocationsCreated", "Sum") or 0) / 60
    )


def _room(quota: Quota, region: str, live: float) -> float:
    return max(HEADROOM * quota.of(region) - live, _LEAST * quota.of(region))


def _oldest_s(stack: Stack, queue: Target, sample: _Sample) -> float | None:
    """Age of the oldest message, at least.

    The metric counts from when a message came into a dead-letter queue, its expiry from when it was first sent (SQS
    Developer Guide, "Setting-up dead-letter queue retention"), which the sample tells, but only of ten.
    """
    metric = None
    if not stack.local:
        metric = recent_metric(
            stack, queue.region, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName=queue.name
        )
    return max((age for age in (metric, sample.oldest_s) if age is not None), default=None)


def _replay(stack: Stack, found: Estimate, sample: _Sample, quota: Quota) -> tuple[float | None, datetime | None]:
    """How long a replay of the archive takes that brings back what a queue holds, and where it begins."""
    names = stack.names
    # The spool's never entered a bus; the quarantine's would be quarantined again; a replay is for the primary.
    if names.queue_kind(found.queue) != "dlq" or found.queue.startswith(names.spool) or found.region != stack.primary:
        return None, None
    now = datetime.now(UTC)
    since = (now - timedelta(seconds=found.oldest_s or 0) - _RETRIED).replace(second=0, microsecond=0)
    try:
        held = archive_window(stack, stack.secondary, since, now)
        drained = drain_rate(stack)
    except (PlatformError, ClientError, BotoCoreError):
        return None, None
    if held is None or now - since > timedelta(days=stack.settings.archive.retention_days):
        return None, None
    seconds = held.events / drained
    if not stack.local:
        invocations = found.messages * sample.signals * consumers(stack, stack.primary)
        seconds = max(seconds, invocations / _spare(stack, stack.primary, quota))
    return seconds, since


def _advice(stack: Stack, found: Estimate, queue: Target) -> list[str]:
    """What to do about a redrive that takes too long, or that a replay would beat."""
    lines = []
    faster = found.replay_s is not None and found.replay_s < found.seconds / 2
    if found.in_time is False and found.left_s is not None:
        lines.append("it does not end before the oldest messages expire")
        if found.limit == "this machine":
            hours = max(found.left_s, 3_600.0)
            lines.append(f"run it on {math.ceil(found.seconds / hours)} machines or more at once, with --parallel 64")
        elif found.limit != "--rate":
            what = found.limit.partition(",")[0]
            option = "--invocations-quota" if what == INVOCATIONS.what else "--rate"
            lines.append(f"have AWS raise {what}, in both Regions alike, then give {option}")
    if faster or (found.in_time is False and found.replay_s is not None):
        assert found.replay_from is not None
        window = f"--from {found.replay_from:%Y-%m-%dT%H:%MZ} --to {datetime.now(UTC):%Y-%m-%dT%H:%MZ}"
        lines += [
            "or, where every consumer recognises what it has by id, replay the archive, then purge the queue:",
            f"signals replay plan {window} --stack {stack.name}; signals replay start --stack {stack.name}",
            f"once it is complete: aws sqs purge-queue --queue-url {queue.url} --region {queue.region}",
        ]
    return lines
