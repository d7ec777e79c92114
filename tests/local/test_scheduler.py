"""EventBridge Scheduler (Scheduler User Guide, "Using templated targets with EventBridge Scheduler")."""

import json
from datetime import UTC, datetime

from tests.support.embedded import ROLE, Aws, eventually, rule_arn


def test_a_schedule_puts_one_event_with_its_own_source_on_a_bus(aws: Aws, name: str) -> None:
    bus = aws.bus(name)
    queue = aws.queue(name, sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": ["signals.heartbeat"]}, Arn=queue)
    aws("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": bus,
            "RoleArn": ROLE,
            "Input": '{"from":"<aws.scheduler.schedule-arn>"}',
            "EventBridgeParameters": {"Source": "signals.heartbeat", "DetailType": "Heartbeat"},
        },
    )
    (message,) = eventually(lambda: aws.messages(queue))
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == ("signals.heartbeat", "Heartbeat")
    assert event["detail"]["from"].endswith(f":schedule/default/{name}")


def test_a_schedule_gives_a_queue_its_input(aws: Aws, name: str) -> None:
    queue = aws.queue(name)
    aws("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": queue, "RoleArn": ROLE, "Input": '{"a":1}'},
    )
    (message,) = eventually(lambda: aws.messages(queue))
    assert message["Body"] == '{"a":1}'
