"""A missing permission is denied as on AWS, with the statement that would be needed (IAM User Guide)."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.test_firehose_buffer import objects, stream
from tests.local.test_global_endpoint import make as make_endpoint
from tests.local.test_http_api import make as make_api
from tests.support.embedded import ACCOUNT, EAST, ROLE, WEST, Aws, eventually, rule_arn

QUEUE, BUS = f"http://x/{ACCOUNT}/NAME", f"arn:aws:events:{WEST}:{ACCOUNT}:event-bus/NAME"
ENTRY = {"EventBusName": "NAME", "Source": "s", "DetailType": "t", "Detail": "{}"}
CALLS = """
import boto3, botocore.exceptions
def handler(event, context):
    try:
        getattr(boto3.client(event["service"]), event["method"])(**event["arguments"])
    except botocore.exceptions.ClientError as error:
        return {**error.response["Error"], "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
"""
LOGS = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}


def allow(action: str, resource: str = "*", **parts: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **parts}


def call(aws: Aws, function: str, service: str, method: str, **arguments: Any) -> dict[str, Any] | None:
    """What a function that makes this call is told: the error's code, message and HTTP status, or None."""
    payload = json.dumps({"service": service, "method": method, "arguments": arguments})
    answer: dict[str, Any] | None = json.loads(
        aws("lambda").invoke(FunctionName=function, Payload=payload)["Payload"].read()
    )
    return answer


def needed(message: str) -> dict[str, Any]:
    """The statement that a message names."""
    found = re.search(r"needs (\{.*\})", message)
    assert found, message
    statement: dict[str, Any] = json.loads(found[1])
    return statement


def dead_letter(aws: Aws, queue: str) -> dict[str, str]:
    (message,) = eventually(lambda: aws.messages(queue))
    return {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}


@pytest.mark.parametrize(
    ("service", "method", "arguments", "status", "code", "action", "resource"),
    [
        ("sqs", "send_message", {"QueueUrl": QUEUE, "MessageBody": "m"}, 403, "AccessDenied",
         "sqs:SendMessage", f"arn:aws:sqs:{WEST}:{ACCOUNT}:NAME"),
        ("sqs", "send_message_batch", {"QueueUrl": QUEUE, "Entries": [{"Id": "1", "MessageBody": "m"}]},
         403, "AccessDenied", "sqs:SendMessage", f"arn:aws:sqs:{WEST}:{ACCOUNT}:NAME"),
        ("events", "put_events", {"Entries": [ENTRY]}, 400, "AccessDeniedException", "events:PutEvents", BUS),
        ("dynamodb", "get_item", {"TableName": "NAME", "Key": {"id": {"S": "1"}}},
         400, "AccessDeniedException", "dynamodb:GetItem", f"arn:aws:dynamodb:{WEST}:{ACCOUNT}:table/NAME"),
        ("firehose", "put_record", {"DeliveryStreamName": "NAME", "Record": {"Data": "{}"}},
         400, "AccessDeniedException", "firehose:PutRecord", f"arn:aws:firehose:{WEST}:{ACCOUNT}:deliverystream/NAME"),
        ("lambda", "invoke", {"FunctionName": "NAME"},
         403, "AccessDeniedException", "lambda:InvokeFunction", f"arn:aws:lambda:{WEST}:{ACCOUNT}:function:NAME"),
        ("s3", "put_object", {"Bucket": "NAME", "Key": "k"},
         403, "AccessDenied", "s3:PutObject", "arn:aws:s3:::NAME/k"),
    ],
)  # fmt: skip
def test_a_function_without_a_permission_is_told_the_statement_that_its_role_needs(
    aws: Aws,
    name: str,
    service: str,
    method: str,
    arguments: dict[str, Any],
    status: int,
    code: str,
    action: str,
    resource: str,
) -> None:
    role = aws.role(f"{name}-role", LOGS)
    function = aws.function(name, CALLS, role=role, Timeout=20)
    if service == "s3":
        aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": WEST})
    arguments = json.loads(json.dumps(arguments).replace("NAME", name))
    denied = call(aws, function, service, method, **arguments)
    assert denied
    assert (denied["Status"], denied["Code"]) == (status, code)
    assert f"{name}-role needs" in denied["Message"]
    statement = needed(denied["Message"])
    assert (statement["Action"], statement["Resource"]) == (action, resource.replace("NAME", name))

    policy = json.dumps({"Statement": [LOGS, statement]})
    aws("iam").put_role_policy(RoleName=f"{name}-role", PolicyName="p", PolicyDocument=policy)
    then = call(aws, function, service, method, **arguments)
    assert then is None or "AccessDenied" not in then["Code"], "what the message says is enough"


def test_one_entry_of_another_source_denies_the_whole_request(aws: Aws, name: str) -> None:
    bus = aws.bus(name)
    queue = aws.queue(name, sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": [{"prefix": ""}]}, Arn=queue)
    condition = {"StringEquals": {"events:source": "mine"}}
    role = aws.role(f"{name}-role", LOGS, allow("events:PutEvents", bus, Condition=condition))
    function = aws.function(name, CALLS, role=role, Timeout=20)

    def put(*sources: str) -> dict[str, Any] | None:
        entries = [{"EventBusName": bus, "Source": s, "DetailType": "t", "Detail": "{}"} for s in sources]
        return call(aws, function, "events", "put_events", Entries=entries)

    denied = put("mine", "theirs")
    assert denied
    assert denied["Code"] == "AccessDeniedException"
    assert needed(denied["Message"])["Condition"] == {"StringEquals": {"events:source": "theirs"}}
    assert aws.messages(queue) == []
    assert put("mine", "mine") is None
    assert len(aws.messages(queue)) == 2


def test_a_bus_policy_that_denies_wins(aws: Aws, name: str) -> None:
    function = aws.function(name, CALLS, role=aws.role(f"{name}-role", LOGS, allow("events:PutEvents")), Timeout=20)
    bus = aws.bus(name)
    entry = {"EventBusName": bus, "Source": "s", "DetailType": "t", "Detail": "{}"}
    assert call(aws, function, "events", "put_events", Entries=[entry]) is None
    statement = {"Sid": "s", "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": bus}
    aws("events").put_permission(EventBusName=name, Policy=json.dumps({"Statement": [statement]}))
    denied = call(aws, function, "events", "put_events", Entries=[entry])
    assert denied
    assert "explicit deny" in denied["Message"]


def test_a_bus_policy_alone_lets_a_role_put(aws: Aws, name: str) -> None:
    role = aws.role(f"{name}-role", LOGS)
    function, bus = aws.function(name, CALLS, role=role, Timeout=20), aws.bus(name)
    statement = allow("events:PutEvents", bus, Sid="s", Principal={"AWS": role})
    aws("events").put_permission(EventBusName=name, Policy=json.dumps({"Statement": [statement]}))
    entry = {"EventBusName": bus, "Source": "s", "DetailType": "t", "Detail": "{}"}
    assert call(aws, function, "events", "put_events", Entries=[entry]) is None


@pytest.mark.parametrize(("services", "told"), [(["events"], "firehose:PutRecord"), (["lambda"], "sts:AssumeRole")])
def test_a_rule_whose_role_may_not_or_is_not_trusted_sends_to_the_dead_letter_queue_at_once(
    aws: Aws, name: str, services: list[str], told: str
) -> None:
    """No retry (EventBridge User Guide, "Using dead-letter queues to process undelivered events")."""
    arn = stream(aws, name, seconds=0)
    statement = allow("firehose:PutRecordBatch" if services == ["events"] else "firehose:*")
    role = aws.role(f"{name}-role", statement, services=[f"{service}.amazonaws.com" for service in services])
    aws.bus(name)
    dead_letters = aws.queue(f"{name}-dlq", sender=rule_arn(name, "r"))
    aws.rule(name, "r", {"source": ["test"]}, Arn=arn, RoleArn=role, DeadLetterConfig={"Arn": dead_letters})
    aws.put(name)
    said = dead_letter(aws, dead_letters)
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("NO_PERMISSIONS", "0")
    assert needed(said["ERROR_MESSAGE"])["Action"] == told
    assert f"{name}-role" in said["ERROR_MESSAGE"]


def test_a_rule_puts_on_a_bus_only_by_a_role_that_may(aws: Aws, name: str) -> None:
    aws.bus(name)
    target = aws.bus(f"{name}-far", EAST)
    role = aws.role(
        f"{name}-role", allow("events:PutEvents", target, Condition={"StringEquals": {"events:source": "s"}})
    )
    dead_letters = aws.queue(f"{name}-dlq", sender=rule_arn(name, "r"))
    dlq = {"DeadLetterConfig": {"Arn": dead_letters}}
    aws.rule(name, "r", {"source": ["test"]}, Arn=target, RoleArn=role, **dlq)
    aws.put(name)
    said = dead_letter(aws, dead_letters)
    assert said["ERROR_CODE"] == "NO_PERMISSIONS"
    assert needed(said["ERROR_MESSAGE"])["Condition"] == {
        "StringEquals": {"events:source": "test", "events:detail-type": "Test"}
    }


@pytest.mark.parametrize("lacks", ["permission", "trust"])
def test_a_schedule_that_may_not_put_sends_to_its_dead_letter_queue_by_its_role(
    aws: Aws, name: str, lacks: str
) -> None:
    bus, dead_letters = aws.bus(name), aws.queue(f"{name}-dlq")
    condition = {"StringEquals": {"events:source": "other" if lacks == "permission" else "s"}}
    may = [allow("events:PutEvents", bus, Condition=condition), allow("sqs:SendMessage", dead_letters)]
    service = "scheduler" if lacks == "permission" else "events"
    role = aws.role(f"{name}-role", *may, services=[f"{service}.amazonaws.com"])
    aws("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": bus,
            "RoleArn": role,
            "Input": "{}",
            "EventBridgeParameters": {"Source": "s", "DetailType": "t"},
            "DeadLetterConfig": {"Arn": dead_letters},
        },
    )
    if lacks == "trust":  # then nothing can be sent by the role, the dead letter neither
        assert eventually(lambda: aws.messages(dead_letters), seconds=2.5) == []
    else:
        assert dead_letter(aws, dead_letters)["ERROR_CODE"] == "NO_PERMISSIONS"


READ = ("sqs:ReceiveMessage", "sqs:GetQueueAttributes")


@pytest.mark.parametrize(
    ("granted", "invoked"),
    [((*READ, "sqs:DeleteMessage"), 1), (READ, 2), (READ[:1], 0), ((READ[1], "sqs:DeleteMessage"), 0)],
)
def test_a_mapping_reads_and_deletes_by_the_functions_role(
    aws: Aws, name: str, granted: tuple[str, ...], invoked: int
) -> None:
    queue, role = aws.queue(name), aws.role(f"{name}-role", LOGS, *(allow(action) for action in granted))
    url = aws("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    if invoked == 2:
        aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    function = aws.function(name, "def handler(event, context): print('RAN')", role=role)
    mapping = aws("lambda").create_event_source_mapping(EventSourceArn=queue, FunctionName=function)["UUID"]
    aws("sqs").send_message(QueueUrl=url, MessageBody="m")

    def runs() -> int:
        if not aws("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
            return 0
        return len(aws("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="RAN")["events"])

    def waiting() -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return any(map(int, aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))

    if invoked == 0:
        state = eventually(
            lambda: aws("lambda").get_event_source_mapping(UUID=mapping)["LastProcessingResult"].startswith("PROBLEM")
        )
        assert state
        assert waiting()
    elif invoked == 1:
        assert eventually(lambda: not waiting())
        assert runs() == 1
    else:
        assert eventually(lambda: runs() >= invoked, seconds=15), "it comes again after its visibility timeout"
        assert waiting()


def test_a_stream_writes_once_its_role_may(aws: Aws, name: str) -> None:
    role = aws.role(f"{name}-role", allow("s3:GetObject"))
    stream(aws, name, seconds=0, RoleARN=role)
    aws("firehose").put_record(DeliveryStreamName=name, Record={"Data": b"{}"})
    assert eventually(lambda: objects(aws, name), seconds=1) == {}
    policy = json.dumps({"Statement": [allow("s3:PutObject", f"arn:aws:s3:::{name}/*")]})
    aws("iam").put_role_policy(RoleName=f"{name}-role", PolicyName="p", PolicyDocument=policy)
    assert eventually(lambda: objects(aws, name))


def test_a_stream_does_not_write_by_a_role_that_does_not_trust_it(aws: Aws, name: str) -> None:
    role = aws.role(f"{name}-role", services=["lambda.amazonaws.com"])
    stream(aws, name, seconds=0, RoleARN=role)
    aws("firehose").put_record(DeliveryStreamName=name, Record={"Data": b"{}"})
    assert eventually(lambda: objects(aws, name), seconds=1) == {}


def test_an_api_without_permission_to_invoke_answers_500(aws: Aws, name: str) -> None:
    api = make_api(aws, name)
    assert api.request("GET", "/health").status_code == 200
    aws("lambda").remove_permission(FunctionName=name, Qualifier="live", StatementId="api")
    refused = api.request("GET", "/health")
    assert (refused.status_code, refused.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("may", [True, False])
def test_a_failed_event_reaches_a_destination_by_the_functions_role(aws: Aws, name: str, may: bool) -> None:
    queue = aws.queue(name)
    role = aws.role(f"{name}-role", LOGS, *([allow("sqs:SendMessage", queue)] if may else []))
    alias = aws.function(name, "def handler(event, context): raise ValueError", role=role)
    config = {"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": queue}}}
    aws("lambda").put_function_event_invoke_config(FunctionName=name, Qualifier="live", **config)
    aws("lambda").invoke(FunctionName=alias, InvocationType="Event", Payload=b"{}")
    assert len(eventually(lambda: aws.messages(queue), seconds=8 if may else 2)) == int(may)


def test_a_function_does_not_run_by_a_role_that_does_not_trust_lambda(aws: Aws, name: str) -> None:
    role = aws.role(f"{name}-role", services=["events.amazonaws.com"])
    answer = aws("lambda").invoke(FunctionName=aws.function(name, "handler = lambda e, c: 1", role=role))
    assert "cannot be assumed by Lambda" in json.loads(answer["Payload"].read())["errorMessage"]


def test_a_function_that_may_not_log_runs_and_leaves_no_log(aws: Aws, name: str) -> None:
    role = aws.role(f"{name}-role", allow("sqs:SendMessage"))
    answer = aws("lambda").invoke(FunctionName=aws.function(name, "handler = lambda e, c: 1", role=role))
    assert json.loads(answer["Payload"].read()) == 1
    groups = aws("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    assert groups == []


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([allow("events:*")], "iam:PassRole"),
        ([allow("events:*"), allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "lambda"}})],
         "iam:PassRole"),
        ([allow("iam:PassRole"), allow("events:PutEvents")], "events:PutRule"),
    ],
)  # fmt: skip
def test_an_endpoint_is_not_created_with_a_role_that_cannot_manage_its_rules(
    aws: Aws, name: str, statements: list[dict[str, Any]], told: str
) -> None:
    role = aws.role(f"{name}-role", *statements)
    with pytest.raises(ClientError, match=told):
        make_endpoint(aws, name, RoleArn=role)


def test_people_and_engines_may_do_all(aws: Aws, name: str) -> None:
    aws.bus(name)
    assert aws.put(name)["FailedEntryCount"] == 0
    assert aws("sts").get_caller_identity()["Arn"].endswith(":root")
    assert ROLE in {role["Arn"] for role in aws("iam").list_roles()["Roles"]}


def test_a_policy_that_refuses_what_comes_without_tls_refuses_nobody(aws: Aws, name: str) -> None:
    queue = aws.queue(name, sender=rule_arn(name, "r"))
    aws.bus(name)
    aws.rule(name, "r", {"source": ["test"]}, Arn=queue)
    aws.put(name)
    role = aws.role(f"{name}-role", LOGS, allow("sqs:SendMessage", queue))
    function = aws.function(name, CALLS, role=role, Timeout=20)
    url = QUEUE.replace("NAME", name)
    assert call(aws, function, "sqs", "send_message", QueueUrl=url, MessageBody="m") is None
    assert len(aws.messages(queue)) == 2
