"""Patching ministack: a module's function is replaced by name, after a check that it is the one that is expected.

A function is named with its leading parameters, as in `_put_events(data, allow_aws_source)`; anything else by its name.
What the decorators register happens in `install`, in the order of the modules' imports: an extension that extends a
function imports the extension that replaces it.
"""

import inspect
import threading
import time
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_registered: list[Callable[[], object]] = []


class PatchError(RuntimeError):
    """ministack no longer has what an extension replaces or uses."""


def install() -> None:
    """Do everything that is registered; raises PatchError where ministack has changed."""
    while _registered:
        _registered.pop(0)()


def at_installation(do: _F) -> _F:
    """Register a function that is called once, without arguments."""
    _registered.append(do)
    return do


def replaces(module: ModuleType, wanted: str) -> Callable[[_F], _F]:
    """Register the decorated function to be put in the place of a module's function."""
    return _puts(module, wanted, lambda new, _old: new)


def extends(module: ModuleType, wanted: str) -> Callable[[_F], _F]:
    """As `replaces`, for a function whose first argument is what it replaces."""
    return _puts(module, wanted, partial)


def _puts(module: ModuleType, wanted: str, made: Callable[[Any, Any], Any]) -> Callable[[_F], _F]:
    """Register what is `made` of the decorated function and of the module's own to be put in the latter's place."""

    def register(new: _F) -> _F:
        at_installation(lambda: setattr(module, wanted.partition("(")[0], made(new, _find(module, wanted))))
        return new

    return register


def every(seconds: float) -> Callable[[_F], _F]:
    """Register the decorated function to be called in the background, with a pause of `seconds` before each call."""

    def register(do: _F) -> _F:
        def keep_calling() -> None:
            while True:
                time.sleep(seconds)
                do()

        at_installation(threading.Thread(target=keep_calling, daemon=True).start)
        return do

    return register


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
