"""Rule targets and their dead-letter queues (User Guide, "Using dead-letter queues to process undelivered events")."""

import json
import time
from datetime import UTC, datetime, timedelta

from tests.support.embedded import ACCOUNT, EAST, ROLE, WEST, Aws, eventually, rule_arn

PASS_ON = """
import boto3, json
def handler(event, context):
    body = json.dumps([event, context.invoked_function_arn])
    boto3.client("sqs").send_message(QueueUrl=event["detail"]["url"], MessageBody=body)
"""


def permit(aws: Aws, function: str, rule: str) -> None:
    aws("lambda").add_permission(
        FunctionName=function,
        Qualifier="live",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )


def test_a_function_gets_the_event_through_its_alias(aws: Aws, name: str) -> None:
    aws.bus(name)
    queue = aws.queue(name)
    alias = aws.function(name, PASS_ON, Timeout=20)
    permit(aws, name, aws.rule(name, "r", {"source": ["test"]}, Arn=alias))
    aws.put(name, {"url": aws("sqs").get_queue_url(QueueName=name)["QueueUrl"]})
    (message,) = eventually(lambda: aws.messages(queue), seconds=15)
    event, arn = json.loads(message["Body"])
    assert event["source"] == "test" and event["detail-type"] == "Test"
    assert arn == alias


def test_a_function_without_permission_means_the_dead_letter_queue_at_once(aws: Aws, name: str) -> None:
    aws.bus(name)
    alias, rule = aws.function(name, PASS_ON), rule_arn(name, "r")
    dead_letters = aws.queue(f"{name}-dlq", sender=rule)
    aws.rule(name, "r", {"source": ["test"]}, Arn=alias, DeadLetterConfig={"Arn": dead_letters})
    event_id = aws.put(name)["Entries"][0]["EventId"]
    (message,) = aws.messages(dead_letters)
    said = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["id"] == event_id
    assert said.pop("ERROR_MESSAGE")
    assert said == {"RULE_ARN": rule, "TARGET_ARN": alias, "ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0"}


def test_a_missing_target_means_the_dead_letter_queue_with_the_whole_event(aws: Aws, name: str) -> None:
    aws.bus(name)
    dead_letters = aws.queue(f"{name}-dlq", sender=rule_arn(name, "r"))
    gone = f"arn:aws:lambda:{WEST}:{ACCOUNT}:function:gone:live"
    aws.rule(name, "r", {"source": ["test"]}, Arn=gone, DeadLetterConfig={"Arn": dead_letters}, InputPath="$.detail")
    aws.put(name, {"a": 1})
    (message,) = aws.messages(dead_letters)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"
    assert json.loads(message["Body"])["detail"] == {"a": 1}


def test_a_queue_whose_policy_is_silent_gets_nothing(aws: Aws, name: str) -> None:
    aws.bus(name)
    queue, dead_letters = aws.queue(name), aws.queue(f"{name}-dlq", sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": ["test"]}, Arn=queue, DeadLetterConfig={"Arn": dead_letters})
    aws.put(name)
    assert aws.messages(queue) == []
    assert len(aws.messages(dead_letters)) == 1


def test_a_dead_letter_queue_whose_policy_names_another_rule_gets_nothing(aws: Aws, name: str) -> None:
    aws.bus(name)
    dead_letters = aws.queue(f"{name}-dlq", sender=rule_arn(name, "another"))
    gone = f"arn:aws:lambda:{WEST}:{ACCOUNT}:function:gone"
    aws.rule(name, "r", {"source": ["test"]}, Arn=gone, DeadLetterConfig={"Arn": dead_letters})
    aws.put(name)
    assert aws.messages(dead_letters) == []


def test_a_queue_in_another_region_is_not_reached(aws: Aws, name: str) -> None:
    aws.bus(name)
    queue = aws.queue(name, EAST, sender=rule_arn(name, "r"))
    dead_letters = aws.queue(f"{name}-dlq", sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": ["test"]}, Arn=queue, DeadLetterConfig={"Arn": dead_letters})
    aws.put(name)
    assert aws.messages(queue) == []
    assert len(aws.messages(dead_letters)) == 1


def test_retries_end_with_the_condition_and_their_number(aws: Aws, name: str) -> None:
    """RetryPolicy's attempts, then the dead letter says which limit was reached."""
    aws.bus(name), aws.bus(name, EAST)
    dead_letters = aws.queue(f"{name}-dlq", sender=rule_arn(name, "r"))
    aws.rule(
        name,
        "r",
        {"source": ["test"]},
        Arn=f"arn:aws:events:{EAST}:{ACCOUNT}:event-bus/{name}",
        RoleArn=ROLE,
        RetryPolicy={"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
        DeadLetterConfig={"Arn": dead_letters},
    )
    aws.faults(refusing_regions=[EAST])
    try:
        aws.put(name)
        assert aws.messages(dead_letters) == []
        (message,) = eventually(lambda: aws.messages(dead_letters))
    finally:
        aws.faults()
    said = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert said["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert said["RETRY_ATTEMPTS"] == "2"
    assert said["ERROR_CODE"] == "CROSS_REGION_INGESTION_FAILED"
    assert invocations(aws, name) == 1


def test_each_delivery_is_counted_for_its_rule_on_its_bus(aws: Aws, name: str) -> None:
    """What the plan of a replay compares hour by hour."""
    aws.bus(name)
    aws.rule(name, "r", {"source": ["test"]}, Arn=aws.queue(name, sender=rule_arn(name, "r")))
    for _ in range(3):
        aws.put(name)
    assert invocations(aws, name) == 3


def invocations(aws: Aws, bus: str) -> float:
    now = datetime.now(UTC)
    found = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="Invocations",
        Dimensions=[{"Name": "EventBusName", "Value": bus}, {"Name": "RuleName", "Value": "r"}],
        StartTime=now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3_600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert all(point["Timestamp"].minute == 0 for point in found)
    return sum(point["Sum"] for point in found)


def test_an_input_path_hands_over_that_part_alone(aws: Aws, name: str) -> None:
    aws.bus(name)
    queue = aws.queue(name, sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": ["test"]}, Arn=queue, InputPath="$.detail")
    aws.put(name, {"a": "ü"})
    time.sleep(0.1)
    (message,) = aws.messages(queue)
    assert message["Body"] == '{"a":"ü"}'
