"""The two consoles: results go to stdout, all else to stderr, so that with `--json` stdout is JSON and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print the result of a command with `--json`."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@contextmanager
def busy(what: str, *, quiet: bool = False) -> Iterator[None]:
    """Show on a terminal what is going on; print nothing anywhere else."""
    if quiet or not err.is_terminal:
        yield
        return
    with err.status(what):
        yield
