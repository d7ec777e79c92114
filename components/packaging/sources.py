"""What a function takes from the project: its own folder of handlers/, and handlers/shared/."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.util import resolve_name
from itertools import accumulate
from pathlib import Path

from components.errors import PackagingError

ROOT_PACKAGE = "handlers"
# Lambda's managed Python holds the AWS SDK and what it needs (Lambda Developer Guide, "Building Lambda functions with
# Python"); awscrt, an extra of botocore, is not among it.
RUNTIME_PACKAGES = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"})

# What a person, an editor or an interpreter leaves in a folder.
_LEFT_OVER = re.compile(
    r"(^|/)(\.|#|requirements\.|(__pycache__|htmlcov|node_modules|tests|[^/]+\.egg-info)/)"
    r"|(^|/)(test_[^/]*\.py|conftest\.py|core|nohup\.out|Thumbs\.db|desktop\.ini)$"
    r"|(^|/)[^/]*( copy| \(\d+\))[^/]*$"
    r"|(~|\.(bak|backup|diff|log|md|old|orig|part|patch|pid|pyc|pyo|rej|save|sw[a-p]|temp|tmp))$"
)


def function_sources(function: str, handlers: Path) -> dict[str, bytes]:
    """The files of one function and of what functions share, by path in the archive (`handlers/ingest/handler.py`).

    Args:
        function: The function's folder.
        handlers: The folder `handlers` itself.

    Raises:
        PackagingError: There is no such function.
    """
    if not (handlers / function / "handler.py").is_file():
        raise PackagingError(f"there is no {ROOT_PACKAGE}/{function}/handler.py: write it")
    found = [handlers / "__init__.py", *(handlers / function).rglob("*"), *(handlers / "shared").rglob("*")]
    paths = {path.relative_to(handlers.parent).as_posix(): path for path in sorted(found) if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if not _LEFT_OVER.search(name)}


def required_packages(function: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Top-level packages that the archive needs from elsewhere, each with a file that imports it.

    What handlers/<function>/handler.py imports is followed, so that a shared module asks for its packages only where it
    is used. Parsed here: the standard library's modulefinder would ask for what only a type checker imports.

    Args:
        function: The function's folder.
        files: What `function_sources` found.

    Raises:
        PackagingError: For an import that cannot work in Lambda.
    """
    packages: dict[str, str] = {}
    pending, followed = [f"{ROOT_PACKAGE}/{function}/handler.py"], set()
    while pending:
        importer = pending.pop()
        if importer in followed:
            continue
        followed.add(importer)
        for module, names in _imports(importer, files[importer]):
            top = module.partition(".")[0]
            if top in ("components", "signals"):
                raise PackagingError(
                    f"{importer} imports {top}, but functions are shipped without it: move it to handlers/"
                )
            if top == ROOT_PACKAGE:
                if not _file_of(module, files):
                    raise PackagingError(
                        f"{importer} imports {module}, which is neither in handlers/{function}/ nor in "
                        "handlers/shared/: move it there, or correct the import"
                    )
                used = [*accumulate(module.split("."), "{}.{}".format), *(f"{module}.{name}" for name in names)]
                pending += [file for name in used if (file := _file_of(name, files))]
            elif top not in sys.stdlib_module_names | RUNTIME_PACKAGES:
                packages.setdefault(top, importer)
    return packages


def _file_of(module: str, files: Mapping[str, bytes]) -> str | None:
    base = module.replace(".", "/")
    return next((name for name in (f"{base}.py", f"{base}/__init__.py") if name in files), None)


def _imports(name: str, source: bytes) -> Iterator[tuple[str, list[str]]]:
    """Each module that a file imports, with what it imports from it; what only a type checker reads is left out."""
    try:
        pending: list[ast.AST] = [ast.parse(source, filename=name)]
    except SyntaxError as error:
        raise PackagingError(f"{name}, line {error.lineno}: {error.msg}: correct it") from error
    while pending:
        match pending.pop():
            case ast.If(test=ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), orelse=otherwise):
                pending += otherwise
            case ast.Import(names=aliases):
                yield from ((alias.name, []) for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                package = name.rpartition("/")[0].replace("/", ".")
                yield resolve_name("." * level + (module or ""), package), [alias.name for alias in aliases]
            case node:
                pending += ast.iter_child_nodes(node)
