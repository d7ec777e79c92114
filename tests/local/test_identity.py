"""Which embedded AWS answers: told on both ports, and checked in every request that names one."""

from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from components.settings import load_settings
from signals.errors import LocalError
from signals.local import process
from signals.local.identity import PATH, Identity, ask
from signals.stack import Stack
from tests.support.embedded import free_port
from tests.support.hand_made import SETTINGS


def test_both_ports_tell_the_id_and_the_stack(embedded: process.Local) -> None:
    assert embedded.identity.stack == "test"
    assert len(embedded.identity.id) == 32
    assert ask("127.0.0.1", embedded.aws_port) == ask("127.0.0.1", embedded.port) == embedded.identity


def test_each_life_has_an_id_of_its_own(embedded: process.Local, own_home: Path) -> None:
    other = process.start(own_home, aws_port=free_port(), port=free_port())
    assert other.identity.id != embedded.identity.id


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("events", "list_event_buses", {}),
        ("sqs", "list_queues", {}),
        ("s3", "list_buckets", {}),
        ("route53", "list_health_checks", {}),
        ("iam", "list_roles", {}),
        ("dynamodb", "list_tables", {}),
        ("lambda", "list_functions", {}),
        ("apigatewayv2", "get_apis", {}),
        ("logs", "describe_log_groups", {}),
        ("cloudwatch", "list_metrics", {}),
        ("firehose", "list_delivery_streams", {}),
    ],
)
def test_a_request_for_another_platform_is_refused_in_the_form_that_its_client_reads(
    embedded: process.Local, service: str, operation: str, request_: dict[str, Any]
) -> None:
    def client(identity: Identity) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name="us-west-2",
            endpoint_url=embedded.aws_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(user_agent_extra=identity.user_agent, retries={"total_max_attempts": 1}),
        )

    getattr(client(embedded.identity), operation)(**request_)
    with pytest.raises(ClientError) as refused:
        getattr(client(Identity("f00", "local")), operation)(**request_)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 421
    assert refused.value.response["Error"]["Code"] == "OtherPlatform"
    assert "run `signals up`" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("path", ["/v1/signals", "/_signals/faults", PATH])
def test_plain_requests_for_another_platform_are_refused_too(embedded: process.Local, path: str) -> None:
    for url in (embedded.url, embedded.aws_url):
        answer = httpx.put(f"{url}{path}", headers={"User-Agent": "httpx signals-platform/f00"}, json={})
        assert answer.status_code == 421
        assert "run `signals up`" in answer.json()["message"]


def test_a_client_does_not_go_on_with_a_platform_that_took_over_the_port(own_home: Path) -> None:
    ports = {"aws_port": free_port(), "port": free_port()}
    first = process.start(own_home, "test", **ports)
    raw = {**SETTINGS, "aws_endpoint": first.aws_url}
    stack = Stack("test", load_settings(raw), raw, own_home)
    client, headers = stack.aws.client("events", stack.primary), stack.aws.headers
    client.create_event_bus(Name="mine")
    process.stop(own_home)
    process.start(own_home, "test", **ports)
    with pytest.raises(ClientError, match="another platform took over this port"):
        client.list_event_buses()
    assert httpx.get(f"{first.url}/v1/signals", headers=headers).status_code == 421
    again = Stack("test", load_settings(raw), raw, own_home)
    assert [bus["Name"] for bus in again.aws.client("events", stack.primary).list_event_buses()["EventBuses"]] != [
        "mine"
    ]


def test_a_start_for_another_stack_says_what_to_do(embedded: process.Local) -> None:
    with pytest.raises(LocalError, match=r"stack 'test' runs in .*run `signals down --stack test` first"):
        process.start(embedded.home, "other", aws_port=embedded.aws_port, port=embedded.port)


def test_a_record_of_an_earlier_life_is_never_taken_for_a_new_one(own_home: Path) -> None:
    (own_home / process.RECORD_FILE).write_text('{"pid": 1, "aws_port": 1, "port": 2, "id": "f00", "stack": "local"}')
    local = process.start(own_home, aws_port=free_port(), port=free_port())
    assert process.attach(own_home, "local") == local
    assert local.pid != 1
