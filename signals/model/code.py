"""The functions of handlers/ as they run in Lambda, built with AWS clients, a clock and pauses of the model."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

import handlers
from components import resource_types as types
from handlers.shared.clients import REQUEST_S, AwsClients, starts_with
from handlers.shared.delivery import RetryPace
from handlers.shared.environment import Environment
from handlers.shared.senders import BATCH_MESSAGES, MESSAGE_BYTES, EventPublisher, OutgoingMessage
from signals.model import blueprint
from signals.model.bus import refused
from signals.model.connection import Connection

if TYPE_CHECKING:
    from signals.model.platform import Platform

WRITE_KEY = "the model's own write key"
_WRITE_KEYS = (sha256(WRITE_KEY.encode()).hexdigest(),)
_REQUEST_S = 0.02
# Lambda invokes a function in one of its execution environments, each of which has connections of its own.
_ENVIRONMENTS = 3
_KNOWN = frozenset({"ingest", "enrichment", "republish", "return_path", "profile", "canary"})

# In a modelled outage they would log a line for every entry that is refused.
logging.getLogger("handlers").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Collaborators:
    """What functions work with; a wrong setting may be another one of these."""

    publisher: Callable[..., EventPublisher] = EventPublisher
    spools: bool = True


def runner(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    """What runs when this function is invoked; a consumer's function that the model does not know accepts everything.

    Raises:
        BadEnvironmentError: The function would not start with the environment that it is deployed with.
    """
    if plan.folder not in _KNOWN:
        return lambda _event: None
    started = [_environment(plan, platform)]

    def run(event: Any) -> Any:
        chosen = platform.rng.randrange(_ENVIRONMENTS)
        if chosen >= len(started):
            started.append(_environment(plan, platform))
        return started[min(chosen, len(started) - 1)](event)

    return run


@cache
def _handler(folder: str) -> CodeType:
    """A function's handler.py, compiled."""
    file = Path(handlers.__file__).parent / folder / "handler.py"
    return compile(file.read_text("utf-8"), file, "exec")


def _environment(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    """What runs in one of a function's execution environments, from its start on."""
    sources = json.dumps(dict.fromkeys(plan.sources, _WRITE_KEYS)).encode()
    environment = Environment(plan.environment, lambda _name: sources)
    watch = Stopwatch(platform, plan.timeout_s)

    def client(_service: str, *, region: str | None = None, **_: Any) -> FunctionClient:
        return FunctionClient(plan, region or plan.region, watch, platform)

    clients = AwsClients(
        client=client,
        event_publisher=platform.collaborators.publisher,
        pace=watch.pace,
        emit=lambda _counts: None,
        now=platform.clock.moment,
        new_id=platform.new_id,
    )
    module = {"__name__": f"handlers.{plan.folder}.handler"}
    token = starts_with.set((clients, environment))
    try:
        exec(_handler(plan.folder), module)  # noqa: S102 - as Lambda does it: each environment imports it anew
    finally:
        starts_with.reset(token)
    handler: Any = module["handler"]

    def run(event: Any) -> Any:
        watch.start()
        return handler(event, watch)

    return run


class TimedOutError(Exception):
    """An invocation took longer than its function's timeout."""


class Stopwatch:
    """Time within one invocation, and its context: pauses and requests take it, the platform's clock stands still."""

    def __init__(self, platform: Platform, timeout_s: float) -> None:
        self.now = self._ends_s = 0.0
        self.aws_request_id, self._new_id = "", platform.new_id
        self._timeout_s, self._hangs, self._counts = timeout_s, False, platform.ledger.counts
        self.pace = RetryPace(clock=lambda: self.now, sleep=self.take, jitter=platform.rng.random)

    def start(self) -> None:
        """An invocation begins, and Lambda ends it after the function's timeout."""
        self.aws_request_id = self._new_id()
        self._ends_s = self.now + self._timeout_s

    def take(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            TimedOutError: Lambda ends the invocation before so much has passed.
        """
        self.now += seconds
        if self.now > self._ends_s:
            self._counts["time-outs"] += 1
            raise TimedOutError("the function timed out")

    def unanswered(self, code: str) -> Exception:
        """What a request to a service that is down ends with, by turns: no answer in time, or an error."""
        self._hangs = not self._hangs
        if not self._hangs:
            return refused(code, 503)
        self.take(REQUEST_S - _REQUEST_S)
        return ReadTimeoutError(endpoint_url="https://amazonaws.com")

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's context says it."""
        return int((self._ends_s - self.now) * 1000)


def _message_bytes(entry: Mapping[str, Any]) -> int:
    attributes = entry["MessageAttributes"]
    return OutgoingMessage(
        entry["MessageBody"], {name: value["StringValue"] for name, value in attributes.items()}
    ).size_bytes


class FunctionClient:
    """A client of EventBridge, SQS or DynamoDB with a function's role, for its own Region or another."""

    def __init__(self, plan: blueprint.FunctionPlan, region: str, watch: Stopwatch, platform: Platform) -> None:
        self._plan, self._region, self._watch, self._platform = plan, region, watch, platform
        self._endpoint = Connection(platform.clock, lambda: platform.failover.active)

    def close(self) -> None:
        """Drop its connections, as botocore's clients do."""
        self._endpoint.close()

    def put_events(self, *, Entries: Sequence[Mapping[str, str]], EndpointId: str | None = None) -> Any:  # noqa: N803
        self._watch.take(_REQUEST_S)
        if EndpointId not in (None, self._platform.blueprint.endpoint.id):
            raise refused("ResourceNotFoundException", 400)
        region = self._region if EndpointId is None else self._endpoint.region()
        if EndpointId is not None:
            ledger = self._platform.ledger
            ledger.strayed_s = max(ledger.strayed_s, self._endpoint.strayed_s)
        bus, through_endpoint = self._platform.buses[region], EndpointId is not None
        try:
            return bus.put_events(Entries, self._plan.role, through_endpoint=through_endpoint)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            raise self._watch.unanswered("InternalException") from None

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> Any:  # noqa: N803
        self._watch.take(_REQUEST_S)
        queue = self._platform.queues_by_url.get(QueueUrl)
        spools = self._plan.folder == "ingest"
        if queue is None or (spools and not self._platform.collaborators.spools):
            raise refused("QueueDoesNotExist", 400)
        if queue.plan.region != self._region:
            # The SDK asks its own Region's SQS (API reference, SendMessageBatch: InvalidAddress).
            raise refused("InvalidAddress", 404)
        sending = "sqs:SendMessage", queue.plan.arn
        if not self._plan.role.allows(*sending) or queue.plan.policy.denies(*sending):
            self._platform.ledger.counts["AccessDeniedException"] += 1
            raise refused("AccessDeniedException", 403)
        size = sum(_message_bytes(entry) for entry in Entries)
        if len(Entries) > BATCH_MESSAGES or size > MESSAGE_BYTES:
            raise refused("BatchRequestTooLong", 400, f"{len(Entries)} messages, {size} bytes")
        if not queue.answers:
            raise self._watch.unanswered("ServiceUnavailable")
        for entry in Entries:
            attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
            queue.send(entry["MessageBody"], attributes)
        if spools:
            self._platform.ledger.counts["batches spooled"] += len(Entries)
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    # DynamoDB, as handlers/profile calls it.

    def put_item(self, *, TableName: str, Item: Mapping[str, Any]) -> None:  # noqa: N803
        self._check("dynamodb:PutItem", TableName)
        self._platform.tables.put(self._region, TableName, dict(Item))

    def query(self, *, TableName: str, ExpressionAttributeValues: Mapping[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        # The only condition there is: a partition key, and how the sort key begins.
        self._check("dynamodb:Query", TableName)
        customer, begins = (value["S"] for value in ExpressionAttributeValues.values())
        return {"Items": self._platform.tables.query(self._region, TableName, customer, begins)}

    def _check(self, action: str, table: str) -> None:
        self._watch.take(_REQUEST_S)
        if not any(table == plan.name and self._region in plan.regions for plan in self._platform.blueprint.tables):
            raise refused("ResourceNotFoundException", 400)
        name = types.arn(types.TABLE, region=self._region, account=self._platform.blueprint.account, name=table)
        if not self._plan.role.allows(action, name):
            self._platform.ledger.counts["AccessDeniedException"] += 1
            raise refused("AccessDeniedException", 400)
