"""What a stack looks like now, in both Regions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from signals.aws.reading import items, or_none
from signals.observe import apis
from signals.observe.archives import archive
from signals.observe.health import EndpointStatus, endpoint
from signals.observe.queues import QueueStatus, queue_statuses
from signals.stack import Stack

ERRORS_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class BusStatus:
    name: str
    rules: int


@dataclass(frozen=True)
class ArchiveStatus:
    name: str
    state: str
    events: int
    size_bytes: int


@dataclass(frozen=True)
class FunctionStatus:
    """A function, with its invocations and errors of the last hour; None where nothing is known of them."""

    name: str
    state: str
    invocations: int | None
    errors: int | None


@dataclass(frozen=True)
class RegionStatus:
    role: str
    api_url: str | None
    api_healthy: bool | None
    buses: tuple[BusStatus, ...]
    archive: ArchiveStatus | None
    queues: tuple[QueueStatus, ...]
    functions: tuple[FunctionStatus, ...]


@dataclass(frozen=True)
class StackStatus:
    """What `signals status` shows; `url` and `endpoint` are None for a stack that is not deployed.

    `write_key` is that of a stack on this machine.
    """

    stack: str
    local: bool
    url: str | None
    endpoint: EndpointStatus | None
    regions: dict[str, RegionStatus]
    write_key: str | None

    @property
    def deployed(self) -> bool:
        return self.endpoint is not None

    def as_json(self) -> dict[str, Any]:
        found = {**vars(self), "deployed": self.deployed}
        if self.write_key is None:
            del found["write_key"]
        return found


def status(stack: Stack) -> StackStatus:
    """Ask both Regions, concurrently."""
    with ThreadPoolExecutor(4) as pool:
        where = pool.submit(endpoint, stack)
        regions = {region: pool.submit(_region, stack, region) for region in stack.regions}
        return StackStatus(
            stack=stack.name,
            local=stack.local,
            url=apis.public_url(stack),
            endpoint=where.result(),
            regions={region: future.result() for region, future in regions.items()},
            write_key=stack.aws.write_key,
        )


def _region(stack: Stack, region: str) -> RegionStatus:
    api = apis.region_url(stack, region)
    return RegionStatus(
        role="primary" if region == stack.primary else "secondary",
        api_url=api,
        api_healthy=apis.healthy(stack, api) if api else None,
        buses=tuple(_buses(stack, region)),
        archive=_archive(stack, region),
        queues=tuple(queue_statuses(stack, region)),
        functions=tuple(_functions(stack, region)),
    )


def _buses(stack: Stack, region: str) -> list[BusStatus]:
    events = stack.aws.client("events", region)
    return [
        BusStatus(name, len(list(items(events, "list_rules", "Rules", EventBusName=name))))
        for name in (stack.names.ingress_bus, stack.names.data_bus)
        if or_none(events.describe_event_bus, Name=name) is not None
    ]


def _archive(stack: Stack, region: str) -> ArchiveStatus | None:
    found = archive(stack, region)
    if found is None:
        return None
    return ArchiveStatus(found["ArchiveName"], found["State"], found.get("EventCount", 0), found.get("SizeBytes", 0))


def _functions(stack: Stack, region: str) -> Iterator[FunctionStatus]:
    lambda_, since = stack.aws.client("lambda", region), datetime.now(UTC) - ERRORS_WINDOW
    for name in stack.names.functions():
        function = or_none(lambda_.get_function, FunctionName=name)
        if function is not None:
            state = function["Configuration"].get("State", "Active")
            yield FunctionStatus(name, state, *stack.aws.function_counts(region, name, since))
