"""EventBridge global endpoints (User Guide, "Making applications Regional-fault tolerant with global endpoints")."""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.support.embedded import ACCOUNT, EAST, ROLE, WEST, Aws, eventually, rule_arn


@dataclass
class Endpoint:
    """An endpoint over a pair of buses of one name, each with a queue that gets everything."""

    aws: Aws
    name: str
    check_id: str
    endpoint_id: str
    queues: dict[str, str]

    def put(self, bus: str | None = None, *, detail: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.aws.put(bus or self.name, detail, EndpointId=self.endpoint_id)

    def invert(self, inverted: bool) -> None:
        self.aws("route53").update_health_check(HealthCheckId=self.check_id, Inverted=inverted)

    def received(self, region: str) -> list[dict[str, Any]]:
        return [json.loads(m["Body"]) for m in eventually(lambda: self.aws.messages(self.queues[region]), seconds=2)]


@pytest.fixture
def endpoint(aws: Aws, name: str) -> Endpoint:
    return make(aws, name)


def make(aws: Aws, name: str, **settings: Any) -> Endpoint:
    check = aws("route53").create_health_check(
        CallerReference=name,
        HealthCheckConfig={
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Name": name, "Region": WEST},
            "InsufficientDataHealthStatus": "Unhealthy",
        },
    )["HealthCheck"]
    buses, queues = [], {}
    for region in (WEST, EAST):
        buses.append({"EventBusArn": aws.bus(name, region)})
        queues[region] = aws.queue(name, region, sender=rule_arn(name, "all", region))
        aws.rule(name, "all", {"source": ["test"]}, region, Arn=queues[region])
    request = {
        "Name": name,
        "RoutingConfig": {
            "FailoverConfig": {
                "Primary": {"HealthCheck": f"arn:aws:route53:::healthcheck/{check['Id']}"},
                "Secondary": {"Route": EAST},
            }
        },
        "EventBuses": buses,
        "RoleArn": ROLE,
        **settings,
    }
    aws("events").create_endpoint(**{key: value for key, value in request.items() if value is not None})
    endpoint_id = aws("events").describe_endpoint(Name=name)["EndpointId"]
    return Endpoint(aws, name, check["Id"], endpoint_id, queues)


def test_the_url_is_the_id_and_the_services_own_suffix(endpoint: Endpoint) -> None:
    described = endpoint.aws("events").describe_endpoint(Name=endpoint.name)
    assert described["EndpointUrl"] == f"https://{endpoint.endpoint_id}.endpoint.events.amazonaws.com"
    assert described["EndpointId"].endswith(".veo")
    assert described["State"] == "ACTIVE"
    assert described["ReplicationConfig"] == {"State": "ENABLED"}


def test_events_go_to_the_primary_and_a_copy_of_each_to_the_secondary(endpoint: Endpoint) -> None:
    event_id = endpoint.put()["Entries"][0]["EventId"]
    (original,) = endpoint.received(WEST)
    (copy,) = endpoint.received(EAST)
    assert original["id"] == event_id and original["region"] == WEST and original["resources"] == []
    assert copy["id"] != event_id
    assert copy["region"] == WEST, "the Region it came from"
    assert copy["resources"] == [f"arn:aws:events:{WEST}:{ACCOUNT}:endpoint/{endpoint.name}"]
    assert copy["detail"] == original["detail"] and copy["time"] == original["time"]


def test_an_inverted_check_moves_events_to_the_secondary_and_back(endpoint: Endpoint) -> None:
    endpoint.invert(True)
    endpoint.put(detail={"n": 1})
    assert [e["region"] for e in endpoint.received(EAST)] == [EAST]
    assert [e["region"] for e in endpoint.received(WEST)] == [EAST], "replicated back"
    endpoint.invert(False)
    endpoint.put(detail={"n": 2})
    assert [e["region"] for e in endpoint.received(WEST)] == [WEST]


def test_a_kept_connection_stays_with_the_region_where_it_was_opened(endpoint: Endpoint) -> None:
    """Measured with botocore on a name that moved; AWS says so of zonal shifts (ARC Developer Guide)."""
    kept = endpoint.aws("events")
    entry = {"Source": "test", "DetailType": "Test", "Detail": "{}", "EventBusName": endpoint.name}

    def put() -> str:
        kept.put_events(EndpointId=endpoint.endpoint_id, Entries=[entry])
        (region,) = {event["region"] for event in endpoint.received(EAST)}
        return str(region)

    assert put() == WEST
    endpoint.invert(True)
    assert [put() for _ in range(3)] == [WEST] * 3
    kept.close()
    assert put() == EAST
    endpoint.invert(False)
    assert put() == EAST
    kept.close()
    assert put() == WEST
    endpoint.invert(True)
    assert put() == WEST
    endpoint.aws.faults(broken_connections=True)
    endpoint.aws.faults()
    assert put() == EAST


def test_a_connection_is_bound_to_each_endpoint_by_itself(aws: Aws, endpoint: Endpoint, name: str) -> None:
    kept, other = aws("events"), make(aws, f"{name}-other")
    entry = {"Source": "test", "DetailType": "Test", "Detail": "{}"}
    kept.put_events(EndpointId=endpoint.endpoint_id, Entries=[{**entry, "EventBusName": endpoint.name}])
    other.invert(True)
    kept.put_events(EndpointId=other.endpoint_id, Entries=[{**entry, "EventBusName": other.name}])
    assert [event["region"] for event in other.received(EAST)] == [EAST]


def test_a_copy_is_not_replicated_again(endpoint: Endpoint) -> None:
    endpoint.put()
    time.sleep(0.5)
    assert len(endpoint.received(WEST)) == 1
    assert len(endpoint.received(EAST)) == 1


def test_what_is_put_on_a_regional_bus_is_not_replicated(endpoint: Endpoint) -> None:
    endpoint.aws.put(endpoint.name)
    assert len(endpoint.received(WEST)) == 1
    time.sleep(0.3)
    assert endpoint.aws.messages(endpoint.queues[EAST]) == []


@pytest.mark.parametrize("region", [WEST, EAST])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_bus_may_be_named_by_the_arn_of_either_region(endpoint: Endpoint, region: str, inverted: bool) -> None:
    endpoint.invert(inverted)
    answer = endpoint.put(f"arn:aws:events:{region}:{ACCOUNT}:event-bus/{endpoint.name}")
    assert answer["FailedEntryCount"] == 0
    assert [e["region"] for e in endpoint.received(EAST if inverted else WEST)] == [EAST if inverted else WEST]


def test_an_event_for_a_missing_bus_is_accepted_and_gone(endpoint: Endpoint) -> None:
    answer = endpoint.put("no-such-bus")
    assert answer["FailedEntryCount"] == 0
    assert "EventId" in answer["Entries"][0]


def test_an_unknown_endpoint_refuses(aws: Aws, name: str) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        aws.put(name, EndpointId="unknown.veo")


def test_plain_sigv4_fails_only_once_failed_over(endpoint: Endpoint) -> None:
    """boto/boto3#4465."""
    assert _put_with_sigv4(endpoint).status_code == 200
    endpoint.invert(True)
    refused = _put_with_sigv4(endpoint)
    assert refused.status_code == 403
    assert refused.json()["__type"] == "InvalidSignatureException"


def test_each_bus_has_a_managed_rule_until_the_endpoint_is_deleted(endpoint: Endpoint) -> None:
    for region in (WEST, EAST):
        (rule,) = _managed_rules(endpoint, region)
        assert rule["ManagedBy"]
    endpoint.aws("events").delete_endpoint(Name=endpoint.name)
    assert not _managed_rules(endpoint, WEST) + _managed_rules(endpoint, EAST)


def test_without_replication_nothing_is_copied(aws: Aws, name: str) -> None:
    endpoint = make(aws, name, ReplicationConfig={"State": "DISABLED"})
    endpoint.put()
    assert len(endpoint.received(WEST)) == 1
    assert not _managed_rules(endpoint, WEST)
    assert aws.messages(endpoint.queues[EAST]) == []


def test_replication_needs_a_role(aws: Aws, name: str) -> None:
    with pytest.raises(ClientError, match="RoleArn is required"):
        make(aws, name, RoleArn=None)


def test_an_update_takes_effect_at_once(endpoint: Endpoint) -> None:
    endpoint.aws("events").update_endpoint(Name=endpoint.name, ReplicationConfig={"State": "DISABLED"})
    assert not _managed_rules(endpoint, WEST)
    (listed,) = endpoint.aws("events").list_endpoints(NamePrefix=endpoint.name)["Endpoints"]
    assert listed["ReplicationConfig"] == {"State": "DISABLED"}
    assert listed["EndpointId"] == endpoint.endpoint_id


def test_replication_waits_for_a_region_that_does_not_answer(endpoint: Endpoint) -> None:
    endpoint.aws.faults(refusing_regions=[EAST])
    try:
        endpoint.put()
        assert len(endpoint.received(WEST)) == 1
        assert endpoint.aws.messages(endpoint.queues[EAST]) == []
    finally:
        endpoint.aws.faults()
    assert len(eventually(lambda: endpoint.received(EAST))) == 1


def test_a_refusing_endpoint_fails_the_request(endpoint: Endpoint) -> None:
    endpoint.aws.faults(refusing_endpoints=True)
    try:
        with pytest.raises(ClientError, match="InternalException"):
            endpoint.put()
    finally:
        endpoint.aws.faults()


def _managed_rules(endpoint: Endpoint, region: str) -> list[dict[str, Any]]:
    events = endpoint.aws("events", region)
    return list(events.list_rules(EventBusName=endpoint.name, NamePrefix="GlobalEndpointManagedRule-")["Rules"])


def _put_with_sigv4(endpoint: Endpoint) -> httpx.Response:
    entry = {"Source": "test", "DetailType": "Test", "Detail": "{}", "EventBusName": endpoint.name}
    body = json.dumps({"EndpointId": endpoint.endpoint_id, "Entries": [entry]})
    headers = {"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{endpoint.aws.url}/", data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "events", WEST).add_auth(request)
    return httpx.post(f"{endpoint.aws.url}/", content=body, headers=dict(request.headers))
