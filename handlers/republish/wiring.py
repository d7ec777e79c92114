"""Republish in Lambda: the spool in, the global endpoint out."""

import orjson

from handlers.shared.clients import AwsClients
from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.environment import Environment
from handlers.shared.forwarding import forwarding_handler
from handlers.shared.invocation import Handler
from handlers.shared.packing import Entry


def spooled_entry(body: str) -> Entry | None:
    """The batch that the endpoint refused, as ingest packed it; None if the message is not a batch."""
    try:
        detail = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    is_batch = type(detail) is dict and type(detail.get("signals")) is list and type(detail.get("batch_id")) is str
    return Entry(INGEST_SOURCE, BATCH_TYPE, body) if is_batch else None


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that takes messages of the spool."""
    publisher = clients.publisher(
        bus_name=environment.text("EVENT_BUS_NAME"), endpoint_id=environment.text("EVENT_ENDPOINT_ID")
    )
    return forwarding_handler(clients=clients, publisher=publisher, entry_of=spooled_entry)
