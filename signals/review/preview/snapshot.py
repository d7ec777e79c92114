"""The stack that a tree declares, recorded in a process of its own with that tree's own code.

What is relied on in that tree is a contract, not a module: `signals record --stack S` prints the recording as JSON,
wherever the command and the recorder behind it are, and archives are in the folder that SIGNALS_CACHE names.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.errors import PlatformError
from signals.errors import Failed, Misuse
from signals.stack_files import read_config, stack_file

DEFAULT_BASES = ("origin/main", "main", "HEAD")
# Runs a console script by its entry point, as an installed one would (Python Packaging User Guide, "Entry points").
_RUN = "import importlib, sys; m, f, *sys.argv = sys.argv[1:]; sys.exit(getattr(importlib.import_module(m), f)())"
# Everything else belongs to a provider. What is not known is taken for a resource, so that it is compared.
_COMPONENTS = ("signals:", "pulumi:pulumi:")


class NotCompared(Failed):
    """The base has a stack, or may have one, that cannot be read: nothing can be said about what changes."""


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


def is_custom(resource: Mapping[str, Any]) -> bool:
    """Whether a provider manages the resource; a component only groups others."""
    return not resource["type"].startswith(_COMPONENTS)


def work_tree(stack: str, root: Path) -> Snapshot:
    """The stack as it is on disk, whatever is committed.

    Raises:
        Misuse: There is no such stack.
        Failed: It cannot be recorded.
    """
    read_config(stack_file(stack, root))
    commit = _git(root, "rev-parse", "--short", "HEAD", check=False)
    title = f"the work tree, at {commit}" if commit else "the work tree"
    if commit and _git(root, "status", "--porcelain", "--", ".", check=False):
        title += " with changes that are not committed"
    return _record(stack, root, root, title)


def base(stack: str, root: Path, revision: str | None) -> Snapshot:
    """The stack where this branch left `revision`; empty, with a note, if there verifiably was none.

    Args:
        stack: Its name now.
        root: The project's folder in the work tree.
        revision: Anything git understands; None for the main branch.

    Raises:
        Misuse: There is no git repository, or no such revision.
        NotCompared: There is, or may be, a stack at the base, and it cannot be recorded.
    """
    commit, title = _commit(root, revision)
    if commit is None:
        return Snapshot("nothing", notes=("There is no commit to compare with: everything is new.",))
    prefix = _git(root, "rev-parse", "--show-prefix")
    files = _git(root, "ls-tree", "-r", "--name-only", "--full-tree", "-z", commit).split("\0")
    if not any(Path(file).name == "Pulumi.yaml" for file in files):
        return Snapshot(title, notes=(f"{title} has no Pulumi program: everything is new.",))
    if f"{prefix}Pulumi.yaml" not in files:
        raise NotCompared(f"{title} has its program in another folder than {prefix or 'the top'}")
    name, notes = stack, list[str]()
    if f"{prefix}Pulumi.{stack}.yaml" not in files:
        former = _former_name(root, commit, stack)
        if former is None:
            return Snapshot(title, notes=(f"{title} has no stack {stack}: everything is new.",))
        name = former
        notes.append(f"The stack was called {name}: without `pulumi stack rename {stack}` everything would be new.")
    with _extracted(root, f"{commit}:{prefix}") as tree:
        try:
            return _record(name, tree, root, title, *notes)
        except PlatformError as error:
            raise NotCompared(str(error)) from None


def _record(stack: str, tree: Path, root: Path, title: str, *notes: str) -> Snapshot:
    """Run `signals record` of a tree in that tree."""
    # Archives come from the work tree's cache, so that the base's dependencies are not installed each time.
    cache = Path(os.environ.get("SIGNALS_CACHE") or root / ".local" / "packages").absolute()
    environment = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "SIGNALS_CACHE": str(cache)}
    process = subprocess.run(
        [sys.executable, "-P", "-c", _RUN, *_entry_point(tree, title), "signals", "record", "--stack", stack],
        cwd=tree,
        env={**os.environ, **environment, "COLUMNS": "1000"},  # so wide that no error is wrapped
        capture_output=True,
        text=True,
        check=False,
    )
    reason = _last_line(process.stderr) or f"exit code {process.returncode}"
    try:
        found = {plain_urn(resource["urn"]): resource for resource in json.loads(process.stdout)["resources"]}
    except (ValueError, KeyError, TypeError):
        found = {}
    if process.returncode or not found:
        raise Failed(f"the stack {stack} cannot be recorded at {title}: {reason.replace(str(tree), '.')}")
    return Snapshot(title, found, _archives(found, cache), read_config(stack_file(stack, tree)), notes)


def _entry_point(tree: Path, title: str) -> list[str]:
    """Module and function of a tree's `signals` command; the module must be in that tree, not in this environment."""
    try:
        named = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]["signals"]
        module, function = named.split(":")
    except (OSError, KeyError, ValueError):
        raise Failed(f"{title} has no `signals` command: its pyproject.toml names none") from None
    path = tree.joinpath(*module.split("."))
    if not (path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()):
        raise Failed(f"{title} has no `signals` command: {module} is missing")
    return [module, function]


def _last_line(stderr: str) -> str:
    """What a command wrote last: the error, which typer puts in a frame and Python below a traceback."""
    lines = [line.strip("│╭╮╰╯─ \t") for line in stderr.splitlines()]
    return next((line.removeprefix("signals: ") for line in reversed(lines) if line), "")


def _archives(resources: Mapping[str, Mapping[str, Any]], cache: Path) -> dict[str, dict[str, str]]:
    """Digest of each file of each function archive that is in the cache, by the archive's digest."""
    found = {}
    for resource in resources.values():
        for value in resource["inputs"].values():
            if isinstance(value, Mapping) and "archive" in value and (cache / value["archive"]).is_file():
                with zipfile.ZipFile(cache / value["archive"]) as archive:
                    names = archive.namelist()
                    found[value["sha256"]] = {n: hashlib.sha256(archive.read(n)).hexdigest() for n in names}
    return found


def _commit(root: Path, revision: str | None) -> tuple[str | None, str]:
    """Where this branch and a revision parted, and what to call it."""
    if not _git(root, "rev-parse", "--git-dir", check=False):
        raise Misuse(f"{root} is not in a git repository: there is nothing to compare with")
    for name in [revision] if revision else DEFAULT_BASES:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", check=False)
        if commit:
            commit = _git(root, "merge-base", commit, "HEAD", check=False) or commit
            return commit, f"{name} ({commit[:7]})"
    if revision:
        raise Misuse(f"git knows no revision {revision!r}: fetch it, or name another with --base")
    return None, ""


def _former_name(root: Path, commit: str, stack: str) -> str | None:
    """What a stack was called if its file was renamed since; None if it is new.

    Raises:
        NotCompared: Another stack's file is gone, and git does not take this one for it.
    """
    changed = _git(root, "diff", "--find-renames=50%", "--diff-filter=DR", "--name-status", "--relative", commit)
    gone = []
    for line in changed.splitlines():
        _, before, *after = line.split("\t")
        if match := re.fullmatch(r"Pulumi\.(.+)\.yaml", before):
            if after == [f"Pulumi.{stack}.yaml"]:
                return match[1]
            gone += [] if after else [before]
    if gone:
        raise NotCompared(
            f"the stack {stack} may be new or may be one that was renamed, since {', '.join(gone)} is gone: "
            "rename a stack in one change and edit its settings in another"
        )
    return None


@contextmanager
def _extracted(root: Path, tree: str) -> Iterator[Path]:
    """A tree of git in a temporary folder: unlike a worktree, it leaves nothing in .git if the process is killed."""
    archive = subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", tree], capture_output=True, check=False
    )
    if archive.returncode != 0:
        raise NotCompared(f"git cannot read {tree}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory(prefix="signals-preview-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder)


def _git(root: Path, *arguments: str, check: bool = True) -> str:
    try:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Failed("git is not installed: install it, then run this again") from None
    if result.returncode != 0:
        if check:
            raise Failed(f"git {arguments[0]}: {result.stderr.strip()}")
        return ""
    return result.stdout.strip()
