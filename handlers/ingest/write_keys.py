"""Who may send: write keys, of which only the SHA-256 is known here."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from hashlib import sha256


class WriteKeys:
    """Identifies the producer by its write key.

    Looked up by SHA-256: a sender cannot choose the digest of its guess, so how long a look-up takes says nothing about
    a registered key.

    Args:
        sources: SHA-256 (hex) of every write key, by producer.
    """

    def __init__(self, sources: Mapping[str, Sequence[str]]) -> None:
        self._sources = {digest: source for source, digests in sources.items() for digest in digests}

    def source_of(self, authorization: str | None) -> str | None:
        """The producer that an Authorization header stands for; None if its key is not registered."""
        key = _key(authorization or "")
        return self._sources.get(sha256(key).hexdigest()) if key else None


def _key(authorization: str) -> bytes | None:
    scheme, _, credentials = authorization.strip().partition(" ")
    credentials = credentials.strip()
    try:
        if scheme.lower() == "bearer":
            return credentials.encode()
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
            return None if password else user
    except ValueError:  # not base64, or a lone surrogate
        return None
    return None
