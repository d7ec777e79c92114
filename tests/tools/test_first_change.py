"""The README's first change: what it tells a newcomer to write is a consumer that works and passes `make lint`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from signals.recording.record import record
from tests.support.recordings import ROOT
from tests.tools.test_layers import lint

pytestmark = pytest.mark.slow

TEXT = (ROOT / "README.md").read_text()
SECTION = TEXT[TEXT.index("## Your first change") : TEXT.index("## The command")]


def block(language: str) -> str:
    """A code block of the section, without the indent of its list."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return re.sub(r"^   ", "", found, flags=re.MULTILINE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project with the README's change made."""
    for name in ("bootstrap", "components", "handlers", "policies", "signals"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / "__main__.py", ROOT / "pyproject.toml"):
        shutil.copy(file, tmp_path)
    folder = tmp_path / "handlers/welcome"
    folder.mkdir()
    (folder / "handler.py").write_text(block("python"))
    (folder / "__init__.py").touch()
    with (tmp_path / "Pulumi.local.yaml").open("a") as settings:
        settings.write("   " + block("yaml"))
    return tmp_path


def test_the_consumer_is_one_of_the_stacks_resources(tree: Path) -> None:
    added = yaml.safe_load((tree / "Pulumi.local.yaml").read_text())["config"]["signals:settings"]["consumers"][-1]
    assert added["handler"] == "welcome"
    code = "from signals.cli.app import main; main()"
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "SIGNALS_CACHE": os.environ.get("SIGNALS_CACHE") or str(ROOT / ".local/packages"),
    }
    result = subprocess.run(
        [sys.executable, "-P", "-c", code, "record", "--stack", "local"],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    before = {resource.name for resource in record("local").all}
    assert "processing-us-west-2-welcome-function" not in before
    assert '"name": "processing-us-west-2-welcome-function"' in result.stdout


def test_the_function_greets_and_passes_lint(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(block("python"), names)
    names["handler"]({"detail": {"subject": "ada"}}, None)  # type: ignore[operator]
    assert capsys.readouterr().out == "welcome, ada\n"
    for check in (["check"], ["format", "--check"]):
        command = [Path(sys.executable).with_name("ruff"), *check, "handlers/welcome"]
        assert subprocess.run(command, cwd=tree, check=False).returncode == 0
    assert lint(tree).returncode == 0
