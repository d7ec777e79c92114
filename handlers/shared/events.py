"""The publisher: puts entries on an event bus, through a global endpoint or not, and looks at every entry's result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handlers.shared.delivery import Failure, RetryPace, Undelivered, deliver, is_retryable, request_failure
from handlers.shared.packing import REQUEST_BYTES, REQUEST_ENTRIES, Entry

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class EventPublisher:
    """Puts entries on one bus.

    Args:
        client: EventBridge client that does not retry by itself.
        bus_name: The bus; always named, or the entries would land on the default bus.
        endpoint_id: The global endpoint in front of the buses of that name, if there is one.
        pace: Clock and pauses between tries.
    """

    def __init__(
        self, client: EventBridgeClient, *, bus_name: str, endpoint_id: str | None = None, pace: RetryPace | None = None
    ) -> None:
        self._client: Any = client
        self._bus_name = bus_name
        self._options = {"EndpointId": endpoint_id} if endpoint_id else {}
        self._pace = pace or RetryPace()

    def __call__(self, entries: Sequence[Entry], *, until: float) -> list[Undelivered]:
        """Put entries in as few requests as possible; what failed is retried until the deadline (s, monotonic)."""
        return deliver(
            [entry.size_bytes for entry in entries],
            capacity=REQUEST_BYTES,
            most=REQUEST_ENTRIES,
            send=lambda indices: self._put(entries, indices),
            until=until,
            pace=self._pace,
        )

    def _put(self, entries: Sequence[Entry], indices: list[int]) -> dict[int, Failure]:
        request = [
            {"Source": source, "DetailType": detail_type, "Detail": detail, "EventBusName": self._bus_name}
            for source, detail_type, detail in (entries[index] for index in indices)
        ]
        try:
            answer = self._client.put_events(Entries=request, **self._options)
        except (ClientError, BotoCoreError) as error:
            return dict.fromkeys(indices, request_failure(error))
        results = answer["Entries"]
        failures = {
            index: _failure(result) for index, result in zip(indices, results, strict=False) if "EventId" not in result
        }
        if len(results) != len(indices) or answer.get("FailedEntryCount", 0) > len(failures):
            # An answer that contradicts itself: a second copy of a signal is allowed, a lost one is not.
            return dict.fromkeys(indices, Failure("UnclearResult", "the answer does not say which failed", True))
        return failures


def _failure(result: dict[str, str]) -> Failure:
    code = result.get("ErrorCode", "InternalFailure")
    return Failure(code, result.get("ErrorMessage", ""), is_retryable(code))
