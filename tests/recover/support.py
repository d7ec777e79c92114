"""A stack whose AWS answers from a script, and what the stack on an embedded AWS is put together from."""

import json
from pathlib import Path
from typing import Any

from signals.aws.account import Aws
from signals.stack import Stack
from tests.support.hand_made import SETTINGS

ACCOUNT = SETTINGS["account_id"]


class ScriptedAws(Aws):
    """An AWS whose clients are the objects in `answers`: by service, or by `SERVICE in REGION`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.answers: dict[str, Any] = {}

    def client(self, service: str, region: str) -> Any:
        return self.answers.get(f"{service} in {region}") or self.answers[service]


class ScriptedStack(Stack):
    """A stack on a scripted AWS."""

    aws: ScriptedAws

    @property
    def answers(self) -> dict[str, Any]:
        return self.aws.answers


def arn(service: str, region: str, resource: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


def bus(stack: Stack, region: str) -> None:
    """The ingress bus of one Region with the probe's rule and queue."""
    events = stack.aws.client("events", region)
    events.create_event_bus(Name="hand-made-ingress")
    subscribe(stack, region, "probe", {"source": ["signals.probe"]})


def subscribe(stack: Stack, region: str, name: str, pattern: dict[str, Any], **target: Any) -> None:
    """A rule on the ingress bus that sends to the queue of its name."""
    events = stack.aws.client("events", region)
    rule = events.put_rule(
        Name=f"hand-made-{name}", EventBusName="hand-made-ingress", EventPattern=json.dumps(pattern)
    )["RuleArn"]
    queue(stack, region, name, sender=rule)
    to = {"Id": "target", "Arn": arn("sqs", region, f"hand-made-{name}"), **target}
    events.put_targets(Rule=f"hand-made-{name}", EventBusName="hand-made-ingress", Targets=[to])


def queue(stack: Stack, region: str, name: str, *, sender: str = "*") -> str:
    sqs = stack.aws.client("sqs", region)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn("sqs", region, f"hand-made-{name}"),
        "Condition": {"ArnLike": {"aws:SourceArn": sender}},
    }
    url: str = sqs.create_queue(QueueName=f"hand-made-{name}")["QueueUrl"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url
