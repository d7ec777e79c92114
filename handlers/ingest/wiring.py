"""Ingest in Lambda: HTTP in, the global endpoint or the spool out."""

import logging
from collections.abc import Sequence
from typing import Any

from handlers.ingest.http import HttpRequest
from handlers.ingest.logic import IngestDependencies, respond
from handlers.shared.clients import REQUEST_S, AwsClients
from handlers.shared.delivery import Undelivered
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler, LambdaContext
from handlers.shared.packing import Entry
from handlers.shared.senders import message

# A client waits: while the endpoint does not answer, the spool takes over after this long (s).
PUBLISH_AT_MOST_S = 3.0
ANSWER_RESERVE_S = 0.25
# Kept for the spool: a request to the endpoint may still end after the publisher's deadline, then one to SQS (s).
SPOOL_RESERVE_S = 2.0 * REQUEST_S + ANSWER_RESERVE_S

_log = logging.getLogger(__name__)


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that answers a request of API Gateway."""
    producers = {digest: source for source, digests in environment.sources().items() for digest in digests}
    publisher = clients.publisher(
        bus_name=environment.text("EVENT_BUS_NAME"), endpoint_id=environment.text("EVENT_ENDPOINT_ID")
    )
    spooler = clients.queue_sender(queue_url=environment.text("SPOOL_QUEUE_URL"))
    region = environment.text("AWS_REGION")
    max_signal_bytes = environment.integer("MAX_SIGNAL_BYTES", minimum=1_024, maximum=240_000)

    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        publish_until = clients.pace.deadline(context, reserve_s=SPOOL_RESERVE_S, at_most_s=PUBLISH_AT_MOST_S)
        spool_until = clients.pace.deadline(context, reserve_s=ANSWER_RESERVE_S + REQUEST_S)

        def publish(entries: Sequence[Entry]) -> Undelivered:
            return _logged(publisher(entries, until=publish_until), logging.WARNING, "the endpoint refused entries")

        def spool(details: Sequence[str]) -> Undelivered:
            messages = [message(detail) for detail in details]
            return _logged(spooler(messages, until=spool_until), logging.ERROR, "the spool refused entries")

        using = IngestDependencies(
            producers=producers,
            publish=publish,
            spool=spool,
            now=clients.now,
            new_id=clients.new_id,
            region=region,
            max_signal_bytes=max_signal_bytes,
        )
        response = respond(HttpRequest.from_api_gateway(event), using)
        clients.emit(response.counts)
        return response.to_api_gateway()

    return handler


def _logged(refused: Undelivered, level: int, what: str) -> Undelivered:
    if refused:
        _log.log(level, what, extra={"codes": [failure.code for failure in refused.values()]})
    return refused
