"""DynamoDB global tables, eventually consistent: a condition is decided in its own Region, and each item follows alone.

An item is in the other Region a moment after it was written, and of two items the later one may be there first; the
last change to arrive wins (DynamoDB Developer Guide, "How DynamoDB global tables work"). Items do not expire here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from signals.model.bus import refused

if TYPE_CHECKING:
    from signals.model.platform import Platform

Item = dict[str, Any]
_LAG_S = (0.1, 2.0)


class Tables:
    """The tables of every Region."""

    def __init__(self, platform: Platform, regions: Sequence[str]) -> None:
        self._platform, self._regions = platform, regions
        self._items: dict[tuple[str, str], dict[str, Item]] = defaultdict(dict)

    def items(self, region: str, table: str) -> list[Item]:
        """The items of one Region's copy."""
        return list(self._items[region, table].values())

    def get(self, region: str, table: str, key: Mapping[str, Any]) -> Item | None:
        return self._items[region, table].get(_name(key))

    def put(self, region: str, table: str, item: Item, *, key: Sequence[str], only_new: bool) -> None:
        """Write an item.

        Raises:
            ClientError: It must be new, and this Region has one of that key.
        """
        name = _name({part: item[part] for part in key})
        held = self._items[region, table].get(name)
        if only_new and held:
            error = refused("ConditionalCheckFailedException", 400)
            error.response["Item"] = held  # type: ignore[typeddict-unknown-key]
            raise error
        self._write(region, table, name, item)

    def change(self, region: str, table: str, key: Mapping[str, Any], attributes: Item) -> None:
        """Set attributes of an item."""
        name = _name(key)
        self._write(region, table, name, {**self._items[region, table].get(name, dict(key)), **attributes})

    def delete(self, region: str, table: str, key: Mapping[str, Any]) -> None:
        self._write(region, table, _name(key), None)

    def _write(self, region: str, table: str, name: str, item: Item | None) -> None:
        self._set(region, table, name, item)
        for other in self._regions:
            if other != region:
                lag_s = self._platform.rng.uniform(*_LAG_S)
                self._platform.clock.after(lag_s, partial(self._replicate, region, other, table, name))

    def _replicate(self, region: str, other: str, table: str, name: str) -> None:
        self._set(other, table, name, self._items[region, table].get(name))

    def _set(self, region: str, table: str, name: str, item: Item | None) -> None:
        if item is None:
            self._items[region, table].pop(name, None)
        else:
            self._items[region, table][name] = item


def _name(key: Mapping[str, Mapping[str, str]]) -> str:
    return repr(sorted((part, value["S"]) for part, value in key.items()))
