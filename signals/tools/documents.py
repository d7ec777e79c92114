"""`make docs`: the reference documents that are written from the code, so that they cannot say anything else.

`python -m signals.tools.documents` writes docs/settings.md, docs/commands.md and docs/policies.md; with `--check` it
writes nothing and exits with 1 if one of them is not what the code says.
"""

import argparse
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import typer.main
from typer.cli import get_docs_for_click

from components.setting_groups import INT32_MAX
from components.settings import PlatformSettings
from policies import rules
from policies.rule import RULES, PolicyRule
from signals.cli import app as app_module

PROJECT = Path(__file__).resolve().parents[2]
_WRITTEN = "<!-- Written by `make docs` from {}. Edit that, not this. -->"


def settings_reference() -> str:
    """docs/settings.md, from the Pydantic models."""
    schema = PlatformSettings.model_json_schema()
    lines = ["# Settings", "", _WRITTEN.format("`components/settings.py`"), ""]
    lines += [
        "Everything is under `signals:settings` in `Pulumi.<stack>.yaml`. What has no default must be set. A stack",
        "that cannot work is refused before anything is registered, with the setting's name and the remedy.",
    ]
    lines += _settings_table("", schema, {}, schema["$defs"])
    return "\n".join(lines) + "\n"


def _settings_table(
    prefix: str, group: Mapping[str, Any], defaults: Mapping[str, Any], models: Mapping[str, Any]
) -> Iterator[str]:
    """A table of one group of settings, and one of each group inside it."""
    yield from ("", "| setting | type | default | |", "| --- | --- | --- | --- |")
    inner = []
    for name, field in group["properties"].items():
        model, suffix = _model_of(field, models)
        text = field.get("description") or (model and _one_line(model["description"])) or ""
        default = defaults.get(name, field.get("default", "" if name in group.get("required", ()) else None))
        if model:
            inner.append((f"{prefix}{name}{suffix}", model, default))
        kind = f"see [`{prefix}{name}{suffix}`](#{_anchor(prefix + name + suffix)})" if model else _type(field)
        shown = "" if (model and default not in ("", None)) or default == "" else _value(default)
        yield f"| `{prefix}{name}` | {kind} | {shown} | {_cell(text)} |"
    for name, model, default in inner:
        yield from ("", f"## `{name}`", "", *inspect.cleandoc(model["description"]).splitlines())
        yield from _settings_table(f"{name}.", model, default if isinstance(default, dict) else {}, models)


def _model_of(field: Mapping[str, Any], models: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """The group of settings that a field holds, and how one of several is written."""
    for held, suffix in (
        *((part, "") for part in (field, *field.get("anyOf", ()), *field.get("allOf", ()))),
        (field.get("items", {}), "[]"),
        (field.get("additionalProperties", {}), ".<name>"),
    ):
        if isinstance(held, Mapping) and "$ref" in held:
            return models[held["$ref"].rpartition("/")[2]], suffix
    return None, ""


def _type(field: Mapping[str, Any]) -> str:
    parts = [part for part in field.get("anyOf", [field]) if part.get("type") != "null"]
    return " or ".join(_type_of(part) for part in parts)


def _type_of(field: Mapping[str, Any]) -> str:
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    match field.get("type"):
        case "integer" | "number":
            low, high = field.get("minimum"), field.get("maximum")
            high = None if high == INT32_MAX else high
            bounds = [f"{low} or more"] if low is not None else []
            bounds += [f"above {field['exclusiveMinimum']}"] if "exclusiveMinimum" in field else []
            return f"{low} to {high}" if None not in (low, high) else "".join(["number", *(f", {b}" for b in bounds)])
        case "array":
            return f"list of {_type_of(field.get('items', {}))}"
        case "object":
            return "mapping"
        case "boolean":
            return "`true`, `false`"
    return "text"


def command_reference() -> str:
    """docs/commands.md, as `typer signals.cli.app utils docs` writes it."""
    command = typer.main.get_command(app_module.app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="signals", title="Commands")
    title, _, rest = text.partition("\n")
    lines = [title, "", _WRITTEN.format("`signals/cli`"), "", *inspect.cleandoc(app_module.__doc__ or "").splitlines()]
    return "\n".join([*lines, rest.rstrip(), ""])


def policy_catalogue() -> str:
    """docs/policies.md, from the rules."""
    assert rules  # imported so that each module adds its rules
    lines = ["# Policy rules", "", _WRITTEN.format("`policies/rules`"), ""]
    lines += [
        f"{len(RULES)} rules. `signals policy --stack S` checks them over a recording, without AWS, and exits with 1",
        "if a mandatory one does not hold; `pulumi preview --policy-pack policies` checks the same rules in Pulumi.",
    ]

    def subject(rule: PolicyRule) -> str:
        return rule.check.__module__.rpartition(".")[2]

    for name, several in groupby(RULES, subject):
        lines += ["", f"## {name.replace('_', ' ').capitalize()}", ""]
        lines += [_one_line(sys.modules[f"policies.rules.{name}"].__doc__ or "")]
        for rule in several:
            lines += ["", f"### {rule.id}", "", f"{rule.level.capitalize()}. {rule.why}", ""]
            lines += [f"- Remedy: {rule.remedy}", f"- Source: {rule.source}"]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split("\n\n", maxsplit=1)[0].split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading."""
    return "".join(letter for letter in heading.lower() if letter.isalnum() or letter in "-_")


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value not in ([], {}, ()) else "empty"


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "docs/settings.md": settings_reference,
    "docs/commands.md": command_reference,
    "docs/policies.md": policy_catalogue,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents, or with --check name those that are stale (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m signals.tools.documents", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a document is stale")
    check = parser.parse_args(arguments).check
    stale = False
    for name, write in DOCUMENTS.items():
        path, text = PROJECT / name, write()
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale = True
        if check:
            print(f"{name} is stale: run `make docs`", file=sys.stderr)
        else:
            path.write_text(text, "utf-8")
            print(f"{name}: written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
