"""A configuration on disk."""

import json
import shutil
from pathlib import Path
from typing import Any

from signals.errors import TerraformError
from signals.recording.resources import Recording
from signals.terraform.emit import GENERATOR, Backend, emit

MAIN = "main.tf.json"


def write(recording: Recording, out: Path, backend: Backend | None = None) -> list[Path]:
    """Write a stack's Terraform configuration into a folder, in place of what an earlier call wrote there.

    Args:
        recording: The stack.
        out: The folder; it may hold more, which is left alone.
        backend: Where Terraform keeps its state; none: in the folder.

    Returns:
        The files of the configuration, main.tf.json first.

    Raises:
        TerraformError: If the stack has no counterpart, or the folder has a main.tf.json of another origin.
    """
    configuration = emit(recording, backend)
    main = out / MAIN
    stale = set(_owned(main)) - configuration.files.keys()
    for place in configuration.files:
        (out / place).parent.mkdir(parents=True, exist_ok=True)
    for place, source in configuration.files.items():
        shutil.copyfile(source, out / place)
    for place in sorted(stale):
        (out / place).unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    main.write_text(configuration.text(), "utf-8")
    return [main, *(out / place for place in configuration.files)]


def _owned(main: Path) -> list[str]:
    """The files that an earlier call put beside main.tf.json."""
    if not main.exists():
        return []
    try:
        mark: Any = json.loads(main.read_text("utf-8"))["//"]
        if mark["generator"] == GENERATOR:
            return [
                place for place in mark["files"] if place.startswith(("functions/", "files/")) and ".." not in place
            ]
    except (ValueError, KeyError, TypeError):
        pass
    raise TerraformError(f"{main} was not written by `{GENERATOR}`: choose another folder, or remove it")
