"""Customer profiles that come out the same for any order, any duplicate and both Regions at once. Knows no AWS.

A signal becomes one item whose key and content follow from the signal alone: no Region, no clock, no counter. Writing
it again, later or elsewhere changes nothing, so a global table has nothing to reconcile: its items only ever grow into
the union of what both Regions wrote. The profile is folded from them when it is read.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from handlers.shared.times import utc_text

Item = dict[str, str]


class Profile(NamedTuple):
    """One customer, as their signals tell.

    Args:
        signals: How many different signals there were.
        first_seen: Time of the earliest (RFC 3339, UTC).
        last_seen: Time of the latest.
        attributes: Scalar members of the signals' data, of each name the latest.
    """

    customer: str
    signals: int
    first_seen: str
    last_seen: str
    attributes: dict[str, Any]


def customer_of(signal: Mapping[str, Any]) -> str | None:
    """Whom a signal is about: its subject, or else its data's customer_id."""
    data = signal.get("data")
    found = signal.get("subject") or (data.get("customer_id") if type(data) is dict else None)
    return str(found) if type(found) in (str, int) and found != "" else None


def item_of(signal: Mapping[str, Any]) -> Item | None:
    """The item that stands for an enriched signal; None if it names no customer.

    Raises:
        ValueError: It is not an enriched signal.
    """
    customer = customer_of(signal)
    if customer is None:
        return None
    names = ("id", "producer", "type", "source")
    try:
        said = {name: signal[name] for name in names}
        time = utc_text(signal["time"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an enriched signal: {error}") from None
    if time is None or not all(type(value) is str and value for value in said.values()):
        raise ValueError("not an enriched signal: id, producer, type, source and time are needed")
    data = signal.get("data")
    scalars = {k: v for k, v in data.items() if type(v) in (str, int, float, bool)} if type(data) is dict else {}
    item = {**said, "customer": customer, "time": time, "attributes": _json(scalars)}
    # Should a producer give one id to two different signals, both are kept: which came first then matters to no one.
    digest = sha256(_json(item).encode()).hexdigest()[:16]
    return {**item, "pk": partition_key(customer), "sk": f"{_sortable(time)}#{said['producer']}#{said['id']}#{digest}"}


def partition_key(customer: str) -> str:
    """The partition key of a customer's items; a name too long for a key (2048 bytes) is replaced by its digest."""
    key = f"customer#{customer}"
    return key if len(key.encode()) <= 2048 else f"customer#sha256#{sha256(customer.encode()).hexdigest()}"


def profile(items: Iterable[Mapping[str, str]]) -> Profile | None:
    """Fold one customer's items, in any order and with any duplicates; None if there are none.

    Of several items of one signal the earliest counts.
    """
    by_signal: dict[tuple[str, str], Mapping[str, str]] = {}
    for item in sorted(items, key=lambda item: item["sk"]):
        by_signal.setdefault((item["producer"], item["id"]), item)
    if not by_signal:
        return None
    signals = list(by_signal.values())
    attributes: dict[str, Any] = {}
    for item in signals:
        attributes.update(orjson.loads(item["attributes"]))
    return Profile(signals[0]["customer"], len(signals), signals[0]["time"], signals[-1]["time"], attributes)


def _sortable(time: str) -> str:
    """A UTC time with nine digits of fraction, so that the order of the text is the order of time."""
    seconds, _, fraction = time.removesuffix("Z").partition(".")
    return f"{seconds}.{fraction:0<9}"


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
