"""How fast the return path brings events back: as many invocations at a time as the primary's quota leaves room for.

A replayed event costs the primary what a live one does, dozens of invocations; beyond the quota EventBridge delays all
of them, and delays are what the alarm on latency measures: a replay could cause a failover. So while a plan is replayed
the return path's concurrency follows what the last minutes left of the quota, and is as deployed again at the end.
"""

import time
from datetime import timedelta

from components.resource_types import QUEUE, arn
from components.setting_groups import RETURN_PATH_CONCURRENCY
from signals.aws.quotas import INVOCATIONS
from signals.errors import Failed
from signals.recover.live import consumers, recent_metric
from signals.recover.speed import FUNCTION_S, KEPT_FREE, SIGNALS_PER_EVENT
from signals.stack import Stack

_LEAST = 2  # Lambda API reference, ScalingConfig
_EVERY = timedelta(minutes=1)  # as often as CloudWatch has news
_SLOW = 1 / 3  # of the latency at which the failover's alarm breaches


class Pace:
    """Sets the concurrency of the return path's function while a plan is replayed; does nothing on a laptop.

    Args:
        stack: The stack.
        invocations_quota: What the account has (a second); none: AWS's default.
    """

    def __init__(self, stack: Stack, *, invocations_quota: float | None = None) -> None:
        self._stack = stack
        self._quota = INVOCATIONS.raised_to(invocations_quota).of(stack.primary)
        self._looked: float | None = None

    def adjust(self) -> str | None:
        """Follow what the quota leaves, at most once a minute; says so where the concurrency changes."""
        now = time.monotonic()
        if self._stack.local or (self._looked is not None and now - self._looked < _EVERY.total_seconds()):
            return None
        self._looked = now
        uuid, concurrency, batch = self._mapping()
        wanted = self._wanted(concurrency, batch)
        if wanted == concurrency:
            return None
        self._set(uuid, wanted)
        return f"the return path works {wanted} at a time, as {self._stack.primary}'s invocations quota leaves room for"

    def restore(self) -> None:
        """Let it work as it was deployed."""
        if self._stack.local:
            return
        uuid, concurrency, _ = self._mapping()
        if concurrency != RETURN_PATH_CONCURRENCY:
            self._set(uuid, RETURN_PATH_CONCURRENCY)

    def _wanted(self, concurrency: int, batch: int) -> int:
        primary = self._stack.primary
        created = (recent_metric(self._stack, primary, "AWS/Events", "InvocationsCreated", "Sum") or 0) / 60
        latency = recent_metric(self._stack, primary, "AWS/Events", "IngestionToInvocationStartLatency", "Average")
        if latency is not None and latency > self._stack.settings.failover.latency_threshold_ms * _SLOW:
            return _LEAST
        # What is replayed now is in the metric already: room for more, or for less.
        room = (1 - KEPT_FREE) * self._quota - created
        each = batch / FUNCTION_S * (1 + SIGNALS_PER_EVENT * consumers(self._stack, primary))
        return max(_LEAST, min(RETURN_PATH_CONCURRENCY, int(concurrency + room // each)))

    def _mapping(self) -> tuple[str, int, int]:
        names, secondary = self._stack.names, self._stack.secondary
        queue = arn(QUEUE, region=secondary, account=self._stack.settings.account_id, name=names.return_path)
        found = self._stack.aws.client("lambda", secondary).list_event_source_mappings(EventSourceArn=queue)
        for mapping in found["EventSourceMappings"]:
            concurrency = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency", RETURN_PATH_CONCURRENCY)
            return mapping["UUID"], concurrency, mapping.get("BatchSize", 10)
        raise Failed(f"stack {self._stack.name!r} has no return path in {secondary}: run `signals up` first")

    def _set(self, uuid: str, concurrency: int) -> None:
        self._stack.aws.client("lambda", self._stack.secondary).update_event_source_mapping(
            UUID=uuid, ScalingConfig={"MaximumConcurrency": concurrency}
        )
