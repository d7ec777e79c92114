"""Connections to a global endpoint follow a failover: botocore itself, between two servers that share a name."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from handlers.canary import wiring as canary
from handlers.ingest import wiring as ingest
from handlers.republish import wiring as republish
from handlers.shared.clients import AwsClients, aws_client
from handlers.shared.connections import OLDEST_S, YOUNGEST_S, KeptConnections
from handlers.shared.packing import Entry
from handlers.shared.senders import EventPublisher
from tests.handlers.support import Clock, Context, http_event, ingress_event, signal
from tests.handlers.test_wiring import ENVIRONMENT

HOST = "endpoint.test"
WEST, EAST = "127.0.0.1", "127.0.0.2"
FAIL_WHOLE, FAIL_ENTRY = "whole", "entry"


class Name:
    """A DNS name for two servers on one port: which one it leads to, and what each was sent over how many sockets."""

    def __init__(self) -> None:
        self.leads_to = WEST
        self.received: list[str] = []
        self.opened: list[str] = []
        self.failures: list[str] = []  # of the next requests
        self.port = 0

    def handler(self, address: str) -> type[BaseHTTPRequestHandler]:
        name = self

        class Server(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                name.opened.append(address)

            def do_POST(self) -> None:
                entries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["Entries"]
                name.received.append(address)
                failure = name.failures.pop(0) if name.failures else None
                result = {"ErrorCode": "ThrottlingException"} if failure == FAIL_ENTRY else {"EventId": "e"}
                body = json.dumps(
                    {"FailedEntryCount": len(entries) * (failure == FAIL_ENTRY), "Entries": [result] * len(entries)}
                ).encode()
                self.send_response(500 if failure == FAIL_WHOLE else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Server


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Iterator[Name]:
    found, resolve = Name(), socket.getaddrinfo

    def moving(host: Any, *more: Any, **options: Any) -> Any:
        return resolve(found.leads_to if host == HOST else host, *more, **options)

    with ExitStack() as servers:
        for address in (WEST, EAST):
            server = ThreadingHTTPServer((address, found.port), found.handler(address))
            server.daemon_threads, server.block_on_close = True, False
            found.port = server.server_port
            Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            servers.callback(server.server_close)
            servers.callback(server.shutdown)
        monkeypatch.setattr(socket, "getaddrinfo", moving)
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(variable, "test")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{HOST}:{found.port}")
        yield found


class Day:
    """The time of day, which only tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def publisher(day: Day, endpoint_id: str | None = "abcde.veo", jitter: float = 1.0) -> Callable[[], Any]:
    """Puts one entry, as functions do."""
    pace = Clock().pace()._replace(jitter=lambda: jitter)
    clients = AwsClients(pace=pace, now=day)
    put = clients.publisher(bus_name="bus", endpoint_id=endpoint_id, region="us-west-2")
    return lambda: put([Entry("signals", "t", "{}")], until=60)


def test_a_kept_connection_leads_where_it_was_opened_until_the_client_is_closed(name: Name) -> None:
    """What botocore does, and why connections have an age here."""
    client = aws_client("events", region="us-west-2")
    put = EventPublisher(client, bus_name="bus")  # without an endpoint connections are kept
    put([Entry("signals", "t", "{}")], until=60)
    name.leads_to = EAST
    for _ in range(10):
        put([Entry("signals", "t", "{}")], until=60)
    client.close()
    put([Entry("signals", "t", "{}")], until=60)
    assert name.received == [WEST] * 11 + [EAST]


@pytest.mark.parametrize(("jitter", "age_s"), [(0.0, YOUNGEST_S), (0.5, 45.0), (1.0, OLDEST_S)])
def test_connections_to_an_endpoint_follow_its_name_within_a_minute(name: Name, jitter: float, age_s: float) -> None:
    put = publisher(day := Day(), jitter=jitter)
    put()
    name.leads_to = EAST
    day.later(age_s - 0.1)
    put()
    assert name.received == [WEST, WEST], "and not sooner: every connection costs a handshake"
    day.later(0.1)
    put()
    assert name.received == [WEST, WEST, EAST]


def test_within_their_age_connections_are_kept_however_many_requests_there_are(name: Name) -> None:
    put = publisher(day := Day())
    for _ in range(40):
        put()
        day.later(OLDEST_S / 40)
    assert (len(name.received), len(name.opened)) == (40, 1)
    put()
    assert len(name.opened) == 2


@pytest.mark.parametrize("failure", [FAIL_WHOLE, FAIL_ENTRY])
def test_what_failed_is_tried_again_where_the_name_leads_now(name: Name, failure: str) -> None:
    put = publisher(Day())
    put()
    name.leads_to, name.failures = EAST, [failure]
    assert put() == {}
    assert name.received == [WEST, WEST, EAST]
    put()
    assert len(name.opened) == 2, "what has succeeded is kept"


def test_connections_to_a_regions_own_bus_are_kept(name: Name) -> None:
    put = publisher(day := Day(), endpoint_id=None)
    name.failures = [FAIL_ENTRY]
    put()
    day.later(3_600)
    put()
    assert len(name.opened) == 1


@pytest.mark.parametrize("jump_s", [-7_200.0, 86_400.0])
def test_a_clock_that_jumps_makes_no_connection_older(name: Name, jump_s: float) -> None:
    put = publisher(day := Day())
    put()
    name.leads_to = EAST
    day.later(jump_s)
    put()
    assert name.received == [WEST, EAST]


def test_ages_differ_from_one_connection_to_the_next() -> None:
    jitter = iter([0.0, 1.0, 0.5])
    closed: list[float] = []
    day = Day()
    began = day.now

    class Client:
        def close(self) -> None:
            closed.append((day.now - began).total_seconds())

    kept = KeptConnections(Client(), now=day, jitter=lambda: next(jitter))
    for _ in range(95):
        kept.renew()
        day.later(1)
    assert closed == [0, 30, 90]


@pytest.mark.parametrize(
    ("build", "event"),
    [
        (ingest.build, http_event(signal())),
        (republish.build, {"Records": [{"messageId": "m", "body": json.dumps(ingress_event(signal())["detail"])}]}),
        (canary.build, {}),
    ],
    ids=["ingest", "republish", "canary"],
)
def test_every_function_that_publishes_through_the_endpoint_follows_it(
    name: Name, build: Any, event: dict[str, Any]
) -> None:
    clients = AwsClients(
        client=lambda service, region=None, **more: aws_client(service, region=region or "us-west-2", **more),
        pace=Clock().pace(),
        emit=lambda _counts: None,
        now=(day := Day()),
    )
    handler = build(clients=clients, environment=ENVIRONMENT)
    handler(event, Context())
    name.leads_to = EAST
    day.later(OLDEST_S)
    handler(event, Context())
    assert name.received == [WEST, EAST]
