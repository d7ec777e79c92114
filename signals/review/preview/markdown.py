"""A preview as Markdown, for a comment on a pull request.

Whatever comes from the program is put in code spans and fences that it cannot close: a pull request must not be able
to write a mention, a link or an image into a comment of this repository.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from signals.recording.values import substitute
from signals.review.preview.access import AccessChange, Grant
from signals.review.preview.changes import ResourceChange
from signals.review.preview.code import CodeChange
from signals.review.preview.preview import Preview

_SIGNS = {"added": "+", "changed": "~", "renamed": "=", "removed": "-"}
_KINDS = {"role": "what the role {} may do", "trust": "who may assume the role {}", "resource": "who may use {}"}
# A comment holds 65,536 characters (GitHub REST API, "Create an issue comment"); the rest is in the JSON.
MAX_CHARACTERS = 60_000
_MAX_VALUE = 300


def render(preview: Preview) -> str:
    """The whole comment."""
    text = "\n".join(_lines(preview))
    if len(text) <= MAX_CHARACTERS:
        return text
    kept = text[:MAX_CHARACTERS].rpartition("\n")[0]
    fence = "\n```" if kept.count("\n```") % 2 else ""
    folds = "\n</details>" * (kept.count("<details>") - kept.count("</details>"))
    return f"{kept}{fence}{folds}\n\nThe rest is cut off: `signals preview --stack {preview.stack}` shows all.\n"


def _lines(preview: Preview) -> Iterator[str]:
    yield f"## Preview of {_code(preview.stack)}\n"
    yield f"{_code(preview.base)} → {_code(preview.head)}\n"
    if not preview.compared:
        yield "> [!CAUTION]"
        yield "> **Not compared.** Whether resources or data would be lost is not known:"
        yield from (f"> {_plain(note)}" for note in preview.notes)
        return
    yield f"{_summary(preview)}\n"
    for note in preview.notes:
        yield f"> {_plain(note)}\n"
    if preview.losses:
        yield "> [!CAUTION]"
        yield "> **Data would be lost.** These are replaced or removed, and what they hold goes with them:"
        yield from (f"> - {_title(change)}: {change.holds_data}{_protected(change)}" for change in preview.losses)
        yield ""
    yield from _section("Replaced", _replaced(preview.resources))
    unknown = [(change, p.difference.where) for change in preview.resources for p in change.unknown]
    effects = (f"- {_title(change)}: {_code(where)}, whose effect no source documents" for change, where in unknown)
    yield from _section("Not known whether replaced", effects)
    yield from _section("Access widened", _access(preview.access, "widened", allow="+", deny="-"))
    yield from _section("Access narrowed", _access(preview.access, "narrowed", allow="-", deny="+"))
    uncompared = [_KINDS[c.kind].format(_code(c.subject)) for c in preview.access if c.uncompared]
    by_hand = (f"- {subject}: a statement with a Not… element changed" for subject in uncompared)
    yield from _section("Access to review by hand", by_hand)
    yield from _section("Function code", _functions(preview.code))
    if preview.settings:
        yield "### Settings\n"
        yield from _fenced((d.where, d.before, d.after) for d in preview.settings)
    yield from _resources(preview.resources)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """What stands under a title; without it there is no title either."""
    found = list(lines)
    if found:
        yield from (f"### {title}\n", *found, "")


def _replaced(found: Iterable[ResourceChange]) -> Iterator[str]:
    for change in found:
        if change.replaced:
            yield f"- {_title(change)}"
            yield from (f"  - {_reason(reason)}" for reason in change.replaced)


def _summary(preview: Preview) -> str:
    if not preview.resources and not preview.settings:
        return "**Nothing changes.**"
    actions = [change.action for change in preview.resources]
    replaced = sum(bool(change.replaced) for change in preview.resources)
    counts = [f"{actions.count(action)} {action}" for action in _SIGNS if action in actions]
    return ", ".join([*counts, *([f"**{replaced} of them replaced**"] if replaced else [])]) or "No resource changes."


def _title(change: ResourceChange) -> str:
    former = f" (was {_code(change.former_name)})" if change.former_name else ""
    where = f" in {change.region}" if change.region else ""
    return f"{_code(change.type.rpartition(':')[2])} {_code(change.name)}{former}{where}"


def _protected(change: ResourceChange) -> str:
    return ". It is protected: the engine will refuse" if change.protected else ""


def _reason(text: str) -> str:
    quoted = re.match(r"`([^`]*)`(.*)", text, re.DOTALL)
    return f"{_code(quoted[1])}{_plain(quoted[2])}" if quoted else _plain(text)


def _access(found: Iterable[AccessChange], side: str, *, allow: str, deny: str) -> Iterator[str]:
    for change in found:
        grants: tuple[Grant, ...] = getattr(change, side)
        if grants:
            yield f"- {_KINDS[change.kind].format(_code(change.subject))}"
            yield from _fence([f"{allow if g.effect == 'Allow' else deny} {_grant(g)}" for g in grants], "  ")


def _grant(grant: Grant) -> str:
    conditions = json.loads(grant.condition)
    said = " and ".join(f"{key} {' or '.join(values)}" for key, values in conditions.items())
    parts = [
        grant.effect,
        grant.action,
        grant.resource and f"on {grant.resource}",
        grant.principal and f"by {grant.principal}",
    ]
    return readable(" ".join(part for part in parts if part) + (f" if {said}" if said else ""))


def _functions(found: Iterable[CodeChange]) -> Iterator[str]:
    for change in found:
        yield f"- {', '.join(map(_code, change.functions))}"
        signed = (("+", change.added), ("!", change.changed), ("-", change.removed), ("!", change.packages))
        yield from _fence([f"{sign} {name}" for sign, names in signed for name in names], "  ")


def _resources(found: Iterable[ResourceChange]) -> Iterator[str]:
    def group(change: ResourceChange) -> tuple[str, str]:
        return change.component or "no component", change.region or "no Region"

    for (component, region), several in groupby(found, group):
        changes = list(several)
        yield f"<details><summary>{_html(component)}, {_html(region)}: {len(changes)}</summary>\n"
        for change in changes:
            mark = " **replaced**" if change.replaced else ""
            yield f"- {_SIGNS[change.action]} {change.action}{mark} {_title(change)}"
            if change.properties:
                properties = ((p.difference.where, p.difference.before, p.difference.after) for p in change.properties)
                yield from _fenced(properties, "  ")
        yield "\n</details>"


def _fenced(found: Iterable[tuple[str, Any, Any]], indent: str = "") -> Iterator[str]:
    lines = []
    for where, before, after in found:
        lines += [f"- {where}: {_value(before)}"] if before is not None else []
        lines += [f"+ {where}: {_value(after)}"] if after is not None else []
    yield from _fence(lines, indent)
    yield ""


def _fence(lines: list[str], indent: str = "") -> Iterator[str]:
    """A block that none of its lines can end: each begins with a sign, and is one line."""
    yield f"{indent}```diff"
    yield from (indent + line.replace("\r", " ").replace("\n", " ") for line in lines)
    yield f"{indent}```"


def _value(value: Any) -> str:
    text = readable(value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False))
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}… ({len(text)} characters)"


def readable(text: str) -> str:
    """References in short: `{bus.arn}`."""
    return str(substitute(text, lambda reference: f"{{{reference.name}.{reference.path}}}"))


def _code(text: str | None) -> str:
    """A code span that its content cannot end."""
    clean = re.sub(r"[`\s]+", " ", text or "")
    return f"`{clean}`"


def _plain(text: str) -> str:
    return re.sub(r"[<>@\[\]!`|\r\n]", " ", text)


def _html(text: str) -> str:
    return re.sub(r"[^\w .-]", " ", text)
