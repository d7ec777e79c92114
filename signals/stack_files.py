"""The stacks' files, Pulumi.<stack>.yaml: which there are, and what is in one."""

from pathlib import Path
from typing import Any

import yaml

from signals.errors import Misuse

ROOT = Path(__file__).parents[1]


def stack_file(stack: str, root: Path | None = None) -> Path:
    """Where a stack's settings are, whether or not it exists; `root` is the folder of Pulumi.yaml."""
    return (root or ROOT) / f"Pulumi.{stack}.yaml"


def stack_names(root: Path | None = None) -> list[str]:
    """Names of the stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in (root or ROOT).glob("Pulumi.*.yaml"))


def stack_config(stack: str, root: Path | None = None) -> dict[str, Any]:
    """The mapping under `config` of a stack's file.

    Raises:
        Misuse: When there is no such stack, or its file is not YAML.
    """
    file = stack_file(stack, root)
    if not file.is_file():
        known = ", ".join(stack_names(root)) or "none"
        raise Misuse(f"there is no stack {stack!r} ({file.name} is missing): choose one of {known}")
    return read_config(file)


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
    settings = stack_config(stack).get("signals:settings")
    if not isinstance(settings, dict):
        file = stack_file(stack).name
        raise Misuse(f"{file} has no signals:settings under config: add it (Pulumi.dev.yaml is an example)")
    return settings
