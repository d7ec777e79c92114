"""Enrichment in Lambda: one batch of the ingress bus in, the data platform bus or the quarantine out."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from handlers.enrichment.logic import EnrichmentDependencies, Quarantined, enrich
from handlers.enrichment.received_batch import describe
from handlers.shared.clients import REQUEST_S, AwsClients
from handlers.shared.delivery import Undelivered
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler, LambdaContext
from handlers.shared.senders import message

# Kept for the quarantine, after a last request to the bus (s).
QUARANTINE_RESERVE_S = REQUEST_S + 8.0
# A request may still end after the quarantine's deadline (s).
END_RESERVE_S = REQUEST_S + 0.5

_log = logging.getLogger(__name__)


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that takes an event of the ingress bus."""
    account_id, region = environment.text("ACCOUNT_ID"), environment.text("AWS_REGION")
    registered = frozenset(environment.sources())
    publisher = clients.publisher(bus_name=environment.text("DATA_BUS_NAME"))
    sender = clients.queue_sender(queue_url=environment.text("QUARANTINE_QUEUE_URL"))
    # Its tables are compiled by the first use: better while the function starts than while a batch waits.
    describe("Mozilla/5.0")

    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        publish_until = clients.pace.deadline(context, reserve_s=QUARANTINE_RESERVE_S)
        quarantine_until = clients.pace.deadline(context, reserve_s=END_RESERVE_S)

        def quarantine(what: Sequence[Quarantined]) -> Undelivered:
            _log.warning("to quarantine", extra={"reasons": [bad.reason for bad in what]})
            return sender([message(**bad._asdict()) for bad in what], until=quarantine_until)

        using = EnrichmentDependencies(
            account_id=account_id,
            sources=registered,
            region=region,
            publish=partial(publisher, until=publish_until),
            quarantine=quarantine,
        )
        clients.emit(enrich(event, using))

    return handler
