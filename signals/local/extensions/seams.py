"""Where an extension takes hold of ministack: a module's function, replaced by name and checked before."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


class SeamGoneError(RuntimeError):
    """ministack no longer has what an extension replaces."""


def replace(module: ModuleType, name: str, parameters: tuple[str, ...], new: Callable[..., Any]) -> Callable[..., Any]:
    """Put `new` in the place of `module.name`, whose leading parameters must be `parameters`.

    Returns:
        What was there before, for an extension that adds to it.

    Raises:
        SeamGoneError: ministack has changed; the extension must be read again against its source.
    """
    old = require(module, name, parameters)
    setattr(module, name, new)
    return old


def require(module: ModuleType, name: str, parameters: tuple[str, ...] | None = None) -> Any:
    """`module.name`, which must exist and, if it is a function, take `parameters` first."""
    found = getattr(module, name, None)
    if found is None:
        raise SeamGoneError(
            f"{module.__name__}.{name} is gone: this ministack is not the one the extensions were written for"
        )
    if parameters is not None:
        actual = tuple(inspect.signature(found).parameters)
        if actual[: len(parameters)] != parameters:
            raise SeamGoneError(f"{module.__name__}.{name} takes {actual}, not {parameters}: read the extension again")
    return found
