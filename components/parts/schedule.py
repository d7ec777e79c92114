"""Events that the platform sends itself to see that it works, and the schedule that sends them.

No consumer and no archive wants them: a replay would bring them back.
"""

import pulumi
import pulumi_aws as aws

from components.parts.regions import Region
from handlers.shared.contract import HEARTBEAT_SOURCE, PROBE_SOURCE

# EventBridge User Guide, "Comparison operators": anything-but takes a list.
NOT_SIGNS_OF_LIFE = {"anything-but": [HEARTBEAT_SOURCE, PROBE_SOURCE]}


def every_minute(
    name: str,
    *,
    region: Region,
    parent: pulumi.Resource,
    physical_name: str,
    role: tuple[aws.iam.Role, aws.iam.RolePolicy],
    target_arn: pulumi.Input[str],
    event: aws.scheduler.ScheduleTargetEventbridgeParametersArgsDict | None = None,
) -> None:
    """A schedule that fires once a minute; what cannot be delivered at once is dropped, because late it means nothing.

    Args:
        name: Logical name.
        region: Where it is.
        parent: Its component.
        physical_name: Name in EventBridge Scheduler.
        role: The role that it calls its target with, and the role's policy.
        target_arn: What it calls.
        event: For a bus: source and detail type of the event.
    """
    target: aws.scheduler.ScheduleTargetArgsDict = {
        "arn": target_arn,
        "role_arn": role[0].arn,
        "input": "{}",
        "retry_policy": {"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 0},
    }
    if event:
        target["eventbridge_parameters"] = event
    aws.scheduler.Schedule(
        name,
        name=physical_name,
        schedule_expression="rate(1 minute)",
        flexible_time_window={"mode": "OFF"},
        target=target,
        opts=region.options(parent, depends_on=[role[1]]),
    )
