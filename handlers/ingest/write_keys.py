"""Who may send: write keys, of which only the SHA-256 is known here."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256


class WriteKeys:
    """Tells the producer by its write key.

    The look-up is by the key's SHA-256 alone, so the time it takes says nothing about any registered key.

    Args:
        sources: SHA-256 (hex) of every write key, by producer.
    """

    def __init__(self, sources: Mapping[str, Sequence[str]]) -> None:
        self._sources = {digest: source for source, digests in sources.items() for digest in digests}

    def source_of(self, authorization: str | None) -> str | None:
        """The producer that an Authorization header stands for; nothing if its key is not registered."""
        key = _key(authorization or "")
        if not key:
            return None
        digest = sha256(key).hexdigest()
        for known, source in self._sources.items():
            if hmac.compare_digest(known, digest):
                return source
        return None


def _key(authorization: str) -> bytes | None:
    scheme, _, credentials = authorization.strip().partition(" ")
    credentials = credentials.strip()
    try:
        if scheme.lower() == "bearer":
            return credentials.encode()
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
            return None if password else user
    except ValueError:  # no base64; a lone surrogate
        return None
    return None
