"""Stacks to recover: one whose AWS answers from a script, and a small one put by hand on an embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.settings import load_settings
from signals.aws.account import Aws
from signals.local import process
from signals.stack import Stack
from tests.support.embedded import free_port
from tests.support.hand_made import PRIMARY, SECONDARY, SETTINGS

ACCOUNT = SETTINGS["account_id"]


class ScriptedAws(Aws):
    """An AWS whose clients are the objects in `answers`, by service."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.answers: dict[str, Any] = {}

    def client(self, service: str, region: str) -> Any:  # noqa: ARG002
        return self.answers[service]


class ScriptedStack(Stack):
    """A stack on a scripted AWS."""

    aws: ScriptedAws

    @property
    def answers(self) -> dict[str, Any]:
        return self.aws.answers


@pytest.fixture
def scripted(tmp_path: Path) -> ScriptedStack:
    """A stack on AWS, as far as its settings say."""
    raw = {key: value for key, value in SETTINGS.items() if key not in ("aws_endpoint", "functions")}
    stack = ScriptedStack("cloud", load_settings(raw), raw)
    stack.__dict__["aws"] = ScriptedAws(tmp_path)  # in place of the cached property
    return stack


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Local]:
    home = tmp_path_factory.mktemp("recover")
    running = process.start(home, "test", aws_port=free_port(), port=free_port())
    yield running
    process.stop(home)


@pytest.fixture(scope="session")
def _platform(embedded: process.Local) -> Stack:
    raw = {**SETTINGS, "aws_endpoint": embedded.aws_url}
    stack = Stack("test", load_settings(raw), raw, embedded.home)
    for region in stack.regions:
        bus(stack, region)
        for name in ("quarantine", "orders", "orders-dlq", "spool", "spool-dlq"):
            queue(stack, region, name)
    check = stack.client("route53", PRIMARY).create_health_check(
        CallerReference="recover",
        HealthCheckConfig={
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": PRIMARY, "Name": "hand-made-ingress-latency"},
            "InsufficientDataHealthStatus": "LastKnownStatus",
        },
    )["HealthCheck"]["Id"]
    failover = {"Primary": {"HealthCheck": f"arn:aws:route53:::healthcheck/{check}"}, "Secondary": {"Route": SECONDARY}}
    stack.client("events", PRIMARY).create_endpoint(
        Name="hand-made",
        RoutingConfig={"FailoverConfig": failover},
        EventBuses=[{"EventBusArn": arn("events", region, "event-bus/hand-made-ingress")} for region in stack.regions],
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/replication",
    )
    return stack


@pytest.fixture
def platform(_platform: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stack:
    """Buses, endpoint and probe queues, with a folder of its own to keep notes in."""
    monkeypatch.setattr(_platform.aws, "folder", tmp_path)
    return _platform


def arn(service: str, region: str, resource: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


def bus(stack: Stack, region: str) -> None:
    """The ingress bus of one Region with the probe's rule and queue."""
    events = stack.client("events", region)
    events.create_event_bus(Name="hand-made-ingress")
    subscribe(stack, region, "probe", {"source": ["signals.probe"]})


def subscribe(stack: Stack, region: str, name: str, pattern: dict[str, Any], **target: Any) -> None:
    """A rule on the ingress bus that sends to the queue of its name."""
    events = stack.client("events", region)
    rule = events.put_rule(
        Name=f"hand-made-{name}", EventBusName="hand-made-ingress", EventPattern=json.dumps(pattern)
    )["RuleArn"]
    queue(stack, region, name, sender=rule)
    to = {"Id": "target", "Arn": arn("sqs", region, f"hand-made-{name}"), **target}
    events.put_targets(Rule=f"hand-made-{name}", EventBusName="hand-made-ingress", Targets=[to])


def queue(stack: Stack, region: str, name: str, *, sender: str = "*") -> str:
    sqs = stack.client("sqs", region)
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
