"""What the tests of functions share: signals, requests, a clock that only tests move, and a bus that fails as told."""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from handlers.shared.delivery import Failure, RetryPace, Undelivered
from handlers.shared.packing import Entry

ACCOUNT, REGION, OTHER_REGION = "123456789012", "us-west-2", "us-east-1"
KEY, SOURCE = "local-write-key", "demo"
SOURCES = {SOURCE: [sha256(KEY.encode()).hexdigest()]}


def signal(identity: str | None = "s-1", **changes: Any) -> dict[str, Any]:
    """A good signal; an attribute that is None is left out."""
    whole = {
        "specversion": "1.0",
        "id": identity,
        "type": "order.placed",
        "source": "shop",
        "data": {"n": 1},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def http_event(body: Any = None, *, method: str = "POST", path: str = "/v1/signals", **headers: str) -> dict[str, Any]:
    """A request as API Gateway hands it over; underscores in header names are hyphens."""
    named = {"authorization": f"Bearer {KEY}", "content_type": "application/json", "user_agent": "curl/8.1", **headers}
    return {
        "rawPath": path,
        "headers": {name.replace("_", "-"): value for name, value in named.items() if value},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "203.0.113.77"}},
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def ingress_event(*signals: Any, **changes: Any) -> dict[str, Any]:
    """A batch as EventBridge hands it over; changes are to the detail, or to the event if they name a part of it."""
    event = {"account": ACCOUNT, "source": "signals.ingest", "detail-type": "Signal Batch", "id": "e", "region": REGION}
    detail = {
        "batch_id": "b" * 32,
        "source": SOURCE,
        "received_at": "2026-01-31T12:00:00.000Z",
        "region": REGION,
        "client": {"network": "203.0.113.0/24", "user_agent": "curl/8.1"},
        "signals": list(signals),
    }
    for name, value in changes.items():
        (event if name.replace("_", "-") in event else detail)[
            name.replace("_", "-") if name != "batch_id" else name
        ] = value
    return {**event, "detail": detail}


class Context:
    """Lambda's context with so much time left."""

    aws_request_id = "req-1"

    def __init__(self, seconds: float = 20.0) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


class Clock:
    """A clock that only pauses (and tests) move (s)."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def pace(self) -> RetryPace:
        return RetryPace(clock=lambda: self.now, sleep=self.sleep, jitter=lambda: 1.0)


class Bus:
    """Takes the place of the publisher: keeps entries, refuses those that `refuses` names a code for."""

    def __init__(self, refuses: Callable[[Entry], str | None] = lambda _: None) -> None:
        self.entries: list[Entry] = []
        self._refuses = refuses

    def __call__(self, entries: Sequence[Entry]) -> Undelivered:
        refused = {}
        for position, entry in enumerate(entries):
            code = self._refuses(entry)
            if code:
                refused[position] = Failure(code, "said the test", retryable=False)
            else:
                self.entries.append(entry)
        return refused

    @property
    def details(self) -> list[dict[str, Any]]:
        return [json.loads(entry.detail) for entry in self.entries]


class Queue:
    """Takes the place of a queue: keeps what it is given but for what `refuses` says; True: it refuses all."""

    def __init__(self, *, refuses: bool | Callable[[Any], bool] = False) -> None:
        self.taken: list[Any] = []
        self._refuses = refuses if callable(refuses) else lambda _: refuses

    def __call__(self, what: Sequence[Any]) -> Undelivered:
        self.taken += [one for one in what if not self._refuses(one)]
        refused = [position for position, one in enumerate(what) if self._refuses(one)]
        return dict.fromkeys(refused, Failure("AccessDenied", "said the test", retryable=False))
