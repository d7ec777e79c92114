"""Ingest in Lambda: HTTP in, the global endpoint or the spool out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from handlers.ingest.http import HttpRequest
from handlers.ingest.logic import Platform, respond
from handlers.ingest.write_keys import WriteKeys
from handlers.shared import environment, sources
from handlers.shared.clients import REQUEST_S, client
from handlers.shared.crt import require_crt
from handlers.shared.delivery import LambdaContext, Undelivered, deadline
from handlers.shared.events import EventPublisher
from handlers.shared.logs import log
from handlers.shared.metrics import emit
from handlers.shared.packing import Entry
from handlers.shared.queues import QueueSender, message
from handlers.shared.times import utc_now

require_crt()

# A client waits: while the endpoint is ill, it is answered from the spool after this long (s).
PUBLISH_AT_MOST_S = 3.0
# Kept for the spool: a request to the endpoint may still end after the publisher's deadline, then one to SQS (s).
SPOOL_RESERVE_S = 2.0 * REQUEST_S
ANSWER_RESERVE_S = 0.25

REGION = environment.region()
MAX_SIGNAL_BYTES = environment.integer("MAX_SIGNAL_BYTES", minimum=1_024, maximum=240_000)
WRITE_KEYS = WriteKeys(sources.load(environment.archive_root()))
PUBLISHER = EventPublisher(
    client("events"),
    bus_name=environment.bus_name("EVENT_BUS_NAME"),
    endpoint_id=environment.endpoint_id("EVENT_ENDPOINT_ID"),
)
SPOOL = QueueSender(client("sqs"), queue_url=environment.queue_url("SPOOL_QUEUE_URL"))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    publish_until = deadline(context, reserve_s=SPOOL_RESERVE_S, at_most_s=PUBLISH_AT_MOST_S)
    spool_until = deadline(context, reserve_s=ANSWER_RESERVE_S + REQUEST_S)

    def publish(entries: Sequence[Entry]) -> list[Undelivered]:
        undelivered = PUBLISHER(entries, until=publish_until)
        if undelivered:
            log("WARNING", "the endpoint refused entries", codes=[u.code for u in undelivered])
        return undelivered

    def spool(details: Sequence[str]) -> list[Undelivered]:
        lost = SPOOL([message(detail) for detail in details], until=spool_until)
        if lost:
            log("ERROR", "the spool refused entries", codes=[u.code for u in lost])
        return lost

    outcome = respond(
        HttpRequest.from_api_gateway(event),
        Platform(WRITE_KEYS, publish, spool, utc_now, lambda: uuid4().hex, REGION, MAX_SIGNAL_BYTES),
    )
    emit(outcome.counts)
    return outcome.response.to_api_gateway()
