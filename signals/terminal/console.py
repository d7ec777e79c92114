"""The two consoles: results go to stdout, all else to stderr, so that with `--json` stdout is JSON and nothing else."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import is_dataclass
from typing import Any, TypeVar

from rich.console import Console

T = TypeVar("T")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print the result of a command with `--json`."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=plain))


def plain(value: Any) -> Any:
    """What JSON has instead of a value: its own `as_json()`, a dataclass's fields, else its text."""
    if hasattr(value, "as_json"):
        return value.as_json()
    return dict(vars(value)) if is_dataclass(value) else str(value)


def print_result(found: T, print_it: Callable[[T], None], *, json: bool) -> None:
    """Print the result of a command as JSON, or as people read it."""
    print_json(found) if json else print_it(found)


def busy(what: str, *, quiet: bool = False) -> AbstractContextManager[Any]:
    """Show on a terminal what is going on; print nothing anywhere else."""
    return nullcontext() if quiet else err.status(what)


def duration(seconds: float) -> str:
    """A length of time as people say it: `45 s`, `7 min`, `30.0 h`, `3.8 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
