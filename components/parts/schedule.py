"""Events that the platform sends itself to see that it lives, and the schedule that sends them.

No consumer and no archive wants them: a replay would carry them about.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from handlers.shared.contract import HEARTBEAT_SOURCE, PROBE_SOURCE

# EventBridge User Guide, "Comparison operators": anything-but takes a list.
NOT_SIGNS_OF_LIFE = {"anything-but": [HEARTBEAT_SOURCE, PROBE_SOURCE]}


def every_minute(
    name: str, *, physical_name: str, target: aws.scheduler.ScheduleTargetArgs, opts: pulumi.ResourceOptions
) -> aws.scheduler.Schedule:
    """A schedule that fires once a minute; what cannot be handed over at once is dropped, for late it says nothing.

    Args:
        name: Logical name.
        physical_name: Name in EventBridge Scheduler.
        target: What it calls; its retry policy is set here.
        opts: Parent, provider, and what must exist first.
    """
    target.retry_policy = aws.scheduler.ScheduleTargetRetryPolicyArgs(
        maximum_event_age_in_seconds=60, maximum_retry_attempts=0
    )
    return aws.scheduler.Schedule(
        name,
        name=physical_name,
        schedule_expression="rate(1 minute)",
        flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        target=target,
        opts=opts,
    )
