"""AWS clients as the functions know them, with a function's role, answered by the model; and the time calls take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from handlers.shared.delivery import Pace
from signals.model import blueprint
from signals.model.bus import refused

if TYPE_CHECKING:
    from signals.model.platform import Platform

_REQUEST_S = 0.02


class Stopwatch:
    """Time within one invocation: pauses and requests take it, the platform's clock stands still."""

    def __init__(self, platform: Platform) -> None:
        self.now = 0.0
        self.pace = Pace(clock=lambda: self.now, sleep=self.take, jitter=platform.rng.random)

    def take(self, seconds: float) -> None:
        self.now += seconds


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
        if queue is None:
            raise refused("QueueDoesNotExist", 400)
        if not self._plan.role.allows("sqs:SendMessage", queue.plan.arn):
            self._platform.ledger.counts["AccessDeniedException"] += 1
            raise refused("AccessDeniedException", 403)
        if not queue.answers:
            raise refused("ServiceUnavailable", 503)
        for entry in Entries:
            attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
            queue.send(entry["MessageBody"], attributes)
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}
