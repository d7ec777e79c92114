"""Sending signals, against an API that answers as it is told."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from signals.errors import Failed
from signals.observe.send import ATTEMPTS, Result, send
from tests.support.hand_made import signal

Answer = Callable[[list[dict[str, Any]]], httpx.Response]


def accepted(signals: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(202, json={"results": [{"id": s["id"], "status": "accepted"} for s in signals]})


class Api:
    """Answers its requests one after another, the last answer for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(json.loads(request.content))

    def send(self, *signals: dict[str, Any]) -> list[Result]:
        client = httpx.Client(transport=httpx.MockTransport(self))
        found = send(list(signals), url="http://api/", key="k", client=client, sleep=self.slept.append)
        return list(found)

    def ids(self, request: int) -> list[str]:
        return [s["id"] for s in json.loads(self.requests[request].content)]


def busy(retry_after: str | None = None, **statuses: str) -> Answer:
    def answer(signals: list[dict[str, Any]]) -> httpx.Response:
        headers = {"retry-after": retry_after} if retry_after else {}
        results = [{"id": s["id"], "status": statuses.get(s["id"], "unavailable")} for s in signals]
        return httpx.Response(503, headers=headers, json={"error": "unavailable", "results": results})

    return answer


def test_signals_go_to_the_api_with_the_key_as_a_batch() -> None:
    api = Api(accepted)
    assert [result.accepted for result in api.send(signal("1"), signal("2"))] == [True, True]
    [request] = api.requests
    assert str(request.url) == "http://api/v1/signals"
    assert request.headers["authorization"] == "Bearer k"
    assert request.headers["content-type"] == "application/cloudevents-batch+json"


def test_each_signal_has_its_own_result() -> None:
    def mixed(_: object) -> httpx.Response:
        rejected = {"id": "2", "status": "rejected", "reason": "envelope", "message": "type is missing"}
        return httpx.Response(202, json={"results": [{"id": "1", "status": "accepted"}, rejected]})

    first, second = Api(mixed).send(signal("1"), signal("2"))
    assert (first.accepted, second.accepted) == (True, False)
    assert second.detail["message"] == "type is missing"


def test_only_what_nobody_stored_is_sent_again_after_the_time_that_the_api_asks_for() -> None:
    api = Api(busy("7", **{"1": "accepted"}), accepted)
    results = api.send(signal("1"), signal("2"))
    assert [result.accepted for result in results] == [True, True]
    assert (api.ids(0), api.ids(1)) == (["1", "2"], ["2"])
    assert api.slept == [7.0]


def test_retries_are_bounded_and_so_are_their_pauses() -> None:
    api = Api(busy("3600"))
    [result] = api.send(signal("1"))
    assert (result.accepted, result.status) == (False, 503)
    assert len(api.requests) == ATTEMPTS
    assert api.slept == [30.0] * (ATTEMPTS - 1)


def test_a_503_without_a_time_backs_off() -> None:
    api = Api(lambda _: httpx.Response(503, text="Service Unavailable"))
    [result] = api.send(signal("1"))
    assert result.detail["message"] == "Service Unavailable"
    assert api.slept == [1.0, 2.0, 4.0, 8.0]


def test_a_refusal_of_the_request_is_one_of_every_signal_and_not_tried_again() -> None:
    api = Api(lambda _: httpx.Response(401, json={"error": "unauthorized", "message": "send a registered write key"}))
    results = api.send(signal("1"), signal("2"))
    assert [(r.accepted, r.status, r.detail["message"]) for r in results] == [
        (False, 401, "send a registered write key")
    ] * 2
    assert len(api.requests) == 1


def test_an_answer_lost_on_the_way_is_asked_for_again() -> None:
    def lost(_: object) -> httpx.Response:
        raise httpx.ReadTimeout("no answer")

    api = Api(lost, accepted)
    assert [result.accepted for result in api.send(signal("1"))] == [True]
    assert len(api.requests) == 2


def test_an_api_that_is_not_there_is_told_at_once() -> None:
    def down(_: object) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    api = Api(down)
    with pytest.raises(Failed, match=r"cannot reach http://api/ \(Connection refused\): is the stack up"):
        api.send(signal("1"))
    assert len(api.requests) == 1


class Server(ThreadingHTTPServer):
    """An API on a socket that keeps connections; it answers with one status after another."""

    daemon_threads, block_on_close = True, False

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.opened = list(statuses), 0
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.opened += 1

    def do_POST(self) -> None:
        signals = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.statuses.pop(0)
        result = "accepted" if status == 202 else "unavailable"
        body = json.dumps({"results": [{"id": s["id"], "status": result} for s in signals]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("statuses", "connections"), [((202, 202), 1), ((503, 202, 202), 2), ((503, 503, 202, 202), 3)]
)
def test_a_refused_request_is_repeated_over_a_new_connection_because_the_apis_name_may_move(
    statuses: tuple[int, ...], connections: int
) -> None:
    with Server(*statuses) as server, httpx.Client() as client:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for number in range(2):
            found = list(send([signal(f"{number}")], url=url, key="k", client=client, sleep=lambda _: None))
            assert [result.accepted for result in found] == [True]
        server.shutdown()
    assert server.opened == connections
