"""What AWS shows of the load on a Region, and how fast a replay comes back beside it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from components.aws_quotas import QUOTAS, Quota
from components.resource_types import QUEUE, arn
from signals.recover.speed import (
    FUNCTION_S,
    RETURN_PATH,
    SIGNAL_BYTES,
    SIGNALS_PER_EVENT,
    Load,
    Speed,
    recovery_speed,
)
from signals.stack import Stack

_MINUTE = timedelta(minutes=1)


def consumers(stack: Stack, region: str) -> int:
    """Rules that an enriched signal may match in a Region."""
    everywhere = region == stack.primary
    return max(1, sum(everywhere or each.mode == "active-active" for each in stack.settings.consumers))


def recent_metric(
    stack: Stack,
    region: str,
    namespace: str,
    name: str,
    statistic: Literal["Sum", "Average", "Maximum"],
    **dimensions: str,
) -> float | None:
    """The largest minute of the last five that are complete; None where CloudWatch has nothing."""
    end = datetime.now(UTC).replace(second=0, microsecond=0) - _MINUTE
    points = stack.aws.client("cloudwatch", region).get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=end - 5 * _MINUTE,
        EndTime=end,
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return max((float(point[statistic]) for point in points), default=None)


def account_quotas(
    stack: Stack, *, put_events: float | None = None, invocations: float | None = None
) -> dict[str, Quota]:
    """The quotas of the stack's account: what is given, what Lambda says of its own, else AWS's defaults."""
    given: dict[str, float | None] = {"put_events": put_events, "invocations": invocations}
    if stack.local:
        return dict(QUOTAS)
    try:
        limits = stack.aws.client("lambda", stack.primary).get_account_settings()["AccountLimit"]
        given["lambda_concurrency"] = limits.get("ConcurrentExecutions")
    except (ClientError, BotoCoreError):
        pass  # whoever plans may not ask
    return {name: quota.raised_to(given.get(name)) for name, quota in QUOTAS.items()}


def in_words(binding: str, quotas: Mapping[str, Quota], region: str) -> str:
    """What binds, a quota with its value."""
    quota = quotas.get(binding)
    return f"{quota.what}, {quota.of(region):,.0f} {quota.unit}" if quota else binding


def replay_speed(
    stack: Stack,
    *,
    events: int,
    size_bytes: int,
    length: timedelta,
    return_path: float,
    quotas: Mapping[str, Quota],
    ongoing: bool,
) -> Speed:
    """How fast a replay comes back, beside what is live in the primary.

    Args:
        stack: The stack; on a laptop, which has no quotas, the return path is the limit.
        events: How many are replayed. Their average over `length` is taken for the live load where the primary's
            metrics do not show that: while it is still failing, and where CloudWatch has none.
        size_bytes: How much that is; it tells how many signals share an event.
        length: How long it took to come in.
        return_path: Events a second that the return path's function puts on the primary's bus.
        quotas: The account's.
        ongoing: Whether the primary is still failing.
    """
    if stack.local or not events:
        return Speed(return_path, RETURN_PATH, {})
    signals = max(1.0, size_bytes / events / SIGNAL_BYTES) if size_bytes else SIGNALS_PER_EVENT
    load = _load(stack, events * signals / length.total_seconds(), signals)
    measured = {} if ongoing else _measured(stack)
    return recovery_speed(load, quotas, stack.primary, return_path=return_path, measured=measured)


def drain_speed(stack: Stack, rate: float, quotas: Mapping[str, Quota]) -> Speed:
    """How fast what waits in the spool or the return queue drains into the primary, beside what is live there.

    Args:
        stack: The stack; on a laptop, which has no quotas, the function that drains the queue is the limit.
        rate: Events a second that this function can send.
        quotas: The account's.
    """
    if stack.local:
        return Speed(rate, RETURN_PATH, {})
    load = _load(stack, 0.0, SIGNALS_PER_EVENT)
    return recovery_speed(load, quotas, stack.primary, return_path=rate, measured=_measured(stack))


def mapping_rate(stack: Stack, region: str, queue: str) -> float | None:
    """Messages a second that a queue's function takes from it, by the settings of its event source mapping.

    Returns:
        None where there is no mapping, 0 where it is disabled.
    """
    source = arn(QUEUE, region=region, account=stack.settings.account_id, name=queue)
    found = stack.aws.client("lambda", region).list_event_source_mappings(EventSourceArn=source)["EventSourceMappings"]
    if not found:
        return None
    if found[0].get("State", "Enabled") in ("Disabled", "Disabling"):
        return 0.0
    concurrency = (found[0].get("ScalingConfig") or {}).get("MaximumConcurrency") or 5
    return float(concurrency * found[0].get("BatchSize", 10) / FUNCTION_S)


def _load(stack: Stack, signals_per_second: float, signals_per_event: float) -> Load:
    functions = sum(each.kind == "function" for each in stack.settings.consumers)
    return Load(signals_per_second, signals_per_event, consumers(stack, stack.primary), functions)


def _measured(stack: Stack) -> dict[str, float]:
    """By quota, what is live in the primary, as far as CloudWatch shows it."""
    primary = stack.primary
    created = recent_metric(stack, primary, "AWS/Events", "InvocationsCreated", "Sum")
    calls = recent_metric(stack, primary, "AWS/Events", "PutEventsApproximateCallCount", "Sum")
    seen = {
        "invocations": created and created / 60,
        "put_events": calls and calls / 60,
        "lambda_concurrency": recent_metric(stack, primary, "AWS/Lambda", "ConcurrentExecutions", "Maximum"),
    }
    return {name: value for name, value in seen.items() if value is not None}
