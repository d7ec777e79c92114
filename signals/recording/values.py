"""The values of a recording, and the walks over them: nested mappings and lists whose strings may hold references.

A reference is the token `<<output TYPE::NAME#PATH>>` of `components.parts.references`, alone or inside a longer string
or a JSON document. Everything that looks for references, or puts something in their place, does it with these.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from components.parts.references import TOKEN, Reference

Path_ = tuple[str | int, ...]


@lru_cache(maxsize=256)
def _sha256(path: Path, _modified_ns: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Asset:
    """A file (`kind` "asset") or an archive (`kind` "archive") that an input carries."""

    kind: str
    path: Path

    @property
    def sha256(self) -> str:
        """Digest of the file, in hex."""
        stat = self.path.stat()
        return _sha256(self.path, stat.st_mtime_ns, stat.st_size)

    def to_json(self) -> dict[str, str]:
        """Name and digest, which are the same on every machine; the folder is not."""
        return {self.kind: self.path.name, "sha256": self.sha256}


@dataclass(frozen=True)
class Secret:
    """A value that Pulumi would encrypt in its state; its JSON form leaves it out."""

    value: Any

    def to_json(self) -> dict[str, bool]:
        return {"secret": True}


def leaves(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Everything in a value that is no mapping and no list, with the keys and positions that lead to it."""
    match value:
        case Mapping():
            for key, item in value.items():
                yield from leaves(item, (*path, key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from leaves(item, (*path, index))
        case _:
            yield path, value


def with_leaves(value: Any, change: Callable[[Any], Any], change_key: Callable[[str], str] = str) -> Any:
    """A copy of a value with `change` applied to everything that is no mapping and no list; mappings sorted by key."""
    match value:
        case Mapping():
            return {change_key(key): with_leaves(value[key], change, change_key) for key in sorted(value)}
        case list() | tuple():
            return [with_leaves(item, change, change_key) for item in value]
    return change(value)


def references_in(text: Any) -> Iterator[Reference]:
    """The references in a string; none in anything else."""
    if isinstance(text, str) and "<<output " in text:
        yield from (Reference(**match.groupdict()) for match in TOKEN.finditer(text))


def find_references(value: Any) -> Iterator[Reference]:
    """Every reference in the strings of a value, those of keys and secrets included."""
    for path, leaf in leaves(value):
        for key in path:
            yield from references_in(key)
        yield from find_references(leaf.value) if isinstance(leaf, Secret) else references_in(leaf)


def substitute(value: Any, replace: Callable[[Reference], str]) -> Any:
    """A copy of a value with `replace(reference)` in place of every reference in its strings."""

    def change(leaf: Any) -> Any:
        if isinstance(leaf, str) and "<<output " in leaf:
            return TOKEN.sub(lambda match: replace(Reference(**match.groupdict())), leaf)
        return leaf

    return with_leaves(value, change, change)


def plain(value: Any) -> Any:
    """A copy of a value with secrets opened."""
    return with_leaves(value, lambda leaf: plain(leaf.value) if isinstance(leaf, Secret) else leaf)


def to_json(value: Any) -> Any:
    """A value as plain data, the same on every machine."""
    return with_leaves(value, lambda leaf: leaf.to_json() if isinstance(leaf, Asset | Secret) else leaf)
