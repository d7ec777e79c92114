"""What recovery keeps between runs, as JSON files that an operator can read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signals.deploy.deployment import STACKS
from signals.local import process
from signals.stack import Stack


def folder(stack: Stack) -> Path:
    """Where a stack's recovery is written down: beside its engine's files."""
    return (process.default_home() if stack.local else STACKS / stack.name) / "recovery"


def write(stack: Stack, name: str, value: Mapping[str, Any]) -> Path:
    """Keep `value` as `<name>.json`, whole or not at all."""
    file = folder(stack) / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(value, indent=2) + "\n")
    written.replace(file)
    return file


def read(stack: Stack, name: str) -> dict[str, Any]:
    """What was kept under that name; nothing where there is none, or where a person broke it."""
    try:
        found = json.loads((folder(stack) / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def names(stack: Stack, prefix: str) -> list[str]:
    """Names that begin so, the one written last first."""
    files = sorted(folder(stack).glob(f"{prefix}*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [file.stem for file in files]
