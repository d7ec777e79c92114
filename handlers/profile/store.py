"""A customer's items in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from handlers.profile.logic import Item, partition_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A producer that says many things under one id and time is not read through for each of them.
_SAME_SIGNAL_ITEMS = 10


class ProfileStore:
    """The state table: partition key `pk` (the customer), sort key `sk` (a signal's time, producer, id, content)."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._client: Any = client
        self._table = table

    def put(self, item: Item) -> None:
        """Write an item; no condition, because the same key always has the same content."""
        self._client.put_item(TableName=self._table, Item={name: {"S": value} for name, value in item.items()})

    def same_signal(self, item: Item) -> set[str]:
        """Sort keys that this Region's copy of the table holds of an item's producer, id and time, as far as it knows.

        A read that may be a moment old is half a read unit, and is enough: what it misses is written again.
        """
        signal = item["sk"].rpartition("#")[0]
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :customer AND begins_with(sk, :signal)",
            ExpressionAttributeValues={":customer": {"S": item["pk"]}, ":signal": {"S": f"{signal}#"}},
            ProjectionExpression="sk",
            Limit=_SAME_SIGNAL_ITEMS,
        )
        found = (row["sk"]["S"] for row in answer["Items"])
        # Another id may begin with this one and a #.
        return {key for key in found if len(key) == len(item["sk"])}

    def items(self, customer: str) -> Iterator[Item]:
        """Every item of a customer, page by page."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :customer",
            ExpressionAttributeValues={":customer": {"S": partition_key(customer)}},
        )
        for page in pages:
            for item in page["Items"]:
                yield {name: value["S"] for name, value in item.items()}
