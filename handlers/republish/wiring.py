"""Republish in Lambda: the spool in, the global endpoint out."""

from __future__ import annotations

from handlers.republish.logic import spooled_entry
from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment
from handlers.shared.forwarding import forwarding_handler
from handlers.shared.invocation import Handler


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that takes messages of the spool."""
    publisher = clients.publisher(
        bus_name=environment.bus_name("EVENT_BUS_NAME"), endpoint_id=environment.endpoint_id("EVENT_ENDPOINT_ID")
    )
    return forwarding_handler(clients=clients, publisher=publisher, entry_of=spooled_entry)
