"""What a stack looks like now, in both Regions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from signals.observe import apis, embedded
from signals.observe.health import Endpoint, endpoint
from signals.stack import LOCAL_WRITE_KEY, Stack

ERRORS_WINDOW = timedelta(hours=1)
_MISSING = ("ResourceNotFoundException", "NotFoundException")
T = TypeVar("T")


@dataclass(frozen=True)
class Bus:
    name: str
    rules: int


@dataclass(frozen=True)
class Archive:
    name: str
    state: str
    events: int
    size_bytes: int


@dataclass(frozen=True)
class Queue:
    name: str
    visible: int
    in_flight: int
    troubled: bool


@dataclass(frozen=True)
class Function:
    """Invocations and errors of the last hour, as CloudWatch counts them; None where it has nothing."""

    name: str
    state: str
    invocations: int | None
    errors: int | None


@dataclass(frozen=True)
class RegionStatus:
    role: str
    api_url: str | None
    api_healthy: bool | None
    buses: tuple[Bus, ...]
    archive: Archive | None
    queues: tuple[Queue, ...]
    functions: tuple[Function, ...]


@dataclass(frozen=True)
class Status:
    stack: str
    local: bool
    url: str | None
    endpoint: Endpoint | None
    regions: dict[str, RegionStatus]

    @property
    def deployed(self) -> bool:
        return self.endpoint is not None

    def as_json(self) -> dict[str, Any]:
        key = {"write_key": LOCAL_WRITE_KEY} if self.local else {}
        return {**asdict(self), "deployed": self.deployed, **key}


def status(stack: Stack) -> Status:
    """Ask both Regions, at the same time."""
    with ThreadPoolExecutor(4) as pool:
        where = pool.submit(endpoint, stack)
        regions = {region: pool.submit(_region, stack, region) for region in stack.regions}
        return Status(
            stack=stack.name,
            local=stack.local,
            url=apis.public_url(stack),
            endpoint=where.result(),
            regions={region: future.result() for region, future in regions.items()},
        )


def _region(stack: Stack, region: str) -> RegionStatus:
    api = apis.region_url(stack, region)
    return RegionStatus(
        role="primary" if region == stack.primary else "secondary",
        api_url=api,
        api_healthy=apis.healthy(api) if api else None,
        buses=tuple(_buses(stack, region)),
        archive=_archive(stack, region),
        queues=tuple(queues(stack, region)),
        functions=tuple(_functions(stack, region)),
    )


def _or_none(call: Callable[[], T]) -> T | None:
    """What `call` returns, or None where AWS says that there is no such thing."""
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise


def _buses(stack: Stack, region: str) -> list[Bus]:
    events = stack.client("events", region)
    found = []
    for name in (stack.names.ingress_bus, stack.names.data_bus):
        if _or_none(lambda name=name: events.describe_event_bus(Name=name)) is not None:  # type: ignore[misc]
            found.append(Bus(name, len(events.list_rules(EventBusName=name)["Rules"])))
    return found


def _archive(stack: Stack, region: str) -> Archive | None:
    events = stack.client("events", region)
    found = _or_none(lambda: events.describe_archive(ArchiveName=stack.names.archive))
    if found is None:
        return None
    return Archive(found["ArchiveName"], found["State"], found.get("EventCount", 0), found.get("SizeBytes", 0))


def queue_urls(stack: Stack, region: str) -> list[tuple[str, str]]:
    """Name and URL of every queue of the stack in one Region, by name."""
    pages = stack.client("sqs", region).get_paginator("list_queues").paginate(QueueNamePrefix=stack.names.queue_prefix)
    urls = [url for page in pages for url in page.get("QueueUrls", [])]
    return sorted((url.rsplit("/", 1)[-1], url) for url in urls if stack.names.is_queue(url.rsplit("/", 1)[-1]))


def queues(stack: Stack, region: str) -> list[Queue]:
    """Every queue of the stack in one Region and what lies in it (SQS's counts are approximate)."""
    sqs = stack.client("sqs", region)
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = []
    for name, url in queue_urls(stack, region):
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        visible, in_flight = (int(counts[want]) for want in wanted)
        found.append(Queue(name, visible, in_flight, troubled=stack.names.is_troubled(name)))
    return found


def _functions(stack: Stack, region: str) -> list[Function]:
    lambda_ = stack.client("lambda", region)
    found = []
    for name in stack.names.functions():
        function = _or_none(lambda name=name: lambda_.get_function(FunctionName=name))  # type: ignore[misc]
        if function is not None:
            state = function["Configuration"].get("State", "Active")
            found.append(Function(name, state, *_counts(stack, region, name)))
    return found


def _counts(stack: Stack, region: str, function: str) -> tuple[int | None, int | None]:
    """Invocations and errors of the last hour."""
    if stack.local:
        return embedded.invocations(stack, region, function, datetime.now(UTC) - ERRORS_WINDOW) or (None, None)
    return _metric(stack, region, "Invocations", function), _metric(stack, region, "Errors", function)


def _metric(stack: Stack, region: str, metric: str, function: str) -> int | None:
    now = datetime.now(UTC)
    points = stack.client("cloudwatch", region).get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - ERRORS_WINDOW,
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return int(sum(point["Sum"] for point in points)) if points else None
