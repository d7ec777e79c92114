"""The publisher's way through the minutes before failover: endpoint, spool, 503; with real faults, deployed.

What AWS does is cited where the embedded AWS does it: signals/local/faults.py and the extensions it names.
"""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from signals.local.embedded_aws import LOCAL_WRITE_KEY
from signals.observe import apis
from signals.observe.find import Found, find
from signals.observe.health import endpoint
from signals.recover.probe import probe
from tests.e2e.test_signals import PRIMARY, SECONDARY, inverted
from tests.support.deployed import Deployment, order, wait_for

SPOOL = "signals-local-spool"
# A refused publisher tries for so long before it spools (handlers/ingest/handler.py), in s.
LADDER_S = 3.0


class Faults:
    """Sets faults, and heals."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_signals/faults"

    def __call__(self, **faults: Any) -> None:
        httpx.put(self._url, json=faults, timeout=10).raise_for_status()


@pytest.fixture
def faults(deployment: Deployment) -> Iterator[Faults]:
    found, sqs = Faults(deployment.stack.embedded.platform.aws_url), deployment.stack.aws.client("sqs", PRIMARY)
    spool = sqs.get_queue_url(QueueName=SPOOL)["QueueUrl"]
    hidden = sqs.get_queue_attributes(QueueUrl=spool, AttributeNames=["VisibilityTimeout"])["Attributes"]
    # What republish could not send while it was refused shows itself again after minutes: here after a second.
    sqs.set_queue_attributes(QueueUrl=spool, Attributes={"VisibilityTimeout": "1"})
    yield found
    found()
    sqs.set_queue_attributes(QueueUrl=spool, Attributes=hidden)


def post(deployment: Deployment, *signals: dict[str, Any]) -> httpx.Response:
    """One request to the primary's API, answered as it is."""
    url = apis.url_for(deployment.stack, PRIMARY)
    headers = {"Authorization": f"Bearer {LOCAL_WRITE_KEY}"}
    return httpx.post(f"{url}/v1/signals", json=list(signals), headers=headers, timeout=35)


def look(deployment: Deployment, signal: dict[str, Any]) -> Found:
    return find(deployment.stack, signal["id"], since=timedelta(hours=1))


def in_lake(deployment: Deployment, signal: dict[str, Any], seconds: float = 60) -> int:
    """How often a signal is in the lake, once it is there."""
    found = wait_for(
        f"signal {signal['id']} is not in the lake", lambda: look(deployment, signal).of("lake") or None, seconds
    )
    return len(found)


def large(number: int) -> list[dict[str, Any]]:
    """Signals of which each fills most of an entry of 64 KB, so that a request has many entries."""
    return [order(data={"text": "x" * 50_000}) for _ in range(number)]


def test_what_the_endpoint_refuses_is_spooled_and_goes_through_it_again_replicated_under_its_own_id(
    deployment: Deployment, faults: Faults
) -> None:
    signal = order()
    faults(refusing_endpoints=True)
    answer = post(deployment, signal)
    assert answer.status_code == 202
    # It stops before a random pause that would pass its deadline, never sooner than a third of the way.
    assert answer.elapsed.total_seconds() >= LADDER_S * 0.3, "it tries before it spools"
    assert wait_for("it is not in the spool", lambda: look(deployment, signal).of("spool"))
    assert not look(deployment, signal).of("archive")
    faults()
    in_lake(deployment, signal)
    archived = wait_for("no copy in the secondary", lambda: look(deployment, signal).of("archive"))
    assert {(place.region, place.note) for place in archived} == {(SECONDARY, f"replicated from {PRIMARY}")}
    wait_for("it is still in the spool", lambda: not look(deployment, signal).of("spool"))


def test_entries_that_are_refused_are_tried_again_and_the_others_are_not(
    deployment: Deployment, faults: Faults
) -> None:
    signals = large(4)
    faults(refuse_every_entry=3)
    answer = post(deployment, *signals)
    assert answer.status_code == 202
    assert [in_lake(deployment, signal) for signal in signals] == [1] * len(signals)
    assert not any(look(deployment, signal).of("spool") for signal in signals)


def test_when_every_entry_is_refused_in_an_answer_with_200_all_are_spooled(
    deployment: Deployment, faults: Faults
) -> None:
    signals = large(2)
    faults(refuse_every_entry=1)
    assert post(deployment, *signals).status_code == 202
    assert all(wait_for("it is not in the spool", lambda s=s: look(deployment, s).of("spool")) for s in signals)  # type: ignore[misc]
    faults()
    assert all(in_lake(deployment, signal) for signal in signals)


def test_a_slow_endpoint_makes_duplicates_that_carry_the_signals_id(deployment: Deployment, faults: Faults) -> None:
    signal = order()
    # Longer than the publisher waits (2 s, handlers/shared/clients.py): it cannot know that its request took effect.
    faults(slow_endpoints_s=2.5)
    assert post(deployment, signal).status_code == 202
    faults()
    wait_for("there is no second copy in the lake", lambda: in_lake(deployment, signal) >= 2 or None, 60)
    places = look(deployment, signal).of("lake")
    assert {(place.content or {})["id"] for place in places} == {signal["id"]}
    assert len({(place.content or {})["data"]["order"] for place in places}) == 1


def test_when_the_spool_refuses_too_the_client_is_told_to_come_again_and_has_no_yes(
    deployment: Deployment, faults: Faults
) -> None:
    signal = order()
    faults(refusing_endpoints=True, refusing_queues=[SPOOL])
    answer = post(deployment, signal)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    [result] = answer.json()["results"]
    assert (result["id"], result["status"]) == (signal["id"], "unavailable")
    assert not look(deployment, signal).places
    faults()
    assert post(deployment, signal).status_code == 202
    assert in_lake(deployment, signal) == 1


def test_a_publisher_that_signs_for_one_region_fails_only_once_failed_over_and_ours_does_not(
    deployment: Deployment,
) -> None:
    """boto/boto3#4465: the healthy state never shows it."""
    before, during = order(), order()
    assert plain_sigv4(deployment) == 200
    assert post(deployment, before).status_code == 202
    with inverted(deployment.stack):
        assert plain_sigv4(deployment) == 403
        assert post(deployment, during).status_code == 202
        archived = wait_for("it did not enter the secondary", lambda: look(deployment, during).of("archive"))
        assert [place.note for place in archived] == ["entered here"]
        assert not look(deployment, during).of("spool")
    assert plain_sigv4(deployment) == 200


def plain_sigv4(deployment: Deployment) -> int:
    """The status of a PutEvents through the endpoint that is signed for the primary alone."""
    stack = deployment.stack
    found = endpoint(stack)
    assert found is not None
    detail = json.dumps({"id": uuid.uuid4().hex})
    entry = {
        "Source": "signals.probe",
        "DetailType": "Probe",
        "Detail": detail,
        "EventBusName": stack.names.ingress_bus,
    }
    headers = {"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"}
    body = json.dumps({"Entries": [entry], "EndpointId": found.id})
    request = AWSRequest("POST", f"{stack.embedded.platform.aws_url}/", data=body, headers=headers)
    SigV4Auth(Credentials(stack.settings.account_id, "local"), "events", PRIMARY).add_auth(request)
    return httpx.post(f"{stack.embedded.platform.aws_url}/", content=body, headers=dict(request.headers)).status_code


def test_a_missing_bus_is_answered_with_yes_and_the_canarys_probe_notices(
    deployment: Deployment, faults: Faults
) -> None:
    """EventBridge User Guide, "Sending events with PutEvents": an event for no bus is taken, not counted, and gone."""
    signal = order()
    assert probe(deployment.stack, everywhere=True).problem is None
    faults(missing_buses=[deployment.stack.names.ingress_bus])
    assert post(deployment, signal).status_code == 202, "no publisher can know"
    seen = probe(deployment.stack, patience_s=2)
    assert seen.region is None
    assert seen.problem is not None
    assert "no bus received it" in seen.problem
    faults()
    assert not look(deployment, signal).places
    assert probe(deployment.stack, everywhere=True).problem is None
