"""Send signals to a stack's ingest API, with a result for each."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx

from signals.errors import Failed
from signals.observe.inputs import Signal, batches

ATTEMPTS = 5
MAX_WAIT_SECONDS = 30.0
RETRIED = frozenset({429, 503})


@dataclass(frozen=True)
class Result:
    """The result of one signal."""

    id: str
    accepted: bool
    status: int
    detail: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "accepted": self.accepted, "status": self.status, **self.detail}


def send(
    signals: list[Signal],
    *,
    url: str,
    key: str,
    headers: Mapping[str, str] | None = None,
    client: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Result]:
    """Send `signals` in batches and give the result of each, in their order.

    Args:
        signals: CloudEvents with ids.
        url: Base of the ingest API; `/v1/signals` is added.
        key: A write key of a registered source.
        headers: Further headers of every request: those of its AWS (`Aws.headers`).
        client: In the place of one made here; it stays open.
        sleep: For tests.

    Raises:
        Failed: When the API cannot be reached at all.
    """
    with ExitStack() as closing:
        http = client or closing.enter_context(httpx.Client(timeout=httpx.Timeout(35, connect=5), headers=headers))
        for batch in batches(signals):
            yield from _deliver(http, url, key, batch, sleep)


def _deliver(
    http: httpx.Client, url: str, key: str, batch: list[Signal], sleep: Callable[[float], None]
) -> Iterator[Result]:
    """Send until each signal has a final result; those that were not stored are retried, which their ids make safe."""
    results: dict[int, Result] = {}
    pending = list(range(len(batch)))
    for attempt in range(1, ATTEMPTS + 1):
        asked_for = ""
        try:
            response, answered = post(http, url, key, [batch[place] for place in pending])
        except (httpx.TransportError, httpx.InvalidURL) as error:
            # Without a connection nothing was sent, and a retry would only make a missing platform look slow.
            broke_off = isinstance(error, httpx.ReadError | httpx.RemoteProtocolError | httpx.ReadTimeout)
            if attempt == ATTEMPTS or not broke_off:
                raise Failed(
                    f"cannot reach {url} ({error or type(error).__name__}): "
                    "is the stack up (`signals up`), or is --url wrong?"
                ) from None
        else:
            results.update(zip(pending, answered, strict=True))
            # What neither the bus nor the spool accepted.
            left = [place for place in pending if results[place].detail["result"] == "unavailable"]
            if response.status_code not in RETRIED or not left:
                break
            pending, asked_for = left, response.headers.get("Retry-After", "")
            disconnect(response)
        if attempt < ATTEMPTS:
            sleep(retry_after(asked_for, attempt))
    yield from (results[place] for place in range(len(batch)))


def post(http: httpx.Client, url: str, key: str, batch: list[Signal]) -> tuple[httpx.Response, list[Result]]:
    """Send signals once; the response, and the result of each signal.

    Raises:
        httpx.TransportError: When there was no whole response.
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"}
    response = http.post(f"{url.rstrip('/')}/v1/signals", json=batch, headers=headers)
    return response, list(_results(batch, response))


def disconnect(response: httpx.Response) -> None:
    """Close the connection, so that the next request goes where the API's name points then: it may be moving."""
    stream = response.extensions.get("network_stream")
    if stream is not None:
        stream.close()


def retry_after(header: str, attempt: int) -> float:
    """Seconds to wait before a retry: what the response says, else 1, 2, 4, ...; at most 30."""
    return min(float(header) if header.isdigit() else 2.0 ** (attempt - 1), MAX_WAIT_SECONDS)


def _results(batch: list[Signal], response: httpx.Response) -> Iterator[Result]:
    """A response's result for each signal; without results in it, the same for all."""
    try:
        body = response.json()
    except ValueError:
        body = {"message": response.text[:300] or response.reason_phrase}
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or len(results) != len(batch):
        status = "accepted" if response.is_success else "unavailable" if response.status_code in RETRIED else "rejected"
        results = [{**(body if isinstance(body, dict) else {}), "status": status}] * len(batch)
    for signal, result in zip(batch, results, strict=True):
        detail = {name: value for name, value in result.items() if name not in ("id", "status", "results")}
        accepted = result["status"] == "accepted"
        yield Result(str(signal["id"]), accepted, response.status_code, {"result": result["status"], **detail})
