"""A customer's items in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from handlers.profile.logic import Item, partition_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ProfileStore:
    """The state table: partition key `pk` (the customer), sort key `sk` (a signal's time, producer, id, content)."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._client: Any = client
        self._table = table

    def put(self, item: Item) -> None:
        """Write an item; no condition, because the same key always has the same content."""
        self._client.put_item(TableName=self._table, Item={name: {"S": value} for name, value in item.items()})

    def has(self, item: Item) -> bool:
        """Whether this Region's copy of the table has the item."""
        key = {name: {"S": item[name]} for name in ("pk", "sk")}
        answer = self._client.get_item(TableName=self._table, Key=key, ProjectionExpression="pk", ConsistentRead=True)
        return "Item" in answer

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
