"""The registered producers, from `sources.json` at the root of the archive: SHA-256 (hex) of write keys by source."""

from __future__ import annotations

import re

import orjson

from handlers.shared.environment import BadEnvironmentError, Environment

Sources = dict[str, list[str]]


def load(environment: Environment) -> Sources:
    """Read the registered producers, or fail the start."""
    try:
        sources = orjson.loads(environment.read_file("sources.json"))
        keys = [key for keys in sources.values() for key in keys]
        valid = all(re.fullmatch(r"[0-9a-f]{64}", key) for key in keys)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BadEnvironmentError(
            f"sources.json cannot be read ({error}): build the archive with the stack's sources"
        ) from None
    if not keys or not valid:
        raise BadEnvironmentError(
            'sources.json should be {"<source>": ["<sha256 of a write key, hex>"]}, with at least one'
        )
    return dict(sources)
