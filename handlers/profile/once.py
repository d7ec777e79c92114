"""Recording each signal: at least once, and with one write where that can be seen before it is made.

Global tables bill each write once for every Region that has the table, and a condition that does not hold is billed
too. So there is no record of what is done beside the item: the item itself says it. What this Region's copy of the
table has already, from an earlier try or from the other Region, is not written again; a read that comes too early
costs one more write of the same item and changes nothing (see `logic`).

Source: DynamoDB Developer Guide, "How DynamoDB global tables work", "Condition expressions", "Global tables
billing".
"""

from handlers.profile.logic import Item
from handlers.profile.store import ProfileStore


def record(item: Item, store: ProfileStore) -> str:
    """Write an item unless it is there, and name the metric to count."""
    held = store.same_signal(item)
    if item["sk"] not in held:
        store.put(item)
        if held:
            return "IdReused"
    return "RecordedSignals"
