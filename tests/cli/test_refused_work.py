"""Every command that reads the program refuses one that works on an output, and writes nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.recordings import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in a repository of its own, with a heartbeat that cuts up the ARN of its bus."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("components", "handlers", "policies", "signals"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / "__main__.py", ROOT / "pyproject.toml"):
        shutil.copy(file, folder)
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "before"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    heartbeat = folder / "components/heartbeat.py"
    text = heartbeat.read_text()
    assert text.count("target_arn=bus.arn,") == 1
    heartbeat.write_text(
        text.replace("target_arn=bus.arn,", 'target_arn=bus.arn.apply(lambda arn: arn.split("/")[-1]),')
    )
    return folder


@pytest.mark.parametrize(
    "command",
    [["record"], ["terraform", "--out", "out"], ["policy"], ["permissions"], ["preview", "--base", "HEAD"]],
    ids=lambda command: command[0],
)
def test_a_command_refuses_it_by_resource_and_property(tree: Path, command: list[str]) -> None:
    code = "from signals.cli.app import main; main()"
    cache = os.environ.get("SIGNALS_CACHE") or str(ROOT / ".local/packages")
    result = subprocess.run(
        [sys.executable, "-P", "-c", code, *command, "--stack", "dev"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "SIGNALS_CACHE": cache, "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert "aws:scheduler/schedule:Schedule 'heartbeat-schedule': property target.arn" in result.stderr
    assert "works on an output" in result.stderr
    assert result.stdout == ""
    assert not (tree / "out").exists()
