"""How commands speak: results on stdout, all else on stderr, so that `--json` leaves nothing but JSON to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """The one thing that a command with `--json` prints."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@contextmanager
def busy(what: str, *, quiet: bool = False) -> Iterator[None]:
    """Show on a terminal that something is under way; say nothing anywhere else."""
    if quiet or not err.is_terminal:
        yield
        return
    with err.status(what):
        yield
