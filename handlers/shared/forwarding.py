"""From a queue back to a bus: each message becomes an entry, and what the bus refuses stays in the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from handlers.shared.delivery import Undelivered
from handlers.shared.packing import Entry

Publish = Callable[[Sequence[Entry]], Sequence[Undelivered]]


class Outcome(NamedTuple):
    """Ids of the messages that must stay in the queue, and what to count."""

    failed: list[str]
    counts: Mapping[str, int]

    def to_sqs(self) -> dict[str, Any]:
        """The answer to SQS: only these messages come again.

        Source: Lambda Developer Guide, "Handling errors for an SQS event source".
        """
        return {"batchItemFailures": [{"itemIdentifier": identity} for identity in self.failed]}


def forward(event: Mapping[str, Any], publish: Publish, entry_of: Callable[[str], Entry | None]) -> Outcome:
    """Publish what the messages of an SQS event hold.

    A message of which `entry_of` makes nothing fails every time: SQS moves it to the dead-letter queue, where a person
    sees it.
    """
    made = {record["messageId"]: entry_of(record["body"]) for record in event["Records"]}
    entries = {identity: entry for identity, entry in made.items() if entry is not None}
    undelivered = publish(list(entries.values())) if entries else ()
    identities = list(entries)
    refused = [identities[failure.position] for failure in undelivered]
    malformed = [identity for identity in made if identity not in entries]
    return Outcome(
        failed=[*malformed, *refused],
        counts={
            "RepublishedBatches": len(entries) - len(refused),
            "RefusedBatches": len(refused),
            "MalformedMessages": len(malformed),
        },
    )
