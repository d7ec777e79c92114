"""How fast the return path brings events back: as many invocations at a time as the primary's quota leaves room for.

A replayed event costs the primary what a live one does, dozens of invocations; beyond the quota EventBridge delays all
of them, and delays are what the alarm on latency measures: a replay could cause a failover. So while a plan is replayed
the return path's concurrency follows what the last minutes left of the quota, and is as deployed again at the end.

CloudWatch tells with a delay of minutes, and nothing of what a return path would take that has nothing to do. So a
replay begins at the least, and after each change as long passes as the metrics are behind before it may work more.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from components.aws_quotas import INVOCATIONS
from components.resource_types import QUEUE, arn
from components.setting_groups import RETURN_PATH_CONCURRENCY
from signals.errors import Failed
from signals.recover.live import consumers, recent_metric
from signals.recover.speed import FUNCTION_S, KEPT_FREE, SIGNALS_PER_EVENT
from signals.stack import Stack

_LEAST = 2  # Lambda API reference, ScalingConfig
_BATCH = 10  # as deployed
_EVERY = timedelta(minutes=1)  # as often as CloudWatch has news
# `recent_metric` looks at five complete minutes and leaves out one that may not be counted yet.
BEHIND_S = 7 * 60.0
_SLOW = 1 / 3  # of the latency at which the failover's alarm breaches


class Throttle:
    """Decides how many messages the return path works on at a time, from what CloudWatch shows; calls nobody.

    Args:
        quota: Invocations that EventBridge starts in the primary (a second).
        consumers: Rules there that a signal may match.
        slow_ms: The latency at which the failover's alarm breaches (ms).
    """

    LEAST, MOST = _LEAST, RETURN_PATH_CONCURRENCY * _BATCH

    def __init__(self, quota: float, consumers: int, slow_ms: float) -> None:
        self._room = (1 - KEPT_FREE) * quota
        self._each = (1 + SIGNALS_PER_EVENT * consumers) / FUNCTION_S
        self._slow_ms = slow_ms * _SLOW
        self._changed_s: float | None = None

    def at_a_time(self, now_s: float, messages: int, *, waiting: bool, created: float, latency_ms: float | None) -> int:
        """How many messages to work on at a time from now on.

        Args:
            now_s: Of any clock that goes on.
            messages: How many it is now.
            waiting: Whether any are in the return queue.
            created: Invocations in the primary (a second), in the worst of the minutes that CloudWatch tells of.
            latency_ms: The latency of their start, likewise; None: nothing is known.
        """
        first, settled = self._changed_s is None, now_s - (self._changed_s or 0.0) >= BEHIND_S
        if (latency_ms is not None and latency_ms > self._slow_ms) or (first and not waiting):
            wanted = self.LEAST
        elif not (first or settled):
            return messages
        else:
            # What is replayed now is in the metric already: room for more, or for less.
            wanted = messages + int((self._room - created) // self._each)
            wanted = max(self.LEAST, min(self.MOST, wanted if waiting else min(wanted, messages)))
        if first or wanted != messages:
            self._changed_s = now_s
        return wanted


class Pace:
    """Sets the concurrency of the return path's function while a plan is replayed; does nothing on a laptop.

    Args:
        stack: The stack.
        waiting: How many messages are in the return queue.
        invocations_quota: What the account has (a second); none: AWS's default.
    """

    def __init__(self, stack: Stack, *, waiting: Callable[[], int], invocations_quota: float | None = None) -> None:
        self._stack, self._waiting = stack, waiting
        self._throttle = Throttle(
            INVOCATIONS.raised_to(invocations_quota).of(stack.primary),
            consumers(stack, stack.primary),
            stack.settings.failover.latency_threshold_ms,
        )
        self._looked: float | None = None

    def adjust(self) -> str | None:
        """Follow what the quota leaves, at most once a minute; says so where that changes something."""
        now = time.monotonic()
        if self._stack.local or (self._looked is not None and now - self._looked < _EVERY.total_seconds()):
            return None
        self._looked = now
        uuid, concurrency, batch = self._mapping()
        primary = self._stack.primary
        messages = self._throttle.at_a_time(
            now,
            concurrency * batch,
            waiting=self._waiting() > 0,
            created=(recent_metric(self._stack, primary, "AWS/Events", "InvocationsCreated", "Sum") or 0) / 60,
            latency_ms=recent_metric(
                self._stack, primary, "AWS/Events", "IngestionToInvocationStartLatency", "Average"
            ),
        )
        wanted = _divided(messages)
        if wanted == (concurrency, batch):
            return None
        self._set(uuid, *wanted)
        of = "" if wanted[1] == _BATCH else f" in batches of {wanted[1]}"
        return f"the return path works {wanted[0]} at a time{of}, as {primary}'s invocations quota leaves room for"

    def restore(self) -> None:
        """Let it work as it was deployed."""
        if self._stack.local:
            return
        uuid, *now = self._mapping()
        if now != [RETURN_PATH_CONCURRENCY, _BATCH]:
            self._set(uuid, RETURN_PATH_CONCURRENCY, _BATCH)

    def _mapping(self) -> tuple[str, int, int]:
        names, secondary = self._stack.names, self._stack.secondary
        queue = arn(QUEUE, region=secondary, account=self._stack.settings.account_id, name=names.return_path)
        found = self._stack.aws.client("lambda", secondary).list_event_source_mappings(EventSourceArn=queue)
        for mapping in found["EventSourceMappings"]:
            concurrency = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency", RETURN_PATH_CONCURRENCY)
            return mapping["UUID"], concurrency, mapping.get("BatchSize", _BATCH)
        raise Failed(f"stack {self._stack.name!r} has no return path in {secondary}: run `signals up` first")

    def _set(self, uuid: str, concurrency: int, batch: int) -> None:
        self._stack.aws.client("lambda", self._stack.secondary).update_event_source_mapping(
            UUID=uuid, BatchSize=batch, ScalingConfig={"MaximumConcurrency": concurrency}
        )


def _divided(messages: int) -> tuple[int, int]:
    """The concurrency and the size of a batch with which about so many messages are worked on at a time."""
    batch = min(_BATCH, messages // _LEAST)
    return messages // batch, batch
