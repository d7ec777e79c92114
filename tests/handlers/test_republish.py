"""Republish: spooled batches go back to the bus as they were; a message that fails stays in the queue, alone."""

import json
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.republish.wiring import spooled_entry
from handlers.shared.delivery import Publish
from handlers.shared.forwarding import forward
from tests.handlers.support import Bus, Context, ingress_event, signal

BATCH = json.dumps(ingress_event(signal())["detail"])


def republish(event: dict[str, Any], publish: Publish) -> tuple[list[str], dict[str, int]]:
    return forward(event, publish, spooled_entry)


def spooled(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m-{place}", "body": body} for place, body in enumerate(bodies)]}


def test_a_batch_goes_back_as_it_was():
    bus = Bus()
    assert republish(spooled(BATCH), bus)[0] == []
    [entry] = bus.entries
    assert entry == ("signals.ingest", "Signal Batch", BATCH)


def test_only_what_the_bus_refuses_stays_in_the_queue():
    bus = Bus(refuses=lambda entry: "InternalFailure" if "s-bad" in entry.detail else None)
    failed, counts = republish(spooled(BATCH, BATCH.replace("s-1", "s-bad"), BATCH), bus)
    assert failed == ["m-1"]
    assert len(bus.entries) == 2
    assert counts == {"RepublishedBatches": 2, "RefusedBatches": 1, "MalformedMessages": 0}


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "{}", '{"signals": []}', '{"batch_id": "b", "signals": {}}'])
def test_what_is_no_batch_stays_in_the_queue_for_the_dead_letters(body):
    bus = Bus()
    assert republish(spooled(body, BATCH), bus)[0] == ["m-0"]
    assert len(bus.entries) == 1


def test_nothing_but_bad_messages_is_no_request():
    assert republish(spooled("{"), lambda _: pytest.fail("there is nothing to publish"))[0] == ["m-0"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["taken", "refused", "malformed"]), max_size=10))
def test_of_any_messages_just_those_that_did_not_go_stay_in_the_queue(plan):
    bus = Bus(refuses=lambda entry: "InternalFailure" if "refused" in entry.detail else None)
    bodies = ["{" if what == "malformed" else BATCH.replace("s-1", f"{what}-{n}") for n, what in enumerate(plan)]
    failed, counts = republish(spooled(*bodies), bus)
    assert sorted(failed) == sorted(f"m-{place}" for place, what in enumerate(plan) if what != "taken")
    assert [entry.detail for entry in bus.entries] == [
        body for body, what in zip(bodies, plan, strict=True) if what == "taken"
    ]
    assert [*counts.values()] == [plan.count("taken"), plan.count("refused"), plan.count("malformed")]


@pytest.mark.usefixtures("aws")
def test_the_function_reports_failures_as_lambda_reads_them(start, requests):
    boto3.client("events").create_event_bus(Name="signals-ingress")
    function = start("republish")

    answer = function.handler(spooled(BATCH, "{"), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    [request] = requests
    assert request["EndpointId"] == "abcde.veo"
    assert [(entry["EventBusName"], entry["Detail"]) for entry in request["Entries"]] == [("signals-ingress", BATCH)]


@pytest.mark.usefixtures("aws")
def test_every_message_stays_in_the_queue_while_the_bus_cannot_be_used(start):
    answer = start("republish").handler(spooled(BATCH, BATCH), Context(seconds=0))  # there is no such bus
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["m-0", "m-1"]
