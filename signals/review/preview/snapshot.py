"""The stack as a tree declares it, recorded in a process of its own with that tree's own code."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from signals.errors import Failed, Misuse

CHILD = Path(__file__).with_name("child.py")
DEFAULT_BASES = ("origin/main", "main", "HEAD")


@dataclass(frozen=True)
class Snapshot:
    """A stack at one moment.

    Args:
        title: What it is of, for people: `main (1a2b3c4)`, `the work tree`.
        resources: Every resource as `signals record` prints it, by URN without stack and project.
        archives: Digest of each file of each function archive, by the archive's own digest.
        settings: The stack's config.
        notes: What a reader must know of it.
    """

    title: str
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    archives: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def plain_urn(urn: str) -> str:
    """A URN without stack and project, which may be renamed (`pulumi stack rename` keeps the resources)."""
    return re.sub(r"^urn:pulumi:[^:]*::[^:]*::", "", urn)


def work_tree(stack: str, root: Path) -> Snapshot:
    """The stack as it is on disk, whatever is committed."""
    if not (root / f"Pulumi.{stack}.yaml").is_file():
        known = ", ".join(sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml")))
        raise Misuse(f"there is no stack {stack!r} (Pulumi.{stack}.yaml is missing): choose one of {known}")
    dirty = bool(_git(root, "status", "--porcelain", "--", ".", check=False))
    head = _git(root, "rev-parse", "--short", "HEAD", check=False)
    title = (
        f"the work tree, at {head}{' with changes that are not committed' if dirty else ''}"
        if head
        else "the work tree"
    )
    return _snapshot(stack, root, root, title)


def base(stack: str, root: Path, revision: str | None) -> Snapshot:
    """The stack where this branch left `revision`, or as little of it as there was.

    Args:
        stack: Its name now.
        root: The project's folder in the work tree.
        revision: Anything git understands; None for the main branch.

    Raises:
        Misuse: git knows no such revision.
        Failed: The program there cannot be recorded.
    """
    commit, title = _commit(root, revision)
    if commit is None:
        return Snapshot("nothing", notes=("There is no commit to compare with: everything is new.",))
    with _extracted(root, commit) as tree:
        if not (tree / "__main__.py").is_file():
            return Snapshot(title, notes=(f"{title} has no program: everything is new.",))
        name = stack
        notes: tuple[str, ...] = ()
        if not (tree / f"Pulumi.{stack}.yaml").is_file():
            found = _former_name(root, commit, stack)
            if found is None:
                return Snapshot(title, notes=(f"{title} has no stack {stack}: everything is new.",))
            name = found
            notes = (f"The stack was called {name}: without `pulumi stack rename {stack}` everything would be new.",)
        return _snapshot(name, tree, root, title, notes)


def _snapshot(stack: str, tree: Path, root: Path, title: str, notes: tuple[str, ...] = ()) -> Snapshot:
    with tempfile.TemporaryDirectory(prefix="signals-preview-") as folder:
        out = Path(folder, "recording.json")
        # Archives come from the work tree's cache, so that the base's dependencies are not installed each time.
        cache = os.environ.get("SIGNALS_CACHE") or str(root / ".local" / "packages")
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "SIGNALS_CACHE": cache}
        process = subprocess.run(
            [sys.executable, "-P", str(CHILD), stack, str(out)],
            cwd=tree,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if not out.is_file():
            last = (process.stderr.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
            raise Failed(f"the stack {stack} cannot be recorded at {title}: {last}")
        recorded = json.loads(out.read_text("utf-8"))
    if "error" in recorded:
        if recorded.get("expected"):
            return Snapshot(title, notes=(*notes, f"{title}: {recorded['error']}, so that everything counts as new."))
        reason = recorded["error"].replace(str(tree), ".")
        raise Failed(f"the stack {stack} cannot be recorded at {title}: {reason}")
    config = (yaml.safe_load((tree / f"Pulumi.{stack}.yaml").read_text("utf-8")) or {}).get("config") or {}
    resources = {plain_urn(resource["urn"]): resource for resource in recorded["resources"]}
    return Snapshot(title, resources, recorded["archives"], config, notes)


def _commit(root: Path, revision: str | None) -> tuple[str | None, str]:
    """Where this branch and a revision parted, and what to call it."""
    for name in [revision] if revision else DEFAULT_BASES:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", check=False)
        if commit:
            commit = _git(root, "merge-base", commit, "HEAD", check=False) or commit
            return commit, f"{name} ({commit[:7]})"
    if revision:
        raise Misuse(f"git knows no revision {revision!r}: fetch it, or name another with --base")
    return None, ""


def _former_name(root: Path, commit: str, stack: str) -> str | None:
    """What a stack was called, if its file was renamed since."""
    renamed = _git(root, "diff", "--find-renames=50%", "--diff-filter=R", "--name-status", commit, "--", ".")
    for line in renamed.splitlines():
        _, before, after = line.split("\t")
        match = re.fullmatch(r"Pulumi\.(.+)\.yaml", Path(before).name)
        if match and Path(after).name == f"Pulumi.{stack}.yaml":
            return match[1]
    return None


@contextmanager
def _extracted(root: Path, commit: str) -> Iterator[Path]:
    """The project at a commit, in a temporary folder: unlike a worktree, it leaves nothing in .git if we are killed."""
    prefix = _git(root, "rev-parse", "--show-prefix")
    archive = subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", f"{commit}:{prefix}"], capture_output=True, check=False
    )
    if archive.returncode != 0:
        raise Failed(f"git cannot read {commit[:7]}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory(prefix="signals-preview-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder)


def _git(root: Path, *arguments: str, check: bool = True) -> str:
    result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        if check:
            raise Failed(f"git {arguments[0]}: {result.stderr.strip()}")
        return ""
    return result.stdout.strip()
