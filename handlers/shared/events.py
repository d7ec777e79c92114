"""The publisher: puts entries on an event bus, through a global endpoint or not, and looks at every entry's result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from handlers.shared.delivery import Failure, RetryPace, Sender, is_retryable
from handlers.shared.packing import REQUEST_BYTES, REQUEST_ENTRIES, Entry

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class EventPublisher(Sender[Entry]):
    """Puts entries on one bus.

    Args:
        client: EventBridge client that does not retry by itself.
        bus_name: The bus; always named, or the entries would land on the default bus.
        endpoint_id: The global endpoint in front of the buses of that name, if there is one.
        pace: Clock and pauses between tries.
    """

    max_bytes, max_things = REQUEST_BYTES, REQUEST_ENTRIES

    def __init__(
        self, client: EventBridgeClient, *, bus_name: str, endpoint_id: str | None = None, pace: RetryPace | None = None
    ) -> None:
        super().__init__(client, pace)
        self._bus_name = bus_name
        self._options = {"EndpointId": endpoint_id} if endpoint_id else {}

    def _request(self, things: Sequence[Entry]) -> dict[int, Failure]:
        request = [
            {"Source": source, "DetailType": detail_type, "Detail": detail, "EventBusName": self._bus_name}
            for source, detail_type, detail in things
        ]
        answer = self._client.put_events(Entries=request, **self._options)
        results = answer["Entries"]
        failures = {place: _failure(result) for place, result in enumerate(results) if "EventId" not in result}
        if len(results) != len(things) or answer.get("FailedEntryCount", 0) > len(failures):
            # An answer that contradicts itself: a second copy of a signal is allowed, a lost one is not.
            unclear = Failure("UnclearResult", "the answer does not say which failed", retryable=True)
            return dict.fromkeys(range(len(things)), unclear)
        return failures


def _failure(result: dict[str, str]) -> Failure:
    code = result.get("ErrorCode", "InternalFailure")
    return Failure(code, result.get("ErrorMessage", ""), is_retryable(code))
