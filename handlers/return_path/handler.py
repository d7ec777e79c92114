"""The return path in Lambda: replayed events of this Region in, the primary's own ingress bus out."""

from __future__ import annotations

from typing import Any

from handlers.return_path.logic import returned_entry
from handlers.shared import environment
from handlers.shared.clients import REQUEST_S, client
from handlers.shared.delivery import LambdaContext, deadline
from handlers.shared.events import EventPublisher
from handlers.shared.forwarding import forward
from handlers.shared.logs import log
from handlers.shared.metrics import emit

# A request may still end after the publisher's deadline, and the answer must get out (s).
RESERVE_S = REQUEST_S + 1.0

REGION = environment.region()
# Never through the endpoint: what was replayed here must not be replicated back here.
PUBLISHER = EventPublisher(
    client("events", region=environment.region("PRIMARY_REGION")), bus_name=environment.bus_name("EVENT_BUS_NAME")
)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    until = deadline(context, reserve_s=RESERVE_S)
    outcome = forward(
        event, lambda entries: PUBLISHER(entries, until=until), lambda body: returned_entry(body, region=REGION)
    )
    emit(outcome.counts)
    if outcome.failed:
        log("WARNING", "messages stay in the queue", message_ids=outcome.failed)
    return outcome.to_sqs()
