"""What recovery remembers between runs, as JSON files that an operator can read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signals.stack import Stack


def folder(stack: Stack) -> Path:
    """Where a stack's files are: beside its engine's."""
    return stack.aws.folder / "recovery"


def save(stack: Stack, name: str, value: Mapping[str, Any]) -> Path:
    """Write `<name>.json` atomically."""
    file = folder(stack) / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(value, indent=2) + "\n")
    written.replace(file)
    return file


def load(stack: Stack, name: str) -> dict[str, Any]:
    """What was saved under that name; empty where there is nothing, or no JSON object any more."""
    try:
        found = json.loads((folder(stack) / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def names(stack: Stack, prefix: str) -> list[str]:
    """Names that begin with a prefix, the one saved last first."""
    files = sorted(folder(stack).glob(f"{prefix}*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [file.stem for file in files]
