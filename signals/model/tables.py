"""DynamoDB global tables, eventually consistent: a Region reads its own copy, and each item follows alone.

An item is in the other Region a moment after it was written, and of two items the later one may be there first; the
last change to arrive wins (DynamoDB Developer Guide, "How DynamoDB global tables work"). Items do not expire here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signals.model.platform import Platform

Item = dict[str, Any]
_LAG_S = (0.1, 2.0)


class Tables:
    """The state tables of every Region."""

    def __init__(self, platform: Platform, regions: Sequence[str]) -> None:
        self._platform, self._regions = platform, regions
        # By Region and table, then by partition key, then by sort key.
        self._items: dict[tuple[str, str], dict[str, dict[str, Item]]] = defaultdict(lambda: defaultdict(dict))

    def items(self, region: str, table: str) -> list[Item]:
        """The items of one Region's copy."""
        return [item for partition in self._items[region, table].values() for item in partition.values()]

    def query(self, region: str, table: str, partition: str, begins_with: str) -> list[Item]:
        """The items of a partition in one Region's copy of which the sort key begins so."""
        held = self._items[region, table].get(partition, {})
        return [item for key, item in held.items() if key.startswith(begins_with)]

    def put(self, region: str, table: str, item: Item) -> None:
        """Write an item."""
        partition, key = item["pk"]["S"], item["sk"]["S"]

        def arrive(at: str) -> None:
            self._items[at, table][partition][key] = item

        arrive(region)
        for other in self._regions:
            if other != region:
                self._platform.clock.after(self._platform.rng.uniform(*_LAG_S), partial(arrive, other))
