"""AWS clients as the functions know them, with a function's role, answered by the model; and the time calls take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from handlers.shared.clients import AwsClients
from handlers.shared.delivery import RetryPace
from signals.model import blueprint
from signals.model.bus import refused

if TYPE_CHECKING:
    from signals.model.platform import Platform

_REQUEST_S = 0.02


class Stopwatch:
    """Time within one invocation: pauses and requests take it, the platform's clock stands still."""

    aws_request_id = "model"

    def __init__(self, platform: Platform, timeout_s: float) -> None:
        self.now = self._ends_s = 0.0
        self._timeout_s = timeout_s
        self.pace = RetryPace(clock=lambda: self.now, sleep=self.take, jitter=platform.rng.random)

    def start(self) -> None:
        """An invocation begins, and Lambda ends it after the function's timeout."""
        self._ends_s = self.now + self._timeout_s

    def take(self, seconds: float) -> None:
        self.now += seconds

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's context says it: the stopwatch is the invocation's context too."""
        return int((self._ends_s - self.now) * 1000)


def clients_of(plan: blueprint.FunctionPlan, watch: Stopwatch, platform: Platform) -> AwsClients:
    """What a function of the model is built with."""

    def client(service: str, *, region: str | None = None, attempts: int = 1) -> Any:  # noqa: ARG001
        if service == "events":
            return Events(plan, region or plan.region, watch, platform)
        return Queues(plan, watch, platform) if service == "sqs" else Tables(plan, platform)

    return AwsClients(
        client=client,
        event_publisher=platform.collaborators.publisher,
        pace=watch.pace,
        emit=lambda counts: None,  # noqa: ARG005
        now=platform.clock.moment,
        new_id=platform.new_id,
    )


class Events:
    """An EventBridge client with a function's role, for its own Region or another."""

    def __init__(self, plan: blueprint.FunctionPlan, region: str, watch: Stopwatch, platform: Platform) -> None:
        self._plan, self._region, self._watch, self._platform = plan, region, watch, platform

    def put_events(self, *, Entries: Sequence[Mapping[str, str]], EndpointId: str | None = None) -> Any:  # noqa: N803
        self._watch.take(_REQUEST_S)
        region = self._region if EndpointId is None else self._platform.failover.active
        if EndpointId not in (None, self._platform.blueprint.endpoint.id):
            raise refused("ResourceNotFoundException", 400)
        return self._platform.buses[region].put_events(
            Entries, self._plan.role, through_endpoint=EndpointId is not None
        )


class Queues:
    """An SQS client with a function's role."""

    def __init__(self, plan: blueprint.FunctionPlan, watch: Stopwatch, platform: Platform) -> None:
        self._plan, self._watch, self._platform = plan, watch, platform

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> Any:  # noqa: N803
        self._watch.take(_REQUEST_S)
        queue = self._platform.queues_by_url.get(QueueUrl)
        spools = self._plan.folder == "ingest"
        if queue is None or (spools and not self._platform.collaborators.spools):
            raise refused("QueueDoesNotExist", 400)
        if not self._plan.role.allows("sqs:SendMessage", queue.plan.arn):
            self._platform.ledger.counts["AccessDeniedException"] += 1
            raise refused("AccessDeniedException", 403)
        if not queue.answers:
            raise refused("ServiceUnavailable", 503)
        for entry in Entries:
            attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
            queue.send(entry["MessageBody"], attributes)
        if spools:
            self._platform.ledger.counts["batches spooled"] += len(Entries)
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


class Tables:
    """A DynamoDB client; the items of a global table become the union of what both Regions wrote."""

    def __init__(self, plan: blueprint.FunctionPlan, platform: Platform) -> None:
        self._region, self._profiles = plan.region, platform.profiles

    def put_item(self, *, TableName: str, Item: Mapping[str, Any]) -> None:  # noqa: N803, ARG002
        self._profiles[(Item["pk"]["S"], Item["sk"]["S"])] = self._region
