"""The return path in Lambda: replayed events of this Region in, the primary's own ingress bus out."""

from functools import partial

import orjson

from handlers.shared.clients import AwsClients
from handlers.shared.contract import REPLAY_NAME, REPLAYED_FROM
from handlers.shared.environment import Environment
from handlers.shared.forwarding import forwarding_handler
from handlers.shared.invocation import Handler
from handlers.shared.packing import Entry, write


def returned_entry(body: str, *, region: str) -> Entry | None:
    """The entry for the primary's bus; None if the message is not a replayed event.

    Ids and times within the detail stay as they were, so that consumers recognize a signal that they have processed.

    Args:
        body: An EventBridge event, as the rule of the return path sends it.
        region: Whose archive was replayed.
    """
    try:
        event = orjson.loads(body)
        detail = event["detail"]
        mark = {"region": region, "replay": event[REPLAY_NAME]}
        return Entry(event["source"], event["detail-type"], write({**detail, REPLAYED_FROM: mark}).decode())
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that takes messages of the return path's queue."""
    # Never through the endpoint: what was replayed here must not be replicated back here.
    publisher = clients.publisher(
        bus_name=environment.text("EVENT_BUS_NAME"), region=environment.text("PRIMARY_REGION")
    )
    entry_of = partial(returned_entry, region=environment.text("AWS_REGION"))
    return forwarding_handler(clients=clients, publisher=publisher, entry_of=entry_of)
