"""The function's log: one JSON object a line, never with a signal, a key or an address in it."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import Any

import orjson

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def log(level: str, message: str, **fields: Any) -> None:
    """Write one line if LOG_LEVEL lets it through."""
    if getattr(logging, level) >= _threshold():
        line = {"level": level, "message": message, "timestamp_ms": int(time.time() * 1000), **fields}
        sys.stdout.write(orjson.dumps(line, default=str).decode() + "\n")


def _threshold() -> int:
    wanted = os.environ.get("LOG_LEVEL", "INFO").upper()
    return int(getattr(logging, wanted)) if wanted in _LEVELS else logging.INFO
