"""The canary: one probe an invocation through the endpoint, and a refusal that is said but is no failure."""

import json

import boto3
import pytest

from handlers.shared.contract import PROBE_SOURCE
from tests.handlers.support import Context

pytestmark = pytest.mark.usefixtures("aws")


def test_a_probe_goes_through_the_endpoint_and_can_be_told_from_the_next(start, capsys, requests):
    boto3.client("events").create_event_bus(Name="signals-ingress")
    function = start("canary")
    for _ in range(2):
        function.handler({}, Context())
    assert [request["EndpointId"] for request in requests] == ["abcde.veo"] * 2
    entries = [entry for request in requests for entry in request["Entries"]]
    assert {(entry["Source"], entry["EventBusName"]) for entry in entries} == {(PROBE_SOURCE, "signals-ingress")}
    assert len({json.loads(entry["Detail"])["id"] for entry in entries}) == 2
    assert capsys.readouterr().out.count('"SentProbes":1') == 2


def test_a_refusal_is_logged_and_counted_and_not_tried_again_by_lambda(start, capsys):
    # There is no bus: moto refuses where AWS would answer 200.
    function = start("canary")
    function.handler({}, Context())
    said = capsys.readouterr().out
    assert "the endpoint refused a probe" in said
    assert '"RefusedProbes":1' in said
