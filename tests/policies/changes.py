"""A recorded stack to break on purpose."""

from __future__ import annotations

import copy
import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from policies.view import StackView, recorded
from signals.recording.resources import Recording, Resource
from signals.recording.values import Asset


class Changes:
    """A copy of a recording whose resources can be changed by the last part of their type and their name."""

    def __init__(self, recording: Recording, scratch: Path) -> None:
        self._recording, self._scratch = recording, scratch
        self._resources = [dataclasses.replace(r, inputs=copy.deepcopy(dict(r.inputs))) for r in recording.all]

    def inputs(self, kind: str, name: str) -> dict[str, Any]:
        """The inputs of one resource, to change in place."""
        found = self._find(kind, name).inputs
        assert isinstance(found, dict)
        return found

    def policy(self, kind: str, name: str, key: str = "policy") -> _Document:
        """Its policy document as a mapping, written back at the end of a `with`."""
        return _Document(self.inputs(kind, name), key)

    def remove(self, kind: str, name: str) -> None:
        self._resources.remove(self._find(kind, name))

    def add(self, like: tuple[str, str], type: str, inputs: dict[str, Any]) -> None:
        """A resource of another type beside one that is there."""
        beside = self._find(*like)
        urn = f"{beside.urn}-added"
        added = dataclasses.replace(beside, urn=urn, name=f"{beside.name}-added", type=type, inputs=inputs)
        self._resources.append(added)

    def archive(self, function: str, change: Callable[[dict[str, bytes]], object]) -> None:
        """Change the files of a function's archive."""
        inputs = self.inputs("Function", function)
        with zipfile.ZipFile(inputs["code"].path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        change(files)
        path = self._scratch / f"{function}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        inputs["code"] = Asset("archive", path)

    @property
    def recording(self) -> Recording:
        return dataclasses.replace(self._recording, all=tuple(self._resources))

    @property
    def stack(self) -> StackView:
        return recorded(self.recording)

    def _find(self, kind: str, name: str) -> Resource:
        (found,) = [r for r in self._resources if r.type.endswith(f":{kind}") and r.name == name]
        return found


class _Document:
    def __init__(self, inputs: dict[str, Any], key: str) -> None:
        self._inputs, self._key = inputs, key

    def __enter__(self) -> list[dict[str, Any]]:
        self._document = json.loads(self._inputs[self._key])
        statements: list[dict[str, Any]] = self._document["Statement"]
        return statements

    def __exit__(self, *_: object) -> None:
        self._inputs[self._key] = json.dumps(self._document)
