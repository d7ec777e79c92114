"""Republish in Lambda: the spool in, the global endpoint out."""

from __future__ import annotations

from typing import Any

from handlers.republish.logic import spooled_entry
from handlers.shared import environment
from handlers.shared.clients import REQUEST_S, client
from handlers.shared.crt import require_crt
from handlers.shared.delivery import LambdaContext, deadline
from handlers.shared.events import EventPublisher
from handlers.shared.forwarding import forward
from handlers.shared.logs import log
from handlers.shared.metrics import emit

require_crt()

# A request may still end after the publisher's deadline, and the answer must get out (s).
RESERVE_S = REQUEST_S + 1.0

PUBLISHER = EventPublisher(
    client("events"),
    bus_name=environment.bus_name("EVENT_BUS_NAME"),
    endpoint_id=environment.endpoint_id("EVENT_ENDPOINT_ID"),
)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    until = deadline(context, reserve_s=RESERVE_S)
    outcome = forward(event, lambda entries: PUBLISHER(entries, until=until), spooled_entry)
    emit(outcome.counts)
    if outcome.failed:
        log("WARNING", "messages stay in the queue", message_ids=outcome.failed)
    return outcome.to_sqs()
