"""The profile consumer in Lambda: one enriched signal in, one item in DynamoDB out."""

from collections.abc import Callable
from typing import Any

from handlers.profile.logic import Item, item_of
from handlers.profile.store import ProfileStore
from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler, LambdaContext

# DynamoDB answers in milliseconds, and every call here may be repeated: the SDK's own retries are right for it.
ATTEMPTS = 3


def build(
    *, clients: AwsClients, environment: Environment, recorder: Callable[..., Callable[[Item, LambdaContext], str]]
) -> Handler:
    """The function that takes an enriched signal; `recorder` makes what writes its item: a `once.Recorder`."""
    dynamodb = clients.client("dynamodb", attempts=ATTEMPTS)
    record = recorder(
        dynamodb,
        table=environment.text("IDEMPOTENCY_TABLE"),
        store=ProfileStore(dynamodb, table=environment.text("STATE_TABLE")),
        region=environment.text("AWS_REGION"),
    )

    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        item = item_of(event["detail"])
        clients.emit({record(item, context) if item else "SignalsWithoutCustomer": 1})

    return handler
