"""What AWS does and ministack does not, each in a module of its own; see their docstrings."""

import pkgutil
from importlib import import_module


def install() -> None:
    """Install every extension; raises PatchError where ministack is not the one they were written for."""
    from signals.local.extensions import patching

    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    patching.install()
