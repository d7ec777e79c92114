"""The archive of one function: the same bytes for the same input, whatever the machine, its folders and its umask."""

import base64
import functools
import hashlib
import os
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from components.errors import PackagingError
from components.packaging import dependencies as function_dependencies
from components.packaging import sources as function_sources
from components.packaging.dependencies import BuildTarget, check_compiled, declared_packages

PROJECT = Path(__file__).resolve().parents[2]
# AWS Lambda quotas, "Function configuration, deployment, and execution".
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MARK_AFTER_SECONDS = 24 * 3600
UNUSED_AFTER_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True)
class FunctionArchive:
    """A zip to deploy.

    Attributes:
        path: The archive.
        sha256_base64: Its digest as Lambda reports it (CodeSha256, `source_code_hash`).
    """

    path: Path
    sha256_base64: str


def package(
    function: str,
    *,
    runtime: str,
    architecture: Literal["arm64", "x86_64"],
    files: Mapping[str, bytes] | None = None,
    platform: Literal["lambda", "host"] = "lambda",
    cache: Path | None = None,
    handlers: Path = PROJECT / "handlers",
) -> FunctionArchive:
    """Build the archive of handlers/<function>/, or find it built.

    Args:
        function: The function's folder; with handlers/shared/ it is what the archive holds of the project.
        runtime: Lambda's name of the Python it is for, such as python3.13.
        architecture: The CPU it is for.
        files: Further files by path in the archive, such as `sources.json`.
        platform: `lambda`, or `host` for the embedded AWS, which runs functions on this machine.
        cache: Where archives are kept; by default $SIGNALS_CACHE, else .local/packages of the project.
        handlers: The folder `handlers`.

    Raises:
        PackagingError: Saying what is missing and what to do.
    """
    target = BuildTarget(runtime, architecture, platform)
    folder = handlers / function
    sources = function_sources.function_sources(function, handlers)
    lock, declared = _read(folder / "requirements.txt"), _read(folder / "requirements.in")
    extra = dict(files or {})
    cache = cache or Path(os.environ.get("SIGNALS_CACHE") or PROJECT / ".local" / "packages")

    installed = cache / f"dependencies-{_key(lock, target)}.zip"
    path = cache / f"{function}-{_key(lock, target, declared, sources, extra)}.zip"
    if not path.is_file():
        unlocked = sorted(set(declared_packages(declared)) - set(declared_packages(lock)))
        if unlocked:
            raise PackagingError(f"handlers/{function}/requirements.txt lacks {', '.join(unlocked)}: run `make lock`")
        if not installed.is_file():
            print(f"packaging {function}: installing its dependencies for {target}", file=sys.stderr, flush=True)
            _write_zip(installed, function_dependencies.install(function, lock, target))
        content = _merge(function, sources, _read_zip(installed), extra)
        _check(function, content, function_sources.required_packages(function, sources), declared, target)
        print(f"packaging {function}: {len(content)} files for {target}", file=sys.stderr, flush=True)
        _write_zip(path, content)
        _forget_unused(cache)
    return FunctionArchive(path, _digest(path, _mark_used(path)))


@functools.cache
def _digest(path: Path, modified_ns: int) -> str:  # noqa: ARG001 - it tells the cache's entries apart
    """SHA-256 of an archive, read again only when it was touched."""
    with path.open("rb") as archive:
        return base64.b64encode(hashlib.file_digest(archive, "sha256").digest()).decode()


def _mark_used(path: Path) -> int:
    """Note, once a day, that a cached file is in use; returns when (ns since the epoch)."""
    if time.time() - path.stat().st_mtime > MARK_AFTER_SECONDS:
        os.utime(path)
    return path.stat().st_mtime_ns


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _key(lock: bytes, target: BuildTarget, *more: bytes | Mapping[str, bytes]) -> str:
    """Digest of all that decides an archive's bytes; this program's own text too, so that its changes rebuild."""
    own = [Path(file).read_bytes() for file in (function_dependencies.__file__, function_sources.__file__, __file__)]
    host = f"{sys.version} {sysconfig.get_platform()}" if target.platform == "host" else ""
    ordered = [sorted(part.items()) if isinstance(part, Mapping) else part for part in more]
    return hashlib.sha256(repr((own, lock, target, host, ordered)).encode()).hexdigest()[:20]


def _merge(function: str, *parts: Mapping[str, bytes]) -> dict[str, bytes]:
    merged: dict[str, bytes] = {}
    for part in parts:
        twice = sorted(merged.keys() & part.keys())
        if twice:
            raise PackagingError(f"{function}: {twice[0]} would be in the archive twice: rename it")
        merged.update(part)
    return merged


def _check(
    function: str, content: Mapping[str, bytes], packages: Mapping[str, str], declared: bytes, target: BuildTarget
) -> None:
    check_compiled(function, content, target, signs="awscrt" in (*declared_packages(declared), *packages))
    present = {name.split("/")[0].split(".")[0] for name in content}
    for name, importer in sorted(packages.items()):
        if name not in present:
            raise PackagingError(
                f"{importer} imports {name}, which is not in the archive: list the package that holds it in "
                f"handlers/{function}/requirements.in and run `make lock`"
            )
    size = sum(map(len, content.values()))
    # Archives are stored, not compressed (see _write_zip), so that the limit of what they unpack to, 250 MB, is looser.
    if size > MAX_UPLOAD_BYTES:
        largest = sorted(content, key=lambda name: len(content[name]), reverse=True)[:3]
        raise PackagingError(
            f"{function}: {size / 2**20:.0f} MB are more than the {MAX_UPLOAD_BYTES / 2**20:.0f} MB that Lambda takes "
            f"in an upload: drop a dependency; the largest files are {', '.join(largest)}"
        )


def _write_zip(path: Path, content: Mapping[str, bytes]) -> None:
    """Write sorted entries with nothing of this machine in them; atomically, so that builds may run concurrently.

    Entries are stored: deflate gives other bytes with zlib, zlib-ng and Apple's library, and with each of their
    versions, so that a compressed archive would change with the machine.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, body in sorted(content.items()):
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.create_system = 3  # Unix: the permissions below are read
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, body)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read_zip(path: Path) -> dict[str, bytes]:
    _mark_used(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _forget_unused(cache: Path) -> None:
    """Remove what no build has used for two weeks; every build marks what it uses."""
    for path in [*cache.glob("*.zip"), *cache.glob(".*.zip.*")]:
        with suppress(FileNotFoundError):  # a concurrent build may have removed it
            if time.time() - path.stat().st_mtime > UNUSED_AFTER_SECONDS:
                path.unlink()
