"""Which files of handlers/ one function needs: what its handler module imports, and the data beside it."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from components.errors import PackagingError

ROOT_PACKAGE = "handlers"
# Lambda's managed Python holds the AWS SDK and what it needs (Lambda Developer Guide, "Building Lambda functions with
# Python"); awscrt, an extra of botocore, is not among it.
RUNTIME_PACKAGES = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"})


@dataclass(frozen=True)
class FunctionSources:
    """What a function takes from the project.

    Attributes:
        files: Contents by path in the archive (`handlers/ingest/handler.py`).
        packages: Top-level packages that must come from elsewhere, each with a file that imports it.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)


def function_sources(function: str, handlers: Path) -> FunctionSources:
    """Follow the imports of handlers/<function>/handler.py.

    Args:
        function: The function's folder.
        handlers: The folder `handlers` itself.

    Raises:
        PackagingError: When a module that is imported does not exist or may not be shipped.
    """
    sources = FunctionSources()
    pending = [f"{ROOT_PACKAGE}.{function}.handler"]
    while pending:
        module = pending.pop()
        path = _module_path(module, handlers)
        if path is None:
            raise PackagingError(f"there is no {module.replace('.', '/')}.py: write it, or correct what imports it")
        name = _archive_name(path, handlers)
        if name in sources.files:
            continue
        sources.files[name] = path.read_bytes()
        for parent in _parents(module):
            if _module_path(parent, handlers) is not None:
                pending.append(parent)
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for candidates in _imports(sources.files[name], package, path):
            top = candidates[0].partition(".")[0]
            if top in ("components", "signals"):
                raise PackagingError(
                    f"{name} imports {top}, but functions are shipped without it: move it to handlers/"
                )
            if top == ROOT_PACKAGE:
                pending.append(_existing(candidates, handlers, name))
            elif top not in sys.stdlib_module_names | RUNTIME_PACKAGES:
                sources.packages.setdefault(top, name)
    for folder in {(handlers.parent / name).parent for name in sources.files} - {handlers}:
        sources.files.update((_archive_name(path, handlers), path.read_bytes()) for path in _data_files(folder))
    return sources


def _existing(candidates: tuple[str, ...], handlers: Path, importer: str) -> str:
    """The first candidate that is a module: `from a import b` means module a.b, or the name b in module a."""
    for candidate in candidates:
        if _module_path(candidate, handlers) is not None:
            return candidate
    raise PackagingError(f"{importer} imports {candidates[0]}, which does not exist: write it or remove the import")


def _module_path(module: str, handlers: Path) -> Path | None:
    base = handlers.parent.joinpath(*module.split("."))
    for path in (base / "__init__.py", base.with_name(base.name + ".py")):
        if path.is_file():
            return path
    return None


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _archive_name(path: Path, handlers: Path) -> str:
    return path.relative_to(handlers.parent).as_posix()


def _data_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        ours = path.suffix in (".py", ".pyc", ".md") or path.name.startswith((".", "requirements."))
        if path.is_file() and not ours:
            yield path


@functools.cache
def _imports(source: bytes, package: str, path: Path) -> tuple[tuple[str, ...], ...]:
    """Each imported name as its possible modules, longest first; what only a type checker reads is left out."""
    try:
        pending: list[ast.AST] = [ast.parse(source, filename=str(path))]
    except SyntaxError as error:
        raise PackagingError(f"{path}, line {error.lineno}: {error.msg}: correct it") from error
    imported: list[tuple[str, ...]] = []
    holders = (ast.stmt, ast.excepthandler, ast.match_case)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).removeprefix("typing.") == "TYPE_CHECKING":
            pending.extend(node.orelse)
            continue
        pending.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, holders))
        if isinstance(node, ast.Import):
            imported += [(alias.name,) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                inner = package.split(".")
                up = inner[: len(inner) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            imported += [(f"{base}.{alias.name}", base) for alias in node.names]
    return tuple(imported)
