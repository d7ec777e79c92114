"""The preview of a branch, from git: what the issue asks for, and every base that is not as one expects."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from signals.errors import Failed, Misuse
from signals.review.preview.preview import preview
from signals.review.preview.snapshot import base
from tests.support.recordings import ROOT

PROGRAM = """
import pulumi, pulumi_aws as aws
settings = pulumi.Config("signals").require_object("settings")
aws.sqs.Queue("queue", name=settings["queue"])
"""


def git(folder: Path, *arguments: str) -> None:
    names = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull}
    result = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def commit(folder: Path, message: str = "a change") -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository with the recorder and a program of one queue."""
    for name in ("signals", "components"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "handlers").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: signals\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    settings(tmp_path, "orders")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    return tmp_path


def settings(folder: Path, queue: str, stack: str = "prod") -> None:
    (folder / f"Pulumi.{stack}.yaml").write_text(f"config:\n  signals:settings:\n    queue: {queue}\n    days: 30\n")


@pytest.fixture(autouse=True)
def left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever happens, no folder is left and git knows of no work tree but ours."""
    folder = tmp_path / ".temporary"
    folder.mkdir()
    (folder / ".gitignore").write_text("*\n")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert [path.name for path in folder.iterdir()] == [".gitignore"]


def test_a_work_tree_that_is_not_committed_is_what_is_previewed(small: Path) -> None:
    settings(small, "bills")
    found = preview("prod", root=small)
    assert "not committed" in found.head
    assert [change.name for change in found.losses] == ["queue"]
    assert [(d.where, d.before, d.after) for d in found.settings] == [("signals:settings.queue", "orders", "bills")]


def test_the_base_is_where_the_branch_left_it(small: Path) -> None:
    git(small, "checkout", "--quiet", "-b", "branch")
    (small / "branch.md").write_text("more")
    commit(small)
    git(small, "checkout", "--quiet", "main")
    settings(small, "bills")
    commit(small)
    git(small, "checkout", "--quiet", "branch")
    assert preview("prod", root=small, revision="main").resources == ()


def test_a_stack_that_is_new_is_all_new(small: Path) -> None:
    settings(small, "orders", stack="dev")
    found = preview("dev", root=small, revision="main")
    assert {change.action for change in found.resources} == {"added"}
    assert "has no stack dev" in found.notes[0]


def test_a_stack_that_was_renamed_is_compared_with_what_it_was(small: Path) -> None:
    git(small, "mv", "Pulumi.prod.yaml", "Pulumi.live.yaml")
    commit(small)
    found = preview("live", root=small, revision="HEAD~1")
    assert found.resources == ()
    assert "pulumi stack rename live" in found.notes[0]


def test_the_first_commit_is_all_new(small: Path) -> None:
    shutil.rmtree(small / ".git")
    git(small, "init", "--quiet", "--initial-branch", "main")
    found = preview("prod", root=small)
    assert found.base == "nothing"
    assert {change.action for change in found.resources} == {"added"}


def test_a_base_without_the_program_or_the_recorder_is_all_new(small: Path) -> None:
    git(small, "rm", "--quiet", "--cached", "signals/recording/record.py")
    git(small, "commit", "--quiet", "--message", "no recorder")
    assert "no `signals record` yet" in base("prod", small, "HEAD").notes[0]
    git(small, "rm", "--quiet", "--cached", "__main__.py")
    git(small, "commit", "--quiet", "--message", "no program")
    assert "has no program" in base("prod", small, "HEAD").notes[0]


def test_a_base_that_cannot_be_recorded_says_why(small: Path) -> None:
    (small / "__main__.py").write_text("raise RuntimeError('no luck')")
    commit(small)
    with pytest.raises(Failed, match=r"cannot be recorded at main .*no luck"):
        base("prod", small, "main")


def test_a_revision_or_stack_that_does_not_exist_is_named(small: Path) -> None:
    with pytest.raises(Misuse, match="git knows no revision 'nowhere'"):
        preview("prod", root=small, revision="nowhere")
    with pytest.raises(Misuse, match=r"no stack 'nowhere'.* choose one of prod"):
        preview("nowhere", root=small)


def test_a_branch_that_renames_a_bus_widens_a_policy_and_changes_code_and_a_retention(tmp_path: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__", "requirements.txt.*")
    for name in ("components", "handlers", "signals"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skipped)
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / "__main__.py"):
        shutil.copy(file, tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "--quiet", "-b", "branch")
    edit(tmp_path / "components/active_archive.py", '-ingress"', '-entry"')
    edit(tmp_path / "components/enrichment.py", '"sqs:SendMessage", quarantine.arn', '"sqs:*", quarantine.arn')
    edit(tmp_path / "handlers/enrichment/user_agent.py", '"""', '"""A change. ')
    edit(tmp_path / "Pulumi.prod.yaml", "log_retention_days: 30", "log_retention_days: 90")
    commit(tmp_path)

    command = [sys.executable, "-P", "-c", "from signals.cli.app import main; main()"]
    arguments = [
        "preview",
        "--stack",
        "prod",
        "--base",
        "main",
        "--json",
        "--markdown",
        str(tmp_path / ".temporary/p.md"),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "SIGNALS_CACHE": os.environ.get("SIGNALS_CACHE") or str(ROOT / ".local/packages"),
    }
    result = subprocess.run([*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 3, result.stderr
    found, markdown = json.loads(result.stdout), (tmp_path / ".temporary/p.md").read_text()
    (tmp_path / ".temporary/p.md").unlink()

    assert "aws:cloudwatch/eventBus:EventBus ingress-bus-us-west-2" in found["loses_data"]
    assert "aws:cloudwatch/eventArchive:EventArchive ingress-archive-us-east-1" in found["loses_data"]
    bus = next(resource for resource in found["resources"] if resource["name"] == "ingress-bus-us-west-2")
    assert bus["protected"]
    assert bus["properties"][0] | {"source": None} == {
        "path": "name",
        "before": "signals-prod-ingress",
        "after": "signals-prod-entry",
        "effect": "replace",
        "source": None,
    }
    widened = {change["subject"]: change["widened"] for change in found["access"] if change["kind"] == "role"}
    assert {grant["action"] for grant in widened["processing-us-west-2-enrichment-role"]} == {"sqs:*"}
    code = [change for change in found["code"] if "processing-us-west-2-enrichment" in change["functions"][-1]]
    assert code[0]["changed"] == ["handlers/enrichment/user_agent.py"]
    assert found["settings"] == [
        {"path": "signals:settings.functions.log_retention_days", "before": 30, "after": 90},
    ]
    assert "`EventBus` `ingress-bus-us-west-2` in us-west-2: events under way" in markdown


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text, f"{file.name} no longer has {before}"
    file.write_text(text.replace(before, after, 1))
