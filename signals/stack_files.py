"""The stacks' files, Pulumi.<stack>.yaml: which there are, and what is in one."""

from pathlib import Path
from typing import Any

import yaml

from signals.errors import Misuse

ROOT = Path(__file__).parents[1]


def stack_file(stack: str, root: Path | None = None) -> Path:
    """Where a stack's settings are; `root` is the folder of Pulumi.yaml.

    Raises:
        Misuse: When there is no such stack.
    """
    file = (root or ROOT) / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = ", ".join(stack_names(root)) or "none"
        raise Misuse(f"there is no stack {stack!r} ({file.name} is missing): choose one of {known}")
    return file


def stack_names(root: Path | None = None) -> list[str]:
    """Names of the stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in (root or ROOT).glob("Pulumi.*.yaml"))


def read_config(file: Path) -> dict[str, Any]:
    """The mapping under `config` of a file that is laid out like a stack's.

    Raises:
        Misuse: When it cannot be read.
    """
    config = read_yaml(file).get("config") or {}
    if not isinstance(config, dict):
        raise Misuse(f"{file.name}: config must be a mapping")
    return config


def read_yaml(file: Path) -> dict[str, Any]:
    """A YAML file whose document is a mapping; an empty one is an empty mapping.

    Raises:
        Misuse: When it cannot be read.
    """
    try:
        document = yaml.safe_load(file.read_text("utf-8")) or {}
    except OSError as error:
        raise Misuse(f"cannot read {file} ({error.strerror})") from None
    except yaml.YAMLError as error:
        raise Misuse(f"{file.name}: {error}") from None
    if not isinstance(document, dict):
        raise Misuse(f"{file.name}: must be a mapping")
    return document


def stack_settings(stack: str) -> dict[str, Any]:
    """The mapping under `signals:settings` of a stack's file, not validated.

    Raises:
        Misuse: When there is no such stack, or it has no settings.
    """
    file = stack_file(stack)
    settings = read_config(file).get("signals:settings")
    if not isinstance(settings, dict):
        raise Misuse(f"{file.name} has no signals:settings under config: add it (Pulumi.dev.yaml is an example)")
    return settings
