"""The list of faults in the code (`faults/*.yaml`), and the survivors that are explained (`explained.yaml`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Fault:
    """One text of one file, replaced by a wrong one.

    Attributes:
        id: Names it; never changed, because `explained.yaml` refers to it.
        file: The file, from the root of the tree.
        find: Text that the file has exactly once.
        replace: What is there instead.
        says: What is wrong then, as a sentence.
        tests: What pytest runs; one of these must fail.
    """

    id: str
    file: str
    find: str
    replace: str
    says: str
    tests: tuple[str, ...]

    def applied_to(self, text: str) -> str:
        """The file's text with the fault in it.

        Raises:
            ValueError: The text to replace is not there exactly once.
        """
        count = text.count(self.find)
        if count != 1:
            raise ValueError(f"{self.id}: {self.file} has {self.find!r} {count} times, and must have it once")
        return text.replace(self.find, self.replace)


@dataclass(frozen=True)
class Explanation:
    """Why some faults may survive."""

    faults: tuple[str, ...]
    reason: str

    def covers(self, fault_id: str) -> bool:
        return any(fnmatchcase(fault_id, pattern) for pattern in self.faults)


def load() -> list[Fault]:
    """Every fault in the list, by file of the list."""
    return [fault for path in sorted((HERE / "faults").glob("*.yaml")) for fault in _read(path)]


def _read(path: Path) -> list[Fault]:
    found = []
    for part in yaml.safe_load(path.read_text()):
        for given in part["faults"]:
            body: dict[str, Any] = {"tests": part.get("tests"), "file": part["file"], **given}
            tests = (body.pop("tests"),) if isinstance(body["tests"], str) else tuple(body.pop("tests"))
            found.append(Fault(tests=tests, **body))
    return found


def load_explanations() -> list[Explanation]:
    """Every explanation."""
    given = yaml.safe_load((HERE / "explained.yaml").read_text()) or ()
    return [Explanation(tuple(each["faults"]), each["reason"]) for each in given]


def shard(things: Sequence[Any], part: str) -> list[Any]:
    """The things of one shard: `2/3` is every third, from the second on.

    Raises:
        ValueError: It is not a shard.
    """
    index, _, count = part.partition("/")
    if not (index.isdigit() and count.isdigit() and 0 < int(index) <= int(count)):
        raise ValueError(f"a shard is written 1/4, not {part!r}")
    return list(things[int(index) - 1 :: int(count)])
