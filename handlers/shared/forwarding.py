"""From a queue back to a bus: each message becomes an entry, and what the bus refuses stays in the queue."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from handlers.shared.clients import REQUEST_S, AwsClients
from handlers.shared.delivery import Publish
from handlers.shared.invocation import Handler, LambdaContext
from handlers.shared.packing import Entry
from handlers.shared.senders import EventPublisher

EntryOf = Callable[[str], Entry | None]

# A request may still end after the publisher's deadline, and then the function has to answer (s).
RESERVE_S = REQUEST_S + 1.0

_log = logging.getLogger(__name__)


def forwarding_handler(*, clients: AwsClients, publisher: EventPublisher, entry_of: EntryOf) -> Handler:
    """The function that publishes what the messages of an SQS event hold; see `forward`."""

    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        until = clients.pace.deadline(context, reserve_s=RESERVE_S)
        failed, counts = forward(event, lambda entries: publisher(entries, until=until), entry_of)
        clients.emit(counts)
        if failed:
            _log.warning("messages stay in the queue", extra={"message_ids": failed})
        # Only these messages come again (Lambda Developer Guide, "Handling errors for an SQS event source").
        return {"batchItemFailures": [{"itemIdentifier": identity} for identity in failed]}

    return handler


def forward(event: Mapping[str, Any], publish: Publish, entry_of: EntryOf) -> tuple[list[str], dict[str, int]]:
    """Publish what the messages of an SQS event hold.

    A message of which `entry_of` makes nothing fails every time: SQS moves it to the dead-letter queue, where a person
    sees it.

    Returns:
        Ids of the messages that must stay in the queue, and what to count.
    """
    made = {record["messageId"]: entry_of(record["body"]) for record in event["Records"]}
    entries = {identity: entry for identity, entry in made.items() if entry is not None}
    identities = list(entries)
    refused = [identities[place] for place in publish(list(entries.values()))] if entries else []
    malformed = [identity for identity in made if identity not in entries]
    counts = {
        "RepublishedBatches": len(entries) - len(refused),
        "RefusedBatches": len(refused),
        "MalformedMessages": len(malformed),
    }
    return [*malformed, *refused], counts
