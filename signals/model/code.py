"""The functions of handlers/ with the model around them: their own logic, publisher and queue sender; only the AWS
clients, the clock and the pauses are the model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from handlers.enrichment import logic as enrichment
from handlers.enrichment.user_agent import describe
from handlers.ingest import logic as ingest
from handlers.ingest.http import HttpRequest
from handlers.ingest.write_keys import WriteKeys
from handlers.profile.logic import item_of
from handlers.republish.logic import spooled_entry
from handlers.return_path.logic import returned_entry
from handlers.shared.delivery import Undelivered
from handlers.shared.events import EventPublisher
from handlers.shared.forwarding import forward
from handlers.shared.queues import QueueSender, message
from signals.model import blueprint
from signals.model.clients import Events, Queues, Stopwatch

if TYPE_CHECKING:
    from signals.model.platform import Platform

WRITE_KEY = "the model's own write key"
# As in the functions' handlers: how long they try (s).
_INGEST_PUBLISHES_S, _INGEST_SPOOLS_S, _TRIES_S = 3.0, 12.0, 48.0


@dataclass(frozen=True)
class Collaborators:
    """What functions work with; a wrong setting may be another one of these."""

    publisher: Callable[..., Any] = EventPublisher
    spools: bool = True


def runner(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    """What runs when this function is invoked; a consumer's function that the model does not know takes everything."""
    makers = {
        "ingest": _ingest,
        "enrichment": _enrichment,
        "republish": _republish,
        "return_path": _return_path,
        "profile": _profile,
    }
    maker = makers.get(plan.folder)
    return maker(plan, platform) if maker else lambda _event: None


def _publish(
    plan: blueprint.FunctionPlan, platform: Platform, watch: Stopwatch, bus: str, *, region: str | None = None
) -> Any:
    events = Events(plan, region or plan.region, watch, platform)
    endpoint_id = plan.environment.get("EVENT_ENDPOINT_ID")
    return platform.collaborators.publisher(events, bus_name=bus, endpoint_id=endpoint_id, pace=watch.pace)


def _sender(plan: blueprint.FunctionPlan, platform: Platform, watch: Stopwatch, queue_url: str) -> QueueSender:
    client: Any = Queues(plan, watch, platform)
    return QueueSender(client, queue_url=queue_url, pace=watch.pace)


def _ingest(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    environment, keys = plan.environment, WriteKeys({plan.sources[0]: [sha256(WRITE_KEY.encode()).hexdigest()]})

    def run(event: Mapping[str, Any]) -> Any:
        watch = Stopwatch(platform)
        publish = _publish(plan, platform, watch, environment["EVENT_BUS_NAME"])
        sender = _sender(plan, platform, watch, environment["SPOOL_QUEUE_URL"])

        def spool(details: Sequence[str]) -> list[Undelivered]:
            if not platform.collaborators.spools:
                return [Undelivered(position, "NoSpool", "") for position in range(len(details))]
            lost = sender([message(detail) for detail in details], until=_INGEST_SPOOLS_S)
            platform.ledger.counts["batches spooled"] += len(details) - len(lost)
            return lost

        return ingest.respond(
            HttpRequest.from_api_gateway(event),
            ingest.Platform(
                keys,
                lambda entries: publish(entries, until=_INGEST_PUBLISHES_S),
                spool,
                platform.clock.moment,
                platform.new_id,
                plan.region,
                int(environment["MAX_SIGNAL_BYTES"]),
            ),
        ).response

    return run


def _enrichment(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    environment, sources = plan.environment, frozenset(plan.sources)

    def run(event: Mapping[str, Any]) -> Any:
        watch = Stopwatch(platform)
        publish = _publish(plan, platform, watch, environment["DATA_BUS_NAME"])
        sender = _sender(plan, platform, watch, environment["QUARANTINE_QUEUE_URL"])

        def quarantine(what: Sequence[enrichment.Quarantined]) -> list[Undelivered]:
            messages = [
                message(bad.body, reason=bad.reason, message=bad.message, batch_id=bad.batch_id, source=bad.source)
                for bad in what
            ]
            return sender(messages, until=_TRIES_S + 8)

        return enrichment.enrich(
            event,
            enrichment.Platform(
                environment["ACCOUNT_ID"],
                sources,
                plan.region,
                describe,
                lambda entries: publish(entries, until=_TRIES_S),
                quarantine,
            ),
        )

    return run


def _republish(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    def run(event: Mapping[str, Any]) -> Any:
        publish = _publish(plan, platform, Stopwatch(platform), plan.environment["EVENT_BUS_NAME"])
        return forward(event, lambda entries: publish(entries, until=_TRIES_S), spooled_entry).to_sqs()

    return run


def _return_path(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    environment = plan.environment

    def run(event: Mapping[str, Any]) -> Any:
        watch = Stopwatch(platform)
        publish = _publish(plan, platform, watch, environment["EVENT_BUS_NAME"], region=environment["PRIMARY_REGION"])
        return forward(
            event,
            lambda entries: publish(entries, until=_TRIES_S),
            lambda body: returned_entry(body, region=plan.region),
        ).to_sqs()

    return run


def _profile(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    def run(event: Mapping[str, Any]) -> Any:
        # The table is a global one: its items in either Region become the union of both.
        item = item_of(event["detail"])
        if item:
            platform.profiles[(item["pk"], item["sk"])] = plan.region

    return run
