"""Functions whose code changes, and the files of the archive that make it change."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from components.resource_types import FUNCTION
from signals.review.preview.changes import ResourceChange
from signals.review.preview.snapshot import Snapshot

Files = Mapping[str, str]
# Packages carry their version in the name of a folder.
_VERSION = re.compile(r"(?P<name>[^/]+?)-(?P<version>\d[^/]*)\.dist-info/")


@dataclass(frozen=True)
class CodeChange:
    """The archive of one or more functions.

    Args:
        functions: Logical names of those that carry it.
        added, changed, removed: The project's own files in the archive.
        packages: Dependencies, as `name before -> after`. All are empty if an archive is not in the cache.
    """

    functions: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    packages: tuple[str, ...]


def compare(base: Snapshot, head: Snapshot, changes: list[ResourceChange]) -> list[CodeChange]:
    """What changes in the functions' archives, once for each pair of archives."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        if change.type == FUNCTION and change.action == "changed":
            for difference in (p.difference for p in change.properties):
                if difference.path == ("code", "sha256"):
                    pairs.setdefault((difference.before, difference.after), []).append(change.name)
    found = [
        _compare(base.archives.get(before), head.archives.get(after), tuple(sorted(names)))
        for (before, after), names in pairs.items()
    ]
    return sorted(found, key=lambda change: change.functions)


def _compare(before: Files | None, after: Files | None, functions: tuple[str, ...]) -> CodeChange:
    if before is None or after is None:
        return CodeChange(functions, (), (), (), ())
    ours = {name for name in before.keys() | after.keys() if name.startswith("handlers/") or "/" not in name}
    one, other = _packages(before), _packages(after)
    packages = [
        f"{n} {one.get(n, 'none')} -> {other.get(n, 'none')}" for n in one | other if one.get(n) != other.get(n)
    ]
    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    theirs = {name.split("/")[0] for name in (before.keys() | after.keys()) - ours - same if "dist-info" not in name}
    named = {text.split()[0].lower().replace("-", "_") for text in packages}
    packages += [f"{name}: its files" for name in theirs if name.lower() not in named and not packages]
    return CodeChange(
        functions,
        added=tuple(sorted(ours & (after.keys() - before.keys()))),
        changed=tuple(sorted(ours & before.keys() & after.keys() - same)),
        removed=tuple(sorted(ours & (before.keys() - after.keys()))),
        packages=tuple(sorted(packages)),
    )


def _packages(files: Files) -> dict[str, str]:
    return {match["name"]: match["version"] for name in files if (match := _VERSION.match(name))}
