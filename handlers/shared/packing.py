"""Writing signals as JSON and packing them: into entries of known size, and into groups of limited size."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

# EventBridge bills custom events in chunks of 64 KB (EventBridge pricing).
BILLING_CHUNK_BYTES = 65_536
# PutEvents: 10 entries a request, and less than 1 MB (EventBridge User Guide, "Sending events with PutEvents").
REQUEST_ENTRIES = 10
REQUEST_BYTES = 999_999

_FIRST_BYTE = 0xEF  # of U+FFFE and U+FFFF in UTF-8, and of little else


class Entry(NamedTuple):
    """One event for PutEvents. It has no time: client time must not move replay windows (a design invariant)."""

    source: str
    detail_type: str
    detail: str

    @property
    def size_bytes(self) -> int:
        """Its size as EventBridge counts it: UTF-8 bytes of source, detail type and detail; no resources, no time.

        Source: EventBridge User Guide, "Calculating PutEvents event entry size".
        """
        return utf8_bytes(self.source) + utf8_bytes(self.detail_type) + utf8_bytes(self.detail)


def write(value: Any) -> bytes:
    """Compact JSON in UTF-8, with the two characters escaped that JSON allows and SQS refuses (U+FFFE, U+FFFF).

    Raises:
        TypeError: Nested more than 254 deep, or not JSON.
    """
    written = orjson.dumps(value)
    if _FIRST_BYTE in written:
        return written.replace(b"\xef\xbf\xbe", b"\\ufffe").replace(b"\xef\xbf\xbf", b"\\uffff")
    return written


def utf8_bytes(text: str) -> int:
    """Length in UTF-8 bytes, without encoding what is ASCII anyway."""
    return len(text) if text.isascii() else len(text.encode())


def group(sizes: Sequence[int], *, capacity: int, most: int | None = None) -> list[list[int]]:
    """Indices of `sizes`, in few groups of at most `capacity` bytes and `most` members each.

    Largest first, each into the first group with room ("first fit decreasing": never more than 11/9 of the fewest, plus
    one). What is larger than `capacity` gets a group of its own. Within a group, and by first member, order is kept.
    """
    count = len(sizes)
    if most is None:
        most = count
    if not count:
        return []
    if count <= most and sum(sizes) <= capacity:
        return [list(range(count))]
    if max(sizes) * most <= capacity:
        return [list(range(start, min(start + most, count))) for start in range(0, count, most)]
    groups: list[list[int]] = []
    with_room: list[tuple[int, list[int]]] = []
    for index in sorted(range(count), key=sizes.__getitem__, reverse=True):
        size = sizes[index]
        for place, (room, members) in enumerate(with_room):
            if size <= room:
                members.append(index)
                if len(members) == most:
                    del with_room[place]
                else:
                    with_room[place] = (room - size, members)
                break
        else:
            members = [index]
            groups.append(members)
            if size < capacity and most > 1:
                with_room.append((capacity - size, members))
    for members in groups:
        members.sort()
    return sorted(groups)
