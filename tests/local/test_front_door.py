"""The front door, which stands for the domain."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from signals.local import process
from tests.local.test_http_api import make
from tests.support.embedded import EAST, WEST, Aws, eventually


@pytest.fixture(scope="module")
def deployed(aws: Aws, embedded: process.Local) -> Iterator[dict[str, dict[str, str]]]:
    west, east = make(aws, "front-door"), make(aws, "front-door", EAST)
    written = {
        "primary": {"region": WEST, "url": west.url, "host": west.host},
        "secondary": {"region": EAST, "url": east.url, "host": east.host},
    }
    (embedded.home / "front-door.json").write_text(json.dumps(written))
    yield written
    (embedded.home / "front-door.json").unlink()


def test_before_a_deployment_it_says_so(embedded: process.Local) -> None:
    if Path(embedded.home / "front-door.json").exists():
        pytest.skip("already deployed")
    answer = httpx.get(f"{embedded.url}/health")
    assert answer.status_code == 503
    assert "signals up" in answer.json()["message"]
    assert answer.headers["retry-after"]


def test_requests_go_to_the_primary_and_say_where(embedded: process.Local, aws: Aws, deployed: dict) -> None:
    _heal(aws, deployed)
    assert eventually(lambda: httpx.get(f"{embedded.url}/health", timeout=20).headers["x-signals-region"] == WEST)
    headers = {"Authorization": "Bearer key", "X-Forwarded-For": "198.51.100.1", "Content-Type": "application/json"}
    answer = httpx.post(f"{embedded.url}/v1/signals?a=%20b", headers=headers, content=b"{}", timeout=20)
    event = answer.json()
    assert answer.status_code == 202 and answer.headers["x-signals-region"] == WEST
    assert event["headers"]["x-forwarded-for"] == "198.51.100.1, 127.0.0.1"
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert event["rawQueryString"] == "a=%20b" and event["headers"]["authorization"] == "Bearer key"
    assert event["headers"]["host"] == deployed["primary"]["host"]


def test_requests_go_to_the_secondary_while_the_primarys_health_fails(
    embedded: process.Local, aws: Aws, deployed: dict
) -> None:
    _break(aws, deployed)
    assert eventually(lambda: _region(embedded) == EAST)
    answer = httpx.post(f"{embedded.url}/v1/signals", content=b"{}", timeout=20)
    assert answer.headers["x-region"] == answer.headers["x-signals-region"] == EAST
    assert httpx.get(f"{embedded.url}/_front-door").json() == {"deployed": True, "active_region": EAST}
    _heal(aws, deployed)
    assert eventually(lambda: _region(embedded) == WEST)


def test_a_kept_connection_stays_with_the_region_where_it_was_opened(
    embedded: process.Local, aws: Aws, deployed: dict
) -> None:
    _heal(aws, deployed)
    assert eventually(lambda: _region(embedded) == WEST)
    with httpx.Client(timeout=20) as kept:

        def region() -> str:
            return kept.get(f"{embedded.url}/health").headers["x-signals-region"]

        assert region() == WEST
        _break(aws, deployed)
        assert eventually(lambda: _region(embedded) == EAST)
        assert region() == WEST, "also while it fails: only a new connection goes elsewhere"
        with httpx.Client(timeout=20) as new:
            assert new.get(f"{embedded.url}/health").headers["x-signals-region"] == EAST
        _heal(aws, deployed)
        assert eventually(lambda: _region(embedded) == WEST)


def test_an_api_that_cannot_be_reached_is_unhealthy(embedded: process.Local, aws: Aws, deployed: dict) -> None:
    _heal(aws, deployed)
    targets = embedded.home / "front-door.json"
    nobody = {**deployed["primary"], "url": "http://127.0.0.1:9"}
    targets.write_text(json.dumps({**deployed, "primary": nobody}))
    try:
        with httpx.Client(timeout=20) as kept:
            # The first may still go there: its connection ends with it, as one to nobody would.
            assert eventually(lambda: kept.get(f"{embedded.url}/health").headers["x-signals-region"] == EAST)
        assert eventually(lambda: _region(embedded) == EAST)
    finally:
        targets.write_text(json.dumps(deployed))


def _region(embedded: process.Local) -> str:
    return httpx.get(f"{embedded.url}/health", timeout=20).headers.get("x-signals-region", "")


def _break(aws: Aws, deployed: dict) -> None:
    client, api_id = aws("apigatewayv2"), deployed["primary"]["host"].partition(".")[0]
    for route in client.get_routes(ApiId=api_id)["Items"]:
        if route["RouteKey"] == "GET /health":
            client.update_route(ApiId=api_id, RouteId=route["RouteId"], RouteKey="GET /failing")


def _heal(aws: Aws, deployed: dict) -> None:
    client, api_id = aws("apigatewayv2"), deployed["primary"]["host"].partition(".")[0]
    for route in client.get_routes(ApiId=api_id)["Items"]:
        if route["RouteKey"] == "GET /failing":
            client.update_route(ApiId=api_id, RouteId=route["RouteId"], RouteKey="GET /health")
