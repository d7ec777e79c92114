"""The operations that commands need and that the embedded AWS does differently from AWS.

`signals.aws.real` and `signals.local.embedded_aws` implement it; `signals.stack` chooses between the two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

Event = dict[str, Any]


@dataclass(frozen=True)
class Timing:
    """How long commands wait, and how far back they look.

    Args:
        failover_poll_s: Between two probes, while an endpoint moves.
        replay_poll_s: Between two looks at a replay.
        probe_timeout_s: How long a probe may take from the endpoint to a queue.
        receive_wait_s: How long a receive waits for messages, so that SQS asks all of its servers.
        archive_lag: How long an event may take to be in an archive.
        lake_window: How far back the lake is searched unless told otherwise, as `--since` takes it.
    """

    failover_poll_s: float
    replay_poll_s: float
    probe_timeout_s: float
    receive_wait_s: int
    archive_lag: timedelta
    lake_window: str


@dataclass(frozen=True)
class QueueMessage:
    """A message in a queue."""

    id: str
    body: str
    attributes: Mapping[str, str]
    sent_at: datetime
    receive_count: str
    receipt: str


class Aws(ABC):
    """One account.

    Attributes:
        timing: How long commands wait, and how far back they look.
        archives_readable: Whether the events in an archive can be read at all.
        write_key: The key that commands send signals with unless told otherwise; None where each source keeps its own.
        folder: Where commands and engines keep files about a stack on this machine.
    """

    timing: Timing
    archives_readable: bool
    write_key: str | None = None
    folder: Path

    @property
    def headers(self) -> dict[str, str]:
        """Headers that requests to this account's own addresses carry when no AWS client makes them."""
        return {}

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], Any] = {}
        self._creating = Lock()

    def client(self, service: str, region: str) -> Any:
        """A boto3 client, made once for each service and Region."""
        # Clients may be shared by threads, but creating them from one session may not (boto3 guide, "Multithreading").
        with self._creating:
            if (service, region) not in self._clients:
                # Half of what a command like `signals send` would spend on imports.
                import boto3
                from botocore.config import Config

                config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
                options = self._client_options()
                config = config.merge(Config(**options.pop("config", {})))
                self._clients[service, region] = boto3.client(  # type: ignore[call-overload]
                    service, region_name=region, config=config, **options
                )
            return self._clients[service, region]

    def _client_options(self) -> dict[str, Any]:
        """Further arguments of `boto3.client`, with those of `Config` under `config`."""
        return {}

    @property
    def engine_environment(self) -> dict[str, str]:
        """Further environment variables of an engine that deploys to it."""
        return {}

    @abstractmethod
    def api_url(self, api: Mapping[str, Any]) -> str:
        """URL of an HTTP API, given what `GetApis` says of it."""

    @abstractmethod
    def public_url(self, primary_url: Callable[[], str | None]) -> str | None:
        """URL that clients of a stack without a domain use; `primary_url` finds that of the primary's API."""

    @abstractmethod
    def messages(self, region: str, queue_url: str) -> Iterable[QueueMessage]:
        """Messages of a queue, which keeps them."""

    @abstractmethod
    def function_counts(self, region: str, function: str, since: datetime) -> tuple[int | None, int | None]:
        """Invocations and errors of a function from `since` to now; None where nothing is known."""

    @abstractmethod
    def archived_events(self, region: str, archive: str) -> list[Event]:
        """Events in an archive; none where there is no archive. Only where `archives_readable`."""

    @abstractmethod
    def put_events_quota(self, region: str) -> int | None:
        """Requests a second that PutEvents takes in a Region by default; None where that is unlimited or unknown."""
