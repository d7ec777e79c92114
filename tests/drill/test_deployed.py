"""A drill's client sends once, and takes from each answer what it acknowledged."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from signals.drill.deployed import DeployedEnvironment
from signals.drill.traffic import Answer
from signals.stack import Stack, load_stack
from tests.support.hand_made import signal

SIGNALS = [signal("1"), signal("2")]


class Client(DeployedEnvironment):
    """Only what sends."""

    def __init__(self, stack: Stack, url: str) -> None:
        self._stack, self._urls, self._key = stack, {"west": url}, "key"
        self._clients = {}


@contextmanager
def answering(status: str, body: str, length: int | None = None) -> Iterator[str]:
    """The URL of a server that gives each request this answer and closes the connection."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            size = 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            self.rfile.read(size)
            head = f"HTTP/1.1 {status}\r\nx-signals-region: us-east-1\r\ncontent-length: {length or len(body)}\r\n\r\n"
            self.wfile.write((head + body).encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_answer_that_asks_for_a_retry_has_acknowledged_some() -> None:
    results = [{"id": "1", "status": "accepted"}, {"id": "2", "status": "unavailable"}]
    with answering("503 Service Unavailable", json.dumps({"results": results})) as url:
        assert Client(load_stack("prod"), url).post("west", SIGNALS) == Answer(frozenset({"1"}), "us-east-1")


def test_an_answer_that_breaks_off_acknowledges_nothing() -> None:
    with answering("202 Accepted", '{"results": [', length=500) as url:
        assert Client(load_stack("prod"), url).post("west", SIGNALS) == Answer(frozenset(), "west")


def test_an_api_that_is_not_there_acknowledges_nothing() -> None:
    with answering("202 Accepted", "") as url:
        pass
    assert Client(load_stack("prod"), url).post("west", SIGNALS) == Answer(frozenset(), "west")
