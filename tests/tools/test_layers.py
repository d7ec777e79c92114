"""The layers of the tree (tool.importlinter in pyproject.toml): all code has one, and no import goes up."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.recordings import ROOT

CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES = CONFIG["root_packages"]
(LAYERS,) = (contract["layers"] for contract in CONFIG["contracts"] if contract["name"] == "Imports go down")


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_package_has_a_layer() -> None:
    placed = set(re.findall(r"[\w.]+", " ".join(LAYERS)))
    inside = {f"signals.{path.stem}" for path in (ROOT / "signals").glob("[!_]*") if path.suffix in ("", ".py")}
    assert {*PACKAGES, *inside} - {"signals"} == placed


def test_the_picture_of_the_layers_is_what_is_checked() -> None:
    design = (ROOT / "docs/design.md").read_text()
    (picture,) = re.findall(r"```mermaid\nflowchart TD\n(.*?)```", design, re.DOTALL)
    assert re.findall(r'\["([^"]+)"\]', picture) == [layer.replace(" | ", ", ") for layer in LAYERS]


def test_every_package_of_the_project_is_checked() -> None:
    assert {path.parent.name for path in ROOT.glob("[!.]*/__init__.py")} == {*PACKAGES, "tests"}


def test_no_import_is_excused_but_the_event_contract() -> None:
    excused = [line for contract in CONFIG["contracts"] for line in contract.get("ignore_imports", ())]
    assert excused == ["handlers.** -> handlers.shared.**", "components.** -> handlers.shared.contract"]
    assert not any(CONFIG.get(f"exclude_{what}") for what in ("type_checking_imports", "lazy_imports"))


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("signals/recording/record.py", "import signals.stack", "Imports go down"),
        ("signals/observe/status.py", "def lazy():\n    from signals.recover import plan", "Imports go down"),
        (
            "signals/terraform/emit.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from signals.deploy import engines",
            "Imports go down",
        ),
        ("policies/view.py", "import signals.cli.app", "Imports go down"),
        ("handlers/shared/logs.py", "import components.names", "Imports go down"),
        ("handlers/shared/logs.py", "import handlers.ingest.logic", "A function stands alone"),
        ("handlers/ingest/logic.py", "import handlers.profile.store", "A function stands alone"),
        ("components/lake.py", "import handlers.ingest.logic", "knows only the event contract"),
        ("components/parts/queues.py", "import components.platform", "No circles"),
    ],
)
def test_an_import_that_goes_up_is_found(tree: Path, file: str, line: str, broken: str) -> None:
    with (tree / file).open("a") as code:
        code.write(f"\n\n{line}\n")
    result = lint(tree)
    assert result.returncode == 1
    assert re.search(f"{broken}.* BROKEN", result.stdout), result.stdout


def test_the_tree_as_it_is_has_none() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout
