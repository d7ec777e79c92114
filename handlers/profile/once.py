"""Doing each signal's work once a Region where that is possible, and always at least once.

Powertools keeps a record per signal (producer and id, with a Region-independent prefix) in a global table. What that
cannot promise: an eventually consistent global table checks a condition against its own Region's copy only, so both
Regions can begin the same signal at the same moment; and the record "done" may reach the other Region before the item
that it speaks of. So the record only saves work and never decides what the profile says. That is right anyway because
the write itself is idempotent (see `logic`): whenever the record is in doubt the item is written, and a copy too many
is the same item.

Source: DynamoDB Developer Guide, "How DynamoDB global tables work" (conditional writes, last writer wins).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

from handlers.profile.logic import Item
from handlers.profile.store import ProfileStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# As long as an archive keeps what may be replayed (s).
EXPIRY_S = 30 * 24 * 3600


class Recorder:
    """Records items, each once if possible.

    Args:
        client: DynamoDB client for the idempotency records.
        table: Their table.
        store: Where items are kept.
        region: Where this runs.
    """

    def __init__(self, client: DynamoDBClient, *, table: str, store: ProfileStore, region: str) -> None:
        self._config = IdempotencyConfig(
            event_key_jmespath="[producer, id]",
            # The sort key has a digest of the content: a second signal of the same id is not taken for the first.
            payload_validation_jmespath="sk",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=EXPIRY_S,
        )

        def record(*, item: Item) -> dict[str, str]:
            store.put(item)
            return {"region": region}

        self._record = idempotent_function(
            record,
            data_keyword_argument="item",
            persistence_store=DynamoDBPersistenceLayer(table_name=table, boto3_client=client),
            config=self._config,
            key_prefix="profile",
        )
        self._store = store
        self._region = region

    def __call__(self, item: Item, context: Any) -> str:
        """Record an item and name the metric to count."""
        self._config.register_lambda_context(context)
        try:
            done = self._record(item=item)
        except IdempotencyAlreadyInProgressError:
            # Expected: a replicated copy arrives while the other Region, or an earlier try, is processing it.
            self._store.put(item)
            return "AlreadyInProgress"
        except IdempotencyValidationError:
            self._store.put(item)
            return "IdReused"
        if done["region"] != self._region and not self._store.has(item):
            self._store.put(item)
            return "RecordedAheadOfReplication"
        return "RecordedSignals"
