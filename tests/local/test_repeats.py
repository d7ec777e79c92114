"""An engine's repeated request: answered as the first time, since what it asked for was done."""

import asyncio
from typing import Any

import pytest

from signals.local.middleware import with_repeats

TERRAFORM = b"APN/1.0 HashiCorp/1.0 Terraform/1.12"


class Counting:
    """An application that says how often it was asked, after as long as an answer takes."""

    def __init__(self, status: int = 201) -> None:
        self.status, self.asked = status, 0

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.asked += 1
        number = self.asked
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": str(number).encode()})


def answers(application: Counting, *requests: dict[str, bytes], together: bool = False) -> list[str]:
    app = with_repeats(application)

    async def ask(headers: dict[str, bytes]) -> str:
        got = []

        async def send(message: Any) -> None:
            got.append(message)

        encoded = [(name.encode(), value) for name, value in headers.items()]
        await app({"type": "http", "headers": encoded}, None, send)  # type: ignore[arg-type]
        assert [message["type"] for message in got] == ["http.response.start", "http.response.body"]
        assert got[0]["status"] == application.status
        return got[1]["body"].decode()

    async def all_of_them() -> list[str]:
        if together:
            return list(await asyncio.gather(*map(ask, requests)))
        return [await ask(headers) for headers in requests]

    return asyncio.run(all_of_them())


def request(asked: bytes, agent: bytes = TERRAFORM) -> dict[str, bytes]:
    return {"amz-sdk-invocation-id": asked, "user-agent": agent}


@pytest.mark.parametrize("together", [False, True], ids=["after the answer", "before the answer"])
def test_a_repeated_request_of_an_engine_is_done_once(together: bool) -> None:
    application = Counting()
    assert answers(application, request(b"a"), request(b"a"), together=together) == ["1", "1"]
    assert application.asked == 1


def test_another_request_is_another() -> None:
    assert answers(Counting(), request(b"a"), request(b"b"), {"user-agent": TERRAFORM}) == ["1", "2", "3"]


def test_a_failure_is_tried_again() -> None:
    assert answers(Counting(status=503), request(b"a"), request(b"a")) == ["1", "2"]


def test_a_function_that_repeats_a_put_puts_twice_as_on_aws() -> None:
    assert answers(Counting(), request(b"a", b"Boto3/1.40"), request(b"a", b"Boto3/1.40")) == ["1", "2"]


def test_old_answers_are_forgotten() -> None:
    many = [request(str(number).encode()) for number in range(1001)]
    assert answers(Counting(), *many, many[0], many[-1])[-2:] == ["1002", "1001"]
