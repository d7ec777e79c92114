"""The profile consumer in Lambda: one enriched signal in, one item in DynamoDB out."""

from __future__ import annotations

from typing import Any

from handlers.profile.logic import Profile, item_of, profile
from handlers.profile.once import Recorder
from handlers.profile.store import ProfileStore
from handlers.shared import environment
from handlers.shared.clients import client
from handlers.shared.delivery import LambdaContext
from handlers.shared.metrics import emit

_TABLE = r"[\w.-]{3,255}"
# DynamoDB answers in milliseconds, and every call here may be repeated: the SDK's own retries are right for it.
ATTEMPTS = 3

DYNAMODB = client("dynamodb", attempts=ATTEMPTS)
STORE = ProfileStore(DYNAMODB, table=environment.text("STATE_TABLE", _TABLE, example="signals-profile-state"))
RECORD = Recorder(
    DYNAMODB,
    table=environment.text("IDEMPOTENCY_TABLE", _TABLE, example="signals-profile-idempotency"),
    store=STORE,
    region=environment.region(),
)


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    item = item_of(event["detail"])
    emit({RECORD(item, context) if item else "SignalsWithoutCustomer": 1})


def read_profile(customer: str) -> Profile | None:
    """A customer's profile, as this Region knows it."""
    return profile(STORE.items(customer))
