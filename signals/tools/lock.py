"""`make lock`: every locked version and hash, from pyproject.toml, handlers/*/ and policies/*/requirements.in."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.errors import PackagingError
from components.packaging.dependencies import uv_binary

PROJECT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = "3.11"
# Wheels that only this machine or this workplace has must not get their hashes into a lock.
LOCAL_INDEXES = ("UV_FIND_LINKS", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_CONFIG_FILE")


@dataclass(frozen=True)
class Lock:
    """One locked file.

    Attributes:
        output: Its path in the project.
        source: What it is resolved from: a path in the project, or requirements as text.
        options: Further options of `uv pip compile`.
    """

    output: str
    source: str
    options: tuple[str, ...] = ()


def locks(project: Path | None = None) -> list[Lock]:
    """Every lock of a project, in the order they depend on one another."""
    project = project or PROJECT
    # A function runs in its tests what it runs in Lambda: its versions are those of the environment.
    same_versions = ("--constraints", "requirements.lock", "--no-annotate")
    found = [
        Lock("requirements.lock", "pyproject.toml", ("--extra", "dev")),
        Lock("requirements-uv.lock", "uv", same_versions),
    ]
    # The scanners, in policies, pin what they like: their environment is their own.
    for folder, options in (("handlers", same_versions), ("policies", ("--no-annotate",))):
        for path in sorted(project.glob(f"{folder}/*/requirements.in")):
            source = path.relative_to(project)
            found.append(Lock(str(source.with_suffix(".txt")), str(source), options))
    return found


def write(lock: Lock, project: Path, *, upgrade: bool) -> bool:
    """Resolve one lock again.

    Args:
        lock: Which.
        project: The folder it lies in.
        upgrade: Raise versions; otherwise those already locked stay as far as they fit.

    Returns:
        Whether its text changed.

    Raises:
        PackagingError: When nothing fits, or the registry does not answer.
    """
    path = project / lock.output
    before = path.read_text() if path.is_file() else ""
    is_file = (project / lock.source).is_file()
    command = [uv_binary(), "pip", "compile", lock.source if is_file else "-", "--output-file", lock.output]
    command += ["--universal", "--generate-hashes", "--python-version", OLDEST_PYTHON, "--python", sys.executable]
    command += ["--no-header", "--no-emit-index-url", "--no-emit-find-links", "--annotation-style", "line"]
    command += ["--no-config", "--quiet", "--color", "never", *lock.options, *(["--upgrade"] if upgrade else [])]
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_INDEXES}
    requirements = "" if is_file else lock.source
    done = subprocess.run(
        command, cwd=project, input=requirements, capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise PackagingError(f"{lock.output} cannot be resolved from {lock.source}: {' '.join(done.stderr.split())}")
    refuse_places(lock, project, before)
    return path.read_text() != before


def refuse_places(lock: Lock, project: Path, before: str) -> None:
    """Put a lock back as it was, and fail, where it says where to download from."""
    path = project / lock.output
    place = re.search(r"^.*(?:://|^-).*$", path.read_text(), re.MULTILINE)
    if place:
        path.write_text(before)
        raise PackagingError(f"{lock.output} would name a place to download from ({place.group().strip()}): remove it")


def stale(project: Path | None = None) -> list[str]:
    """Locks that no longer say what they are made from, by path; nothing in the project is touched."""
    project = project or PROJECT
    with tempfile.TemporaryDirectory(prefix="signals-lock-") as scratch:
        copy = Path(scratch)
        for name in {"pyproject.toml", *(path for lock in locks(project) for path in (lock.output, lock.source))}:
            if (project / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(project / name, copy / name)
        return [lock.output for lock in locks(project) if write(lock, copy, upgrade=False)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the locks, or with --check say which are stale (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m signals.tools.lock", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a lock is stale")
    parser.add_argument("--keep", action="store_true", help="raise no version; only take up what changed")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            outdated = stale()
            for name in outdated:
                print(f"{name} is stale: run `make lock`", file=sys.stderr)
            return 1 if outdated else 0
        for lock in locks():
            changed = write(lock, PROJECT, upgrade=not options.keep)
            print(f"{lock.output}: {'changed' if changed else 'unchanged'}")
    except PackagingError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
