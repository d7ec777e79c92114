"""The embedded AWS for tests: a free port, a little patience, and clients with what several suites build with them."""

import io
import json
import socket
import time
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import httpx
from botocore.config import Config

WEST, EAST = "us-west-2", "us-east-1"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
_SERVICES = [f"{name}.amazonaws.com" for name in ("events", "firehose", "lambda", "scheduler")]


def free_port() -> int:
    """A port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], Any], *, seconds: float = 8.0) -> Any:
    """What `look` finds once it finds something; the last it found when time is up."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


class Aws:
    """Clients of the embedded AWS, and what several tests build with them."""

    def __init__(self, url: str):
        self.url = url
        self._session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")

    def __call__(self, service: str, region: str = WEST) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return self._session.client(service, region_name=region, endpoint_url=self.url, config=once)

    def role(self, name: str, *statements: dict[str, Any], services: list[str] | None = None) -> str:
        """A role's ARN; without statements it may do all, and every service may assume it unless some are named."""
        iam, trusted = self("iam"), {"Service": _SERVICES if services is None else services}
        trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        allowed = list(statements) or [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Statement": allowed}))
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def bus(self, name: str, region: str = WEST) -> str:
        return str(self("events", region).create_event_bus(Name=name)["EventBusArn"])

    def queue(self, name: str, region: str = WEST, *, sender: str | None = None) -> str:
        """A queue's ARN; `sender` is the ARN of the rule that may send to it."""
        arn = f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"
        attributes = {"Policy": json.dumps(may_send(arn, sender))} if sender else {}
        self("sqs", region).create_queue(QueueName=name, Attributes=attributes)
        return arn

    def messages(self, queue_arn: str) -> list[dict[str, Any]]:
        """Receive, and delete, what is in a queue."""
        sqs = self("sqs", queue_arn.split(":")[3])
        url = sqs.get_queue_url(QueueName=queue_arn.split(":")[5])["QueueUrl"]
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        found = received.get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return list(found)

    def rule(self, bus: str, name: str, pattern: dict[str, Any], region: str = WEST, **target: Any) -> str:
        """A rule with one target; its ARN."""
        events = self("events", region)
        arn = str(events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"])
        if target:
            events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "t", **target}])
        return arn

    def put(self, bus: str, detail: dict[str, Any] | None = None, region: str = WEST, **request: Any) -> dict[str, Any]:
        entry = {"Source": "test", "DetailType": "Test", "Detail": json.dumps(detail or {}), "EventBusName": bus}
        return dict(self("events", region).put_events(Entries=[entry], **request))

    def function(self, name: str, code: str, region: str = WEST, *, role: str = ROLE, **settings: Any) -> str:
        """A published version behind the alias `live`; the alias's ARN."""
        client = self("lambda", region)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("index.py", code)
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
            Publish=True,
            **settings,
        )
        return str(client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")["AliasArn"])

    def faults(self, **faults: Any) -> None:
        httpx.put(f"{self.url}/_signals/faults", json=faults).raise_for_status()


def may_send(queue_arn: str, rule_arn: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    # As the platform's queues have it: nobody without TLS, which services of AWS always use among themselves.
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    refusal = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue_arn, "Condition": insecure}
    return {"Version": "2012-10-17", "Statement": [statement, refusal]}


def rule_arn(bus: str, rule: str, region: str = WEST) -> str:
    return f"arn:aws:events:{region}:{ACCOUNT}:rule/{bus}/{rule}"
