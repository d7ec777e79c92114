"""Finds what a program worked on: where two recordings of it, with outputs spelled in two ways, are not the same."""

from collections.abc import Iterator, Mapping
from typing import Any

from signals.recording.resources import Recording, Resource
from signals.recording.values import Path_, leaves

_ABSENT = object()
_MAX_SHOWN = 60


def worked_on(recording: Recording, other: Recording) -> list[str]:
    """Each place where two recordings of one program differ, and what it does; by URN, then the stack's outputs."""
    return [*_of_resources(recording, other), *_of_values("stack output", recording.outputs, other.outputs)]


def _of_resources(recording: Recording, other: Recording) -> Iterator[str]:
    one, two = ({resource.urn: resource for resource in each.all} for each in (recording, other))
    for urn in sorted(one.keys() | two.keys()):
        if urn in one and urn in two:
            yield from _of_resource(one[urn], two[urn])
        else:
            yield f"{_name(one.get(urn) or two[urn])} is declared only if an output is of some form"


def _of_resource(one: Resource, two: Resource) -> Iterator[str]:
    yield from _of_values(f"{_name(one)}: property", one.inputs, two.inputs)
    for part in ("dependencies", "options"):
        if getattr(one, part) != getattr(two, part):
            yield f"{_name(one)}: its {part} work on an output"


def _of_values(what: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(one.keys() | two.keys()):
        if one.get(key, _ABSENT) != two.get(key, _ABSENT):
            yield f"{what} {key}{_difference(one.get(key), two.get(key))} works on an output"


def _difference(one: Any, two: Any) -> str:
    """Where in a value the first difference is, and what stands there; nothing of a secret's content."""
    there = dict(leaves(two))
    for path, leaf in leaves(one):
        if leaf != there.get(path, _ABSENT):
            return _path(path) + (f" ({leaf[:_MAX_SHOWN]!r})" if isinstance(leaf, str) else "")
    return ""


def _path(path: Path_) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


def _name(resource: Resource) -> str:
    return f"{resource.type} {resource.name!r}"
