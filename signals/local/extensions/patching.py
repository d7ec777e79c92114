"""Patching ministack: a module's function is replaced by name, after a check that it is the one that is expected.

A function is named with its leading parameters, as in `_put_events(data, allow_aws_source)`; anything else by its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


class PatchError(RuntimeError):
    """ministack no longer has what an extension replaces or uses."""


def replace(module: ModuleType, wanted: str, new: Callable[..., Any]) -> Callable[..., Any]:
    """Put `new` in the place of a module's function.

    Returns:
        What was there before, for an extension that adds to it.

    Raises:
        PatchError: ministack has changed; the extension must be compared with its source again.
    """
    old: Callable[..., Any] = _find(module, wanted)
    setattr(module, wanted.partition("(")[0], new)
    return old


def require(module: ModuleType, *wanted: str) -> None:
    """Raise PatchError unless the module has all of `wanted`."""
    for each in wanted:
        _find(module, each)


def _find(module: ModuleType, wanted: str) -> Any:
    name, _, parameters = wanted.rstrip(")").partition("(")
    found = getattr(module, name, None)
    if found is None:
        raise PatchError(
            f"{module.__name__}.{name} is gone: this ministack is not the one the extensions were written for"
        )
    expected = [parameter.strip() for parameter in parameters.split(",") if parameter]
    actual = list(inspect.signature(found).parameters) if expected else []
    if actual[: len(expected)] != expected:
        raise PatchError(f"{module.__name__}.{name} takes {actual}, not {expected}: compare the extension with it")
    return found
