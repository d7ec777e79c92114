"""The return path in Lambda: replayed events of this Region in, the primary's own ingress bus out."""

from __future__ import annotations

from functools import partial

from handlers.return_path.logic import returned_entry
from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment
from handlers.shared.forwarding import forwarding_handler
from handlers.shared.invocation import Handler


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that takes messages of the return path's queue."""
    # Never through the endpoint: what was replayed here must not be replicated back here.
    publisher = clients.publisher(
        bus_name=environment.bus_name("EVENT_BUS_NAME"), region=environment.region("PRIMARY_REGION")
    )
    entry_of = partial(returned_entry, region=environment.region())
    return forwarding_handler(clients=clients, publisher=publisher, entry_of=entry_of)
