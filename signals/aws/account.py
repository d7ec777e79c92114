"""An AWS account, as commands use it; `signals.local.embedded_aws` overrides what differs on the embedded AWS."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, overload

from components.aws_quotas import PUT_EVENTS
from signals.aws.reading import QueueMessage, queue_message

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

Event = dict[str, Any]

_MOST_MESSAGES = 1_000
_HIDDEN_S = 30
_MOST_CONNECTIONS = 64  # threads that share a client, such as the workers of `signals redrive send`
_MOST_POINTS = 1_440  # CloudWatch API reference, GetMetricStatistics
_FINE_DATA = timedelta(days=15)  # after which CloudWatch keeps periods of 5 minutes


class Aws:
    """An account on AWS, with the credentials of whoever runs the command.

    Args:
        folder: Where commands and engines keep files about a stack on this machine.
    """

    failover_poll_s = 5.0  # between two probes, while an endpoint moves
    replay_poll_s = 15.0  # between two looks at a replay
    probe_timeout_s = 20.0  # how long a probe may take from the endpoint to a queue
    receive_wait_s = 1  # how long a receive waits for messages, so that SQS asks all of its servers
    # How long an event may take to be in an archive (EventBridge User Guide, "Archiving and replaying events").
    archive_lag = timedelta(minutes=10)
    # How far back the lake is searched unless told otherwise: an hour of it can be a lot of objects.
    lake_window = "1h"
    # Whether an archive's events can be read. A replay is the only way: $1 a million events, of a month's signals.
    archives_readable = False
    # The key that commands send signals with unless told otherwise; None where each source keeps its own.
    write_key: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._clients: dict[tuple[str, str], Any] = {}
        self._creating = Lock()

    @overload
    def client(self, service: Literal["cloudwatch"], region: str) -> CloudWatchClient: ...
    @overload
    def client(self, service: Literal["dynamodb"], region: str) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["events"], region: str) -> EventBridgeClient: ...
    @overload
    def client(self, service: Literal["firehose"], region: str) -> FirehoseClient: ...
    @overload
    def client(self, service: Literal["lambda"], region: str) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["route53"], region: str) -> Route53Client: ...
    @overload
    def client(self, service: Literal["s3"], region: str) -> S3Client: ...
    @overload
    def client(self, service: Literal["sqs"], region: str) -> SQSClient: ...
    @overload
    def client(self, service: Literal["apigatewayv2", "athena", "logs"], region: str) -> Any: ...
    def client(self, service: str, region: str) -> Any:
        """A boto3 client, made once for each service and Region."""
        # Threads may share clients, but not create them from one session (boto3 guide, "Multithreading").
        with self._creating:
            if (service, region) not in self._clients:
                # Half of what a command like `signals send` would spend on imports.
                import boto3
                from botocore.config import Config

                options = self._client_options()
                config = Config(
                    connect_timeout=5,
                    read_timeout=30,
                    max_pool_connections=_MOST_CONNECTIONS,
                    retries={"mode": "standard", "max_attempts": 3},
                    **options.pop("config", {}),
                )
                self._clients[service, region] = boto3.client(  # type: ignore[call-overload]
                    service, region_name=region, config=config, **options
                )
            return self._clients[service, region]

    def _client_options(self) -> dict[str, Any]:
        """Further arguments of `boto3.client`, with those of `Config` under `config`."""
        return {}

    @property
    def headers(self) -> dict[str, str]:
        """Headers that requests to this account's own addresses carry when no AWS client makes them."""
        return {}

    @property
    def engine_environment(self) -> dict[str, str]:
        """Further environment variables of an engine that deploys to it."""
        return {}

    @property
    def front_door(self) -> str | None:
        """URL that clients use in place of the primary's API."""
        return None

    def api_url(self, api: Mapping[str, Any]) -> str:
        """URL of an HTTP API, given what `GetApis` says of it."""
        return str(api["ApiEndpoint"])

    def messages(self, region: str, queue_url: str) -> Iterable[QueueMessage]:
        """Messages of a queue, which keeps them."""
        with self.borrowed_messages(region, queue_url, hidden_s=_HIDDEN_S, at_most=_MOST_MESSAGES) as messages:
            yield from messages

    @contextmanager
    def borrowed_messages(
        self, region: str, queue_url: str, *, hidden_s: int, at_most: int, wait_s: int = 0
    ) -> Iterator[list[QueueMessage]]:
        """The messages of a queue, hidden from others until the block ends; those that it has not deleted are put back.

        SQS has no look without a receive: the receive count of each message grows by one.

        Args:
            region: Where the queue is.
            queue_url: Which it is.
            hidden_s: For how long messages stay hidden if this process dies.
            at_most: How many messages are read.
            wait_s: How long each receive waits for messages (s); with 0 SQS asks only some of its servers.
        """
        sqs = self.client("sqs", region)
        messages: list[QueueMessage] = []
        try:
            while len(messages) < at_most:
                batch = sqs.receive_message(
                    QueueUrl=queue_url,
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=hidden_s,
                    WaitTimeSeconds=wait_s,
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["All"],
                ).get("Messages", [])
                if not batch:
                    break
                messages += map(queue_message, batch)
            yield list(messages)
        finally:
            for first in range(0, len(messages), 10):
                # Those that were deleted fail here, each by itself.
                sqs.change_message_visibility_batch(
                    QueueUrl=queue_url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                        for number, message in enumerate(messages[first : first + 10])
                    ],
                )

    def metric_sum(
        self, region: str, namespace: str, name: str, dimensions: Mapping[str, str], start: datetime, end: datetime
    ) -> int | None:
        """A metric's sum over a window; None where CloudWatch has nothing."""
        step = 300 if datetime.now(UTC) - start > _FINE_DATA else 60
        period = max(step, math.ceil((end - start).total_seconds() / _MOST_POINTS / step) * step)
        points = self.client("cloudwatch", region).get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=start,
            EndTime=end,
            Period=period,
            Statistics=["Sum"],
        )["Datapoints"]
        return int(sum(point["Sum"] for point in points)) if points else None

    def function_counts(self, region: str, function: str, since: datetime) -> tuple[int | None, int | None]:
        """Invocations and errors of a function from `since` to now; None where nothing is known."""
        dimensions, until = {"FunctionName": function}, datetime.now(UTC) + timedelta(minutes=1)
        invocations, errors = (
            self.metric_sum(region, "AWS/Lambda", name, dimensions, since, until) for name in ("Invocations", "Errors")
        )
        return invocations, errors

    def archived_events(self, region: str, archive: str) -> list[Event]:  # noqa: ARG002
        """Events in an archive; none where there is no archive, and where archives cannot be read."""
        return []

    def put_events_quota(self, region: str) -> int | None:
        """Requests a second that PutEvents takes in a Region by default; None where that is unlimited or unknown."""
        value = PUT_EVENTS.of(region)
        return int(value) if math.isfinite(value) else None
