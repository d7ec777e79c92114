"""Send signals to a stack's ingest API, and say what became of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from signals.errors import Failed
from signals.observe.inputs import Signal, batches

ATTEMPTS = 5
MAX_WAIT_SECONDS = 30.0
RETRIED = frozenset({429, 503})
# What ingest says of a signal that neither the bus nor the spool took.
UNSETTLED = frozenset({"unavailable"})


@dataclass(frozen=True)
class Result:
    """What ingest said about one signal."""

    id: str
    accepted: bool
    status: int
    detail: dict[str, Any] = field(default_factory=dict)

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
        client: For tests.
        sleep: For tests.

    Raises:
        Failed: When the API cannot be reached at all.
    """
    with client or httpx.Client(timeout=httpx.Timeout(35, connect=5), headers=headers) as http:
        for batch in batches(signals):
            yield from _deliver(http, url, key, batch, sleep)


def _deliver(
    http: httpx.Client, url: str, key: str, batch: list[Signal], sleep: Callable[[float], None]
) -> Iterator[Result]:
    """Send until each signal is settled: those that nobody stored go again, which their ids make safe."""
    results: dict[int, Result] = {}
    pending = list(range(len(batch)))
    for attempt in range(1, ATTEMPTS + 1):
        response = _post(http, url, key, [batch[place] for place in pending], last=attempt == ATTEMPTS)
        if response is not None:
            told = _results([batch[place] for place in pending], response)
            results.update(zip(pending, told, strict=True))
            if response.status_code not in RETRIED:
                break
            pending = [place for place in pending if results[place].detail.get("result") in UNSETTLED]
        if not pending or attempt == ATTEMPTS:
            break
        sleep(retry_after(response, attempt))
    yield from (results[place] for place in range(len(batch)))


def _post(http: httpx.Client, url: str, key: str, batch: list[Signal], *, last: bool) -> httpx.Response | None:
    """One request; None where the line broke on the way and it may be tried again."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"}
    try:
        return http.post(f"{url.rstrip('/')}/v1/signals", json=batch, headers=headers)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        # What never connected was never sent: waiting for a platform that is not there helps nobody.
        if last or not isinstance(error, httpx.ReadError | httpx.RemoteProtocolError | httpx.ReadTimeout):
            raise Failed(
                f"cannot reach {url} ({error or type(error).__name__}): "
                "is the stack up (`signals up`), or is --url wrong?"
            ) from None
        return None


def retry_after(response: httpx.Response | None, attempt: int) -> float:
    """Seconds to wait before asking again: what the answer says, else 1, 2, 4, ...; never more than 30."""
    said = response.headers.get("Retry-After", "") if response is not None else ""
    return min(float(said) if said.isdigit() else 2.0 ** (attempt - 1), MAX_WAIT_SECONDS)


def _results(batch: list[Signal], response: httpx.Response) -> list[Result]:
    """What an answer says of each signal; one without results says the same of all."""
    try:
        body = response.json()
    except ValueError:
        body = {"message": response.text[:300] or response.reason_phrase}
    told = body.get("results") if isinstance(body, dict) else None
    if not isinstance(told, list) or len(told) != len(batch):
        status = "accepted" if response.is_success else "unavailable" if response.status_code in RETRIED else "rejected"
        told = [{**(body if isinstance(body, dict) else {}), "status": status}] * len(batch)
    return [
        Result(
            id=str(signal["id"]),
            accepted=said["status"] == "accepted",
            status=response.status_code,
            detail={
                "result": said["status"],
                **{k: v for k, v in said.items() if k not in ("id", "status", "results")},
            },
        )
        for signal, said in zip(batch, told, strict=True)
    ]
