"""Stacks to recover: one whose AWS answers from a script, and a small one put by hand on an embedded AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.settings import load_settings
from signals.local import process
from signals.stack import Stack
from tests.recover.support import ScriptedAws, ScriptedStack, arn, bus, queue
from tests.support.embedded import ROLE, Aws, free_port
from tests.support.hand_made import PRIMARY, SECONDARY, SETTINGS


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
    Aws(running.aws_url).role(ROLE.rpartition("/")[2])
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
    check = stack.aws.client("route53", PRIMARY).create_health_check(
        CallerReference="recover",
        HealthCheckConfig={
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": PRIMARY, "Name": "hand-made-ingress-latency"},
            "InsufficientDataHealthStatus": "LastKnownStatus",
        },
    )["HealthCheck"]["Id"]
    failover = {"Primary": {"HealthCheck": f"arn:aws:route53:::healthcheck/{check}"}, "Secondary": {"Route": SECONDARY}}
    stack.aws.client("events", PRIMARY).create_endpoint(
        Name="hand-made",
        RoutingConfig={"FailoverConfig": failover},
        EventBuses=[{"EventBusArn": arn("events", region, "event-bus/hand-made-ingress")} for region in stack.regions],
        RoleArn=ROLE,
    )
    return stack


@pytest.fixture
def platform(_platform: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stack:
    """Buses, endpoint and probe queues, with a folder of its own to keep notes in."""
    monkeypatch.setattr(_platform.aws, "folder", tmp_path)
    return _platform
