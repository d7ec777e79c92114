"""AWS itself, with the credentials of whoever runs the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from signals.aws.interface import Aws, Event, QueueMessage, Timing
from signals.aws.reading import borrowed_messages, metric_sum

_MOST_MESSAGES = 1_000
_HIDDEN_S = 30
# Requests a second (EventBridge User Guide, "Quotas").
_PUT_EVENTS_QUOTA = {
    **dict.fromkeys(("us-east-1", "us-west-2", "eu-west-1"), 10_000),
    **dict.fromkeys(("us-east-2", "eu-central-1"), 2_400),
}


class RealAws(Aws):
    """An account on AWS.

    Args:
        folder: Where commands and engines keep files about the stack on this machine.
    """

    # The only way would be a replay: $1 a million events, of an archive that holds a month's signals.
    archives_readable = False
    timing = Timing(
        failover_poll_s=5.0,
        replay_poll_s=15.0,
        probe_timeout_s=20.0,
        receive_wait_s=1,
        # EventBridge User Guide, "Archiving and replaying events": wait so long before replaying.
        archive_lag=timedelta(minutes=10),
        # An hour of the lake can be a lot of objects.
        lake_window="1h",
    )

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def api_url(self, api: Mapping[str, Any]) -> str:
        return str(api["ApiEndpoint"])

    def public_url(self, primary_url: Callable[[], str | None]) -> str | None:
        return primary_url()

    def messages(self, region: str, queue_url: str) -> Iterator[QueueMessage]:
        with borrowed_messages(self, region, queue_url, hidden_s=_HIDDEN_S, at_most=_MOST_MESSAGES) as messages:
            yield from messages

    def function_counts(self, region: str, function: str, since: datetime) -> tuple[int | None, int | None]:
        dimensions, until = {"FunctionName": function}, datetime.now(UTC) + timedelta(minutes=1)
        invocations, errors = (
            metric_sum(self, region, "AWS/Lambda", name, dimensions, since, until) for name in ("Invocations", "Errors")
        )
        return invocations, errors

    def archived_events(self, region: str, archive: str) -> list[Event]:
        raise NotImplementedError(f"archive {archive} in {region} cannot be read")

    def put_events_quota(self, region: str) -> int | None:
        return _PUT_EVENTS_QUOTA.get(region)
