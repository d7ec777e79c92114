"""The two scripts that write on GitHub, run by node with a GitHub that only remembers what it was asked."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.test_workflows import ROOT, load

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs node")

REPOSITORY = {"owner": "acme", "repo": "signals"}
BOT = {"login": "github-actions[bot]"}
RUN = {"head_sha": "a" * 40, "head_repository": {"id": 7}, "html_url": "https://github.com/acme/signals/actions/runs/1"}
PULL = {"number": 12, "head": {"sha": "a" * 40, "repo": {"id": 7}}}


def script(file: str) -> str:
    for job in load(ROOT / ".github/workflows" / file)["jobs"].values():
        for step in job["steps"]:
            if "script" in step.get("with", {}):
                return str(step["with"]["script"])
    raise AssertionError(f"{file} has no script")


def run(file: str, tmp_path: Path, folder: Path, **case: Any) -> list[dict[str, Any]]:
    given = {
        "script": script(file),
        "pull": PULL,
        "comments": [],
        "issues": [],
        "context": {
            "repo": REPOSITORY,
            "payload": {"workflow_run": RUN},
            "serverUrl": "https://github.com",
            "runId": 1,
        },
        **case,
    }
    (tmp_path / "case.json").write_text(json.dumps(given))
    result = subprocess.run(
        ["node", Path(__file__).with_name("run_script.mjs"), tmp_path / "case.json"],
        env={**os.environ, "FOLDER": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    done: list[dict[str, Any]] = json.loads(result.stdout)
    return done


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "comment"
    folder.mkdir()
    (folder / "number").write_text("12\n")
    (folder / "body.md").write_text("## Preview\n<details><summary>x</summary>\n</details>\n")
    return folder


def comment(tmp_path: Path, artifact: Path, **case: Any) -> list[dict[str, Any]]:
    return run("preview-comment.yml", tmp_path, artifact, **case)


def test_a_first_preview_makes_the_comment_and_a_second_updates_it(tmp_path: Path, artifact: Path) -> None:
    (made,) = comment(tmp_path, artifact)
    assert (made["what"], made["issue_number"]) == ("createComment", 12)
    assert "<details><summary>x</summary>" in made["body"]
    theirs = {"id": 1, "user": {"login": "someone"}, "body": made["body"]}
    ours = {"id": 2, "user": BOT, "body": made["body"]}
    (updated,) = comment(tmp_path, artifact, comments=[theirs, ours])
    assert (updated["what"], updated["comment_id"]) == ("updateComment", 2)


@pytest.mark.parametrize(
    "head",
    [{"sha": "b" * 40, "repo": {"id": 7}}, {"sha": "a" * 40, "repo": {"id": 8}}, {"sha": "a" * 40, "repo": None}],
)
def test_an_artifact_that_names_another_pull_request_is_not_posted(
    tmp_path: Path, artifact: Path, head: dict[str, Any]
) -> None:
    assert [step["what"] for step in comment(tmp_path, artifact, pull={**PULL, "head": head})] == ["notice"]


@pytest.mark.parametrize("number", ["", "0", "12; rm -rf", "../12", "12\n13", "9" * 30])
def test_a_number_that_is_none_is_refused(tmp_path: Path, artifact: Path, number: str) -> None:
    (artifact / "number").write_text(number)
    assert [step["what"] for step in comment(tmp_path, artifact)] == ["error"]


def test_a_link_in_the_place_of_the_text_is_refused(tmp_path: Path, artifact: Path) -> None:
    (artifact / "body.md").unlink()
    (artifact / "body.md").symlink_to("/etc/hostname")
    assert [step["what"] for step in comment(tmp_path, artifact)] == ["error"]


def test_a_comment_mentions_nobody_shows_no_picture_and_carries_no_mark_of_ours(tmp_path: Path, artifact: Path) -> None:
    evil = "@team ![x](https://example.com/x.png) <img src=x> <!-- signals preview --> <details onclick=x>"
    (artifact / "body.md").write_text(evil + "y" * 80_000)
    (made,) = comment(tmp_path, artifact)
    body = made["body"]
    assert "@team" not in body
    assert "![" not in body
    assert "<img" not in body
    assert "<details o" not in body
    assert body.count("<!--") == 1
    assert len(body) < 65_536


def drift(tmp_path: Path, codes: dict[str, str], issues: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    folder = tmp_path / "found"
    folder.mkdir(exist_ok=True)
    for stack, code in codes.items():
        (folder / f"{stack}.code").write_text(code)
        (folder / f"{stack}.txt").write_text(f"what changed in {stack} ```")
    return run("drift.yml", tmp_path, folder, issues=issues or [])


def test_drift_opens_one_issue_updates_it_and_closes_it_when_it_is_gone(tmp_path: Path) -> None:
    (opened,) = drift(tmp_path, {"dev": "0", "prod": "1"})
    assert (opened["what"], opened["labels"]) == ("create", ["drift"])
    assert "what changed in prod" in opened["body"]
    assert "what changed in dev" not in opened["body"]
    issue = {"number": 3, "title": opened["title"], "user": BOT}
    (updated,) = drift(tmp_path, {"dev": "0", "prod": "1"}, [issue])
    assert (updated["what"], updated["issue_number"]) == ("update", 3)
    assert [step["what"] for step in drift(tmp_path, {"dev": "0", "prod": "0"}, [issue])] == ["createComment", "update"]
    assert drift(tmp_path, {"dev": "0", "prod": "0"}) == []


def test_a_night_that_saw_nothing_closes_nothing(tmp_path: Path) -> None:
    issue = {"number": 3, "title": "AWS is not as the state says", "user": BOT}
    assert drift(tmp_path, {}, [issue]) == []
