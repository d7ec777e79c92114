"""Every document says only what there is, and what there is stands in a document."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel

from components import settings
from policies.rule import RULES
from signals.cli.app import app
from signals.tools.documents import DOCUMENTS
from tests.support.recordings import ROOT

HOUSE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
MARKDOWN = sorted([*(ROOT / name for name in HOUSE), *(ROOT / "docs").glob("*.md")])
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCRIPTS = [*WORKFLOWS, ROOT / ".ci/run", ROOT / "Makefile", ROOT / ".pre-commit-config.yaml"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands() -> Iterator[str]:
    """Every command that can be run as one types it (`signals replay plan`), in order of the help."""
    yield from below("signals", typer.main.get_command(app))


def below(name: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if not inner or command.invoke_without_command:
        yield name
    for key, value in inner.items():
        yield from below(f"{name} {key}", value)


COMMANDS = list(commands())


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def code(file: Path) -> Iterator[str]:
    """Each command line in a file: in Markdown what is in code spans and fences, elsewhere every line."""
    text = file.read_text()
    if file.suffix != ".md":
        yield from text.splitlines()
        return
    for fence in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        yield from re.findall(r"^\s*\$ (.*)$", fence.replace("\\\n", " "), re.MULTILINE)
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    yield from (" ".join(span.split()) for span in spans)


def used(file: Path) -> Iterator[list[str]]:
    """The words of each `signals …` in a file."""
    for line in code(file):
        start = r"(?:^|&& |\| |\.venv/bin/)" if file.suffix == ".md" else r"(?:\.venv/bin/|BIN\)/)"
        for rest in re.findall(start + r"signals ([^|&;>#]*)", line):
            yield rest.replace('"', "").replace("'", "").replace("`", " ").split()


def unknown(words: list[str]) -> str | None:
    """What is wrong with the words after `signals`; None if the command and its options exist."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    if command.name == "signals":
        return None if words and (words[0] == "…" or words[0].isupper()) else f"no command {' '.join(words)}"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    strange = {word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1} - known - {"--help"}
    return f"{command.name} has no {', '.join(sorted(strange))}" if strange else None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_reference_is_what_the_code_says(name: str) -> None:
    assert (ROOT / name).read_text() == DOCUMENTS[name](), "run `make docs`"


def test_every_setting_is_described() -> None:
    for model in vars(settings).values():
        if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == settings.__name__:
            assert model.__doc__, model.__name__
            for name, field in model.model_fields.items():
                group = any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in held(field.annotation))
                assert field.description or group, f"{model.__name__}.{name}"


def held(kind: Any) -> Iterator[Any]:
    yield kind
    for part in getattr(kind, "__args__", ()):
        yield from held(part)


@pytest.mark.parametrize("file", [*MARKDOWN, *SCRIPTS], ids=name_of)
def test_every_command_and_option_that_is_mentioned_exists(file: Path) -> None:
    assert [problem for words in used(file) if (problem := unknown(words))] == []


def test_the_check_of_commands_sees_what_does_not_exist() -> None:
    assert unknown(shlex.split("status --json --stack prod")) is None
    assert unknown(shlex.split("replay plan --from 2026-01-01T00:00Z")) is None
    assert unknown(shlex.split("status --colour")) == "status has no --colour"
    assert unknown(shlex.split("statsu")) == "no command statsu"
    assert sum(1 for file in MARKDOWN for _ in used(file)) > 100
    assert sum(1 for file in SCRIPTS for _ in used(file)) > 5


@pytest.mark.parametrize("file", [*MARKDOWN, *SCRIPTS], ids=name_of)
def test_every_target_that_is_mentioned_exists(file: Path) -> None:
    spans = code(file)
    mentioned = {name for line in spans for name in re.findall(r"(?:^|&& |step |run: )make ([a-z][a-z-]*)", line)}
    assert mentioned <= TARGETS


def test_every_target_has_a_line_of_help() -> None:
    text = (ROOT / "Makefile").read_text()
    assert set(re.findall(r"^([a-z-]+):[^#\n]*## \S", text, re.MULTILINE)) == TARGETS
    assert set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split()) == TARGETS


@pytest.mark.parametrize(
    "module", sorted({m for file in [*MARKDOWN, *SCRIPTS] for m in re.findall(r"python -m ([\w.]+)", file.read_text())})
)
def test_every_module_that_is_run_exists(module: str) -> None:
    path = ROOT.joinpath(*module.split("."))
    assert module in ("pip", "venv") or path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def test_every_command_stands_in_the_readmes_table_and_in_the_reference() -> None:
    readme, reference = (ROOT / "README.md").read_text(), (ROOT / "docs/commands.md").read_text()
    (table,) = re.findall(r"\| command \|.*\n\| --- \| --- \|\n((?:\|.*\n)+)", readme)
    named = re.findall(r"`(signals [a-z ]+)`", "".join(row.split("|")[1] for row in table.splitlines()))
    assert sorted(named) == sorted(COMMANDS)
    headings = re.findall(r"^#{2,3} `(.*)`$", reference, re.MULTILINE)
    assert [name for name in headings if name in COMMANDS] == COMMANDS


def links(file: Path) -> Iterator[tuple[str, str]]:
    """Path and fragment of each link that stays in the repository."""
    text = re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, fragment = target.partition("#")
            yield path, fragment


@pytest.mark.parametrize("file", MARKDOWN, ids=name_of)
def test_every_link_leads_somewhere(file: Path) -> None:
    for path, fragment in links(file):
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), path
        if fragment:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert fragment in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_is_linked_from_another() -> None:
    linked = {(file.parent / path).resolve() for file in MARKDOWN for path, _ in links(file) if path}
    assert {file for file in MARKDOWN if file.name != "README.md"} <= linked


@pytest.mark.parametrize("file", MARKDOWN, ids=name_of)
def test_every_path_in_a_code_span_exists(file: Path) -> None:
    roots = "components|docs|handlers|policies|signals|tests|bootstrap|\\.github|\\.ci"
    for path in re.findall(rf"`((?:{roots})/[\w./-]*)`", file.read_text()):
        made_by_the_reader = path.startswith("handlers/welcome/") or "FUNCTION" in path
        assert made_by_the_reader or (ROOT / path).exists(), path


@pytest.mark.parametrize("file", MARKDOWN, ids=name_of)
def test_a_number_of_rules_is_the_number_of_rules(file: Path) -> None:
    assert set(re.findall(r"(\d+) (?:policy )?rules", file.read_text())) <= {str(len(RULES))}
