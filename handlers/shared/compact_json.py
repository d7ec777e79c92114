"""Writing JSON that every service on the way takes."""

from __future__ import annotations

from typing import Any

import orjson

_FIRST_BYTE = 0xEF  # of U+FFFE and U+FFFF in UTF-8, and of little else


def write(value: Any) -> bytes:
    """Compact JSON in UTF-8, with the two characters escaped that JSON allows and SQS refuses (U+FFFE, U+FFFF).

    Raises:
        TypeError: Nested more than 254 deep, or not JSON.
    """
    written = orjson.dumps(value)
    if _FIRST_BYTE in written:
        return written.replace(b"\xef\xbf\xbe", b"\\ufffe").replace(b"\xef\xbf\xbf", b"\\uffff")
    return written
