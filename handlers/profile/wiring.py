"""The profile consumer in Lambda: one enriched signal in, one item in DynamoDB out."""

from typing import Any

from handlers.profile.logic import item_of
from handlers.profile.once import record
from handlers.profile.store import ProfileStore
from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler, LambdaContext

# DynamoDB answers in milliseconds, and every call here may be repeated: the SDK's own retries are right for it.
ATTEMPTS = 3


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that takes an enriched signal."""
    store = ProfileStore(clients.client("dynamodb", attempts=ATTEMPTS), table=environment.text("STATE_TABLE"))

    def handler(event: dict[str, Any], _context: LambdaContext) -> None:
        item = item_of(event["detail"])
        clients.emit({record(item, store) if item else "SignalsWithoutCustomer": 1})

    return handler
