"""An embedded AWS with a small platform put there by hand: what the commands look at, without an engine's minutes."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.settings import load_settings
from signals import stack_files
from signals.local import process
from signals.stack import Stack
from tests.support.embedded import ROLE, Aws, free_port

PRIMARY, SECONDARY = "us-west-2", "us-east-1"
SETTINGS: dict[str, Any] = {
    "name": "hand-made",
    "account_id": "000000000000",
    "regions": {"primary": PRIMARY, "secondary": SECONDARY},
    "aws_endpoint": "http://127.0.0.1:4566",
    "functions": {"runtime": "host", "architecture": "host", "log_retention_days": 1},
    "sources": {"demo": {"write_keys": ["8c4bedb9ba76484d1bbe4694958e2c3af99d49238aa462ddc06af5b39808679a"]}},
    "consumers": [{"name": "lake", "kind": "lake"}, {"name": "orders", "kind": "queue"}],
}


def signal(signal_id: str, **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": signal_id, "type": "order.placed", "source": "/shop", **more}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a stack `test` on this machine and a stack `cloud` on AWS, in place of the repo's."""
    cloud = {key: value for key, value in SETTINGS.items() if key not in ("aws_endpoint", "functions")}
    for name, settings in (
        ("test", SETTINGS),
        ("cloud", cloud),
        ("kept", {**cloud, "protection": True, "alarm_topics": "none"}),
    ):
        document = {"config": {"signals:settings": settings}}
        (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(document))
    monkeypatch.setattr(stack_files, "ROOT", tmp_path)
    monkeypatch.setenv("SIGNALS_LOCAL_HOME", str(tmp_path / "home"))
    yield tmp_path
    # A command that should have refused, and did not, must not leave an embedded AWS behind.
    if (tmp_path / "home").exists():
        process.stop(tmp_path / "home")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Local]:
    home = tmp_path_factory.mktemp("embedded")
    running = process.start(home, "test", aws_port=free_port(), port=free_port())
    Aws(running.aws_url).role(ROLE.rpartition("/")[2])
    yield running
    process.stop(home)


@pytest.fixture(scope="session")
def hand_made(embedded: process.Local) -> Stack:
    """Buses, endpoint, archive, queues and lake of the stack `hand-made`, with a signal or two in them."""
    raw = {**SETTINGS, "aws_endpoint": embedded.aws_url}
    stack = Stack("test", load_settings(raw), raw, embedded.home)
    for region in stack.regions:
        stack.aws.client("events", region).create_event_bus(Name="hand-made-ingress")
        for queue in ("spool", "quarantine", "orders", "orders-dlq"):
            stack.aws.client("sqs", region).create_queue(QueueName=f"hand-made-{queue}")
    stack.aws.client("sqs", PRIMARY).create_queue(QueueName="hand-made-dev-spool")
    _endpoint(stack)
    _lake(stack)
    _failed(stack)
    return stack


def _endpoint(stack: Stack) -> None:
    arn = "arn:aws:events:{}:000000000000:event-bus/hand-made-ingress"
    stack.aws.client("events", SECONDARY).create_archive(
        ArchiveName="hand-made-ingress", EventSourceArn=arn.format(SECONDARY), RetentionDays=30
    )
    check = stack.aws.client("route53", PRIMARY).create_health_check(
        CallerReference="hand-made",
        HealthCheckConfig={
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": PRIMARY, "Name": "hand-made"},
            "InsufficientDataHealthStatus": "LastKnownStatus",
        },
    )["HealthCheck"]["Id"]
    stack.aws.client("events", PRIMARY).create_endpoint(
        Name="hand-made",
        RoutingConfig={
            "FailoverConfig": {
                "Primary": {"HealthCheck": f"arn:aws:route53:::healthcheck/{check}"},
                "Secondary": {"Route": SECONDARY},
            }
        },
        EventBuses=[{"EventBusArn": arn.format(region)} for region in stack.regions],
        RoleArn=ROLE,
    )
    detail = {"batch_id": "b1", "signals": [signal("in-archive"), signal("everywhere")]}
    stack.aws.client("events", SECONDARY).put_events(
        Entries=[
            {
                "EventBusName": "hand-made-ingress",
                "Source": "signals.ingest",
                "DetailType": "Signal Batch",
                "Detail": json.dumps(detail),
            }
        ]
    )


def _lake(stack: Stack) -> None:
    s3, bucket = stack.aws.client("s3", PRIMARY), stack.names.lake_bucket(PRIMARY)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": PRIMARY})
    lines = [json.dumps(signal(name, enrichedregion=PRIMARY)) for name in ("other", "everywhere")]
    hour = f"signals/dt={datetime.now(UTC):%Y-%m-%d/hour=%H}"
    s3.put_object(Bucket=bucket, Key=f"{hour}/part-1.json.gz", Body=gzip.compress("\n".join(lines).encode()))
    old = gzip.compress(json.dumps(signal("old")).encode())
    s3.put_object(Bucket=bucket, Key="signals/dt=2026-01-01/hour=00/part-1.json.gz", Body=old)


def _failed(stack: Stack) -> None:
    sqs = stack.aws.client("sqs", PRIMARY)

    def put(queue: str, body: object, **attributes: str) -> None:
        sqs.send_message(
            QueueUrl=sqs.get_queue_url(QueueName=f"hand-made-{queue}")["QueueUrl"],
            MessageBody=json.dumps(body),
            MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()},
        )

    put("quarantine", signal("bad"), reason="schema")
    put("spool", {"batch_id": "b2", "signals": [signal("waiting")]})
    put("orders-dlq", {"detail-type": "order.placed", "id": "an-event-id", "detail": signal("undelivered")})
    put("orders-dlq", {"requestPayload": {"detail": {"signals": [signal("crashed")]}}})
