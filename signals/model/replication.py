"""Replication of a global endpoint.

EventBridge keeps a rule of its own on each bus, `GlobalEndpointManagedRule-…`, that puts what came in on the other
bus with the endpoint's role. It is retried like any target, 24 hours and 185 times by default, then dropped; it has no
dead-letter queue (User Guide, "Making applications Regional-fault tolerant", "Retry policy"). Only what came in through
the endpoint is replicated (seen live: aws-samples/sample-serverless-messaging-hub, docs/e2e-evidence.md). The copy has
an id of its own, keeps `region`, and has the endpoint's ARN in `resources`.

The managed rule's pattern is not published. That it ignores replays is an assumption (`run.ASSUMPTIONS`); a replay with
FilterArns does not depend on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from signals.model.blueprint import DEFAULT_AGE_S, DEFAULT_ATTEMPTS
from signals.model.event import Event
from signals.model.faults import FaultKind
from signals.model.targets import DOWN

if TYPE_CHECKING:
    from signals.model.platform import Platform

_LINK_S = 1.0  # asynchronous, "not simultaneous" (User Guide, "Best practices"); its duration is not published


def is_replicated(event: Event, platform: Platform, only: Collection[str]) -> bool:
    """Whether the endpoint copies an event to the other Region."""
    endpoint = platform.blueprint.endpoint
    if not endpoint.replicates or event.bus != endpoint.bus or event.from_bus:
        return False
    if event.replay:
        return not (only or platform.managed_rule_ignores_replays)
    return event.through_endpoint


def replicate(event: Event, region: str, platform: Platform) -> None:
    """Copy an event to the other Region."""
    endpoint = platform.blueprint.endpoint
    other = endpoint.secondary if region == endpoint.primary else endpoint.primary
    copy = replace(
        event,
        id=platform.new_id(),
        resources=(endpoint.arn,),
        through_endpoint=False,
        from_bus=True,
        replay=None,
    )
    platform.clock.after(_LINK_S, lambda: _try(copy, region, other, platform.clock.now, platform))


def _try(copy: Event, here: str, there: str, first_s: float, platform: Platform) -> None:
    now = platform.clock.now
    works_s = platform.faults.end(DOWN, here, now)
    if works_s > now:
        platform.clock.at(works_s, lambda: _try(copy, here, there, first_s, platform))
        return
    arn = platform.blueprint.bus_arn(there, copy.bus)
    if not platform.blueprint.endpoint.role.allows("events:PutEvents", arn, {"events:source": copy.source}):
        platform.drop(copy.detail, f"replication may not put events in {there}")
    elif platform.faults.hits(FaultKind.REPLICATION, here, now) or platform.faults.hits(
        FaultKind.EVENTBRIDGE, there, now
    ):
        again_s = platform.retries.next_try(first_s, platform.unchanged_until(), DEFAULT_AGE_S, DEFAULT_ATTEMPTS)
        if again_s is None:
            end_s = platform.retries.given_up(first_s, DEFAULT_AGE_S, DEFAULT_ATTEMPTS)
            why = "replication gave up: 24 hours or 185 retries were over"
            platform.clock.at(end_s, lambda: platform.drop(copy.detail, why))
        else:
            platform.clock.at(again_s, lambda: _try(copy, here, there, first_s, platform))
    else:
        platform.ledger.counts[f"replicated to {there}"] += 1
        platform.buses[there].accept(copy)
