"""Enrichment in Lambda: one batch of the ingress bus in, the data platform bus or the quarantine out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.enrichment.logic import Platform, Quarantined, enrich
from handlers.enrichment.user_agent import describe
from handlers.shared import environment, sources
from handlers.shared.clients import REQUEST_S, client
from handlers.shared.delivery import LambdaContext, Undelivered, deadline
from handlers.shared.events import EventPublisher
from handlers.shared.logs import log
from handlers.shared.metrics import emit
from handlers.shared.packing import Entry
from handlers.shared.queues import QueueSender, message

# Kept for the quarantine, after a last request to the bus (s).
QUARANTINE_RESERVE_S = REQUEST_S + 8.0
# A request may still end after the quarantine's deadline (s).
END_RESERVE_S = REQUEST_S + 0.5

ACCOUNT_ID = environment.account_id()
REGION = environment.region()
SOURCES = frozenset(sources.load(environment.archive_root()))
PUBLISHER = EventPublisher(client("events"), bus_name=environment.bus_name("DATA_BUS_NAME"))
QUARANTINE = QueueSender(client("sqs"), queue_url=environment.queue_url("QUARANTINE_QUEUE_URL"))
# Its tables are compiled by the first use: better while the function starts than while a batch waits.
describe("Mozilla/5.0")


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    publish_until = deadline(context, reserve_s=QUARANTINE_RESERVE_S)
    quarantine_until = deadline(context, reserve_s=END_RESERVE_S)

    def publish(entries: Sequence[Entry]) -> list[Undelivered]:
        return PUBLISHER(entries, until=publish_until)

    def quarantine(what: Sequence[Quarantined]) -> list[Undelivered]:
        log("WARNING", "to quarantine", reasons=[bad.reason for bad in what])
        messages = [
            message(bad.body, reason=bad.reason, message=bad.message, batch_id=bad.batch_id, source=bad.source)
            for bad in what
        ]
        return QUARANTINE(messages, until=quarantine_until)

    emit(enrich(event, Platform(ACCOUNT_ID, SOURCES, REGION, describe, publish, quarantine)))
