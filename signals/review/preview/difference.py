"""Two values compared path by path; text that holds a JSON document (a policy, a pattern) as the document."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from signals.recording.iam import as_list

MISSING = None
Step = str | int


@dataclass(frozen=True)
class Difference:
    """One place where two values differ; None where there was, or is, nothing.

    Args:
        path: Keys and positions down to it; what stands inside a JSON document follows the property that holds it.
    """

    path: tuple[Step, ...]
    before: Any
    after: Any

    @property
    def where(self) -> str:
        """The path as one reads it: `policy.Statement[0].Action[]`."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return text.removeprefix(".").replace(".[]", "[]")


def differences(before: Any, after: Any, path: tuple[Step, ...] = (), *, in_json: bool = False) -> Iterator[Difference]:
    """Every place where two values differ, leaves only, in order of their paths."""
    if before == after:
        return
    documents = document(before), document(after)
    if any(found is not None for found in documents) and not in_json:
        texts = [value for value, found in zip((before, after), documents, strict=True) if found is None]
        if all(text is MISSING for text in texts):
            yield from differences(*documents, path, in_json=True)
            return
    if in_json and {type(before), type(after)} == {str, list}:
        # In a policy a text is a list of one.
        before, after = as_list(before), as_list(after)
    if _is(Mapping, before, after):
        one, other = before or {}, after or {}
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), (*path, key), in_json=in_json)
    elif _is(Sequence, before, after):
        yield from _lists(list(before or ()), list(after or ()), path, in_json)
    else:
        yield Difference(path, before, after)


def _is(kind: type, before: Any, after: Any) -> bool:
    """Both are of that kind, or one is and the other is missing; an empty one is a value like any other."""
    given = [value for value in (before, after) if value is not MISSING]
    return any(given) and all(isinstance(value, kind) and not isinstance(value, str) for value in given)


def document(value: Any) -> Any:
    """The JSON document that a text holds; None if it holds none."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):
            return json.loads(value)
    return None


def _lists(before: list[Any], after: list[Any], path: tuple[Step, ...], in_json: bool) -> Iterator[Difference]:
    scalars = not any(isinstance(item, Mapping | list) for item in (*before, *after))
    if in_json and scalars:
        # Neither policies nor patterns know an order.
        for item in sorted({*before, *after}, key=str):
            if (item in before) != (item in after):
                yield Difference((*path, "[]"), *((item, MISSING) if item in before else (MISSING, item)))
        return
    # What stayed, stayed, wherever it is now; the rest is compared in its order, under the position that it has.
    one, other = list(enumerate(before)), list(enumerate(after))
    if not scalars:
        one, other = [p for p in one if p[1] not in after], [p for p in other if p[1] not in before]
    for old, new in zip_longest(one, other):
        index = (new or old)[0]
        yield from differences(old[1] if old else MISSING, new[1] if new else MISSING, (*path, index), in_json=in_json)
