"""The preview of a branch, from git: what the issue asks for, and every base that is not as one expects."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from signals.errors import Misuse
from signals.review.preview.markdown import render
from signals.review.preview.preview import preview
from signals.review.preview.snapshot import NotCompared, base
from tests.support.recordings import ROOT

pytestmark = pytest.mark.slow

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
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
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


def test_a_base_without_any_pulumi_program_is_all_new(small: Path) -> None:
    git(small, "rm", "--quiet", "--cached", "Pulumi.yaml")
    git(small, "commit", "--quiet", "--message", "no program")
    found = preview("prod", root=small, revision="HEAD")
    assert found.compared
    assert "has no Pulumi program" in found.notes[0]
    assert {change.action for change in found.resources} == {"added"}


def test_a_program_that_was_in_another_folder_is_not_taken_for_a_new_one(small: Path) -> None:
    (small / "infra").mkdir()
    git(small, "mv", "Pulumi.yaml", "infra/Pulumi.yaml")
    commit(small)
    git(small, "mv", "infra/Pulumi.yaml", "Pulumi.yaml")
    with pytest.raises(NotCompared, match="in another folder"):
        base("prod", small, "HEAD")


def test_a_stack_whose_file_was_replaced_by_one_unlike_it_may_be_renamed_and_is_not_compared(small: Path) -> None:
    (small / "Pulumi.prod.yaml").unlink()
    (small / "Pulumi.live.yaml").write_text("# nothing alike\nconfig: {}\n")
    git(small, "add", "--all")
    with pytest.raises(NotCompared, match=r"live may be new or .* renamed, since Pulumi\.prod\.yaml is gone"):
        base("live", small, "HEAD")


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("__main__.py", "raise RuntimeError('no luck')", "no luck"),
        ("pyproject.toml", "[project]\nname = 'x'\n", "has no `signals` command: its pyproject.toml names none"),
        ("pyproject.toml", "[project.scripts]\nsignals = 'signals.old:main'\n", "signals.old is missing"),
        ("signals/cli/app.py", "def main():\n    print('{}')\n", "cannot be recorded"),
        ("signals/cli/app.py", "import a_package_that_nobody_has\n", "a_package_that_nobody_has"),
    ],
)
def test_a_base_that_cannot_be_recorded_is_not_compared_and_says_why(
    small: Path, file: str, text: str, reason: str
) -> None:
    kept = (small / file).read_text()
    (small / file).write_text(text)
    commit(small)
    (small / file).write_text(kept)
    found = preview("prod", root=small, revision="main")
    assert not found.compared
    assert found.resources == ()
    assert reason in found.notes[0]
    text = render(found)
    assert "**Not compared.**" in text
    assert "Nothing changes" not in text


def test_the_command_fails_and_its_json_says_that_nothing_was_compared(small: Path) -> None:
    edit(small / "pyproject.toml", "signals.cli.app:main", "signals.old:main")
    commit(small)
    edit(small / "pyproject.toml", "signals.old:main", "signals.cli.app:main")
    result = command(small, "--stack", "prod", "--base", "main", "--json", "--markdown", str(small / "p.md"))
    assert result.returncode == 1
    assert "not compared" in result.stderr
    assert json.loads(result.stdout)["compared"] is False
    assert '"compared": false' in result.stdout, "preview.yml looks for this text"
    assert "Not compared" in (small / "p.md").read_text()


def test_a_base_whose_recorder_was_elsewhere_is_read_by_its_command(small: Path) -> None:
    git(small, "mv", "signals/recording", "signals/kept")
    for path in small.glob("signals/**/*.py"):
        path.write_text(path.read_text().replace("signals.recording", "signals.kept"))
    edit(small / "pyproject.toml", '"signals.cli.app:main"', '"signals.cli.entry:run"')
    git(small, "mv", "signals/cli/app.py", "signals/cli/entry.py")
    edit(small / "signals/cli/entry.py", "def main()", "def run()")
    commit(small)
    git(small, "rm", "-r", "--quiet", "signals")
    git(small, "checkout", "--quiet", "HEAD~1", "--", "signals", "pyproject.toml")
    settings(small, "bills")
    found = preview("prod", root=small, revision="main")
    assert found.compared
    assert [(change.name, change.action) for change in found.losses] == [("queue", "changed")]


def test_without_git_there_is_nothing_to_compare_with(small: Path) -> None:
    shutil.rmtree(small / ".git")
    with pytest.raises(Misuse, match="not in a git repository"):
        preview("prod", root=small)


# The last commit before the recorder and the command moved, and the first that had them.
BEFORE_THE_MOVE, FIRST = "2234d31", "67fd9aa"


def history(*revisions: str) -> None:
    for revision in revisions:
        command = ["git", "-C", ROOT, "cat-file", "-e", f"{revision}^{{commit}}"]
        known = subprocess.run(command, capture_output=True, check=False)
        if known.returncode:
            pytest.skip(f"{revision} is not in this clone: it is shallow, or no clone")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_who_deployed_this_platform_before_the_tree_moved_keeps_every_resource(stack: str) -> None:
    history(BEFORE_THE_MOVE)
    found = preview(stack, root=ROOT, revision=BEFORE_THE_MOVE)
    assert found.compared
    lost = [change for change in found.resources if change.action in ("renamed", "removed") or change.replaced]
    assert lost == []


def test_this_repositorys_own_past_is_read_and_what_was_before_the_command_is_refused() -> None:
    history(FIRST)
    assert len(base("dev", ROOT, FIRST).resources) > 100
    with pytest.raises(NotCompared, match="no `signals` command"):
        base("dev", ROOT, f"{FIRST}~1")


def test_a_revision_or_stack_that_does_not_exist_is_named(small: Path) -> None:
    with pytest.raises(Misuse, match="git knows no revision 'nowhere'"):
        preview("prod", root=small, revision="nowhere")
    with pytest.raises(Misuse, match=r"no stack 'nowhere'.* choose one of prod"):
        preview("nowhere", root=small)


def test_a_branch_that_renames_a_bus_widens_a_policy_and_changes_code_and_a_retention(tmp_path: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__", "requirements.txt.*")
    for name in ("components", "handlers", "signals"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skipped)
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / "__main__.py", ROOT / "pyproject.toml"):
        shutil.copy(file, tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "--quiet", "-b", "branch")
    edit(tmp_path / "components/names.py", '_Name("ingress")', '_Name("entry")')
    edit(tmp_path / "components/enrichment.py", '"sqs:SendMessage", quarantine.arn', '"sqs:*", quarantine.arn')
    edit(tmp_path / "handlers/enrichment/logic.py", '"""', '"""A change. ')
    edit(tmp_path / "Pulumi.prod.yaml", "log_retention_days: 30", "log_retention_days: 90")
    commit(tmp_path)

    markdown_file = tmp_path / "p.md"
    result = command(tmp_path, "--stack", "prod", "--base", "main", "--json", "--markdown", str(markdown_file))
    assert result.returncode == 3, result.stderr
    found, markdown = json.loads(result.stdout), markdown_file.read_text()

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
    assert code[0]["changed"] == ["handlers/enrichment/logic.py"]
    assert found["settings"] == [
        {"path": "signals:settings.functions.log_retention_days", "before": 30, "after": 90},
    ]
    assert "`EventBus` `ingress-bus-us-west-2` in us-west-2: events in flight" in markdown


def command(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`signals preview` as the tree in `root` has it."""
    code = "from signals.cli.app import main; main()"
    cache = os.environ.get("SIGNALS_CACHE") or str(ROOT / ".local/packages")
    return subprocess.run(
        [sys.executable, "-P", "-c", code, "preview", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "SIGNALS_CACHE": cache},
        capture_output=True,
        text=True,
        check=False,
    )


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text, f"{file.name} no longer has {before}"
    file.write_text(text.replace(before, after, 1))
