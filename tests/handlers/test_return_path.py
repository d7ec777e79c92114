"""The return path: a replayed event goes to the primary's own bus as it was, marked; what fails stays in the queue."""

import json
from typing import Any

import boto3
import pytest

from handlers.return_path.wiring import returned_entry
from tests.handlers.support import Context, ingress_event, signal

REPLAYED = {**ingress_event(signal()), "replay-name": "outage-1"}


def queued(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m-{place}", "body": body} for place, body in enumerate(bodies)]}


def test_an_event_keeps_its_source_type_and_content_and_says_where_it_was_replayed():
    entry = returned_entry(json.dumps(REPLAYED), region="us-east-1")
    assert entry is not None
    assert (entry.source, entry.detail_type) == (REPLAYED["source"], REPLAYED["detail-type"])
    assert json.loads(entry.detail) == {
        **REPLAYED["detail"],
        "replayed_from": {"region": "us-east-1", "replay": "outage-1"},
    }


@pytest.mark.parametrize(
    "body",
    ["", "{", "7", "[]", "{}", json.dumps(ingress_event(signal())), json.dumps({**REPLAYED, "detail": "text"})],
    ids=["empty", "no JSON", "a number", "an array", "no event", "not replayed", "a detail that is text"],
)
def test_what_is_no_replayed_event_is_not_put_anywhere(body):
    assert returned_entry(body, region="us-east-1") is None


@pytest.mark.usefixtures("aws")
def test_the_function_puts_on_the_primarys_own_bus_and_reports_what_failed(start, monkeypatch, requests, made_clients):
    boto3.client("events", region_name="us-west-2").create_event_bus(Name="signals-ingress")
    monkeypatch.setenv("PRIMARY_REGION", "us-west-2")
    function = start("return_path")

    answer = function.handler(queued(json.dumps(REPLAYED), "{"), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    [request] = requests
    assert "EndpointId" not in request
    assert [entry["EventBusName"] for entry in request["Entries"]] == ["signals-ingress"]
    assert [client.meta.region_name for client in made_clients] == ["us-west-2"]


@pytest.mark.usefixtures("aws")
def test_from_the_secondary_it_puts_into_the_primary(start, monkeypatch, requests, made_clients):
    monkeypatch.delenv("AWS_ENDPOINT_URL_EVENTBRIDGE")  # each Region by its own host
    for region, bus in (("us-west-2", "signals-ingress"), ("us-east-1", "signals-ingress")):
        boto3.client("events", region_name=region).create_event_bus(Name=bus)
    for name, value in {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PRIMARY_REGION": "us-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    function = start("return_path")

    function.handler(queued(json.dumps(REPLAYED)), Context())

    [request] = requests
    assert [client.meta.region_name for client in made_clients] == ["us-west-2"]
    assert json.loads(request["Entries"][0]["Detail"])["replayed_from"]["region"] == "us-east-1"
