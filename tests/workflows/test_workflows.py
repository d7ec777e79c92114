"""What every workflow must be: pinned, bounded, and without a right that it does not use. The linters see the rest."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from signals.stack_files import stack_names

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def load(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    # YAML 1.1 reads the key `on` as true.
    return {"on" if key is True else key: value for key, value in document.items()}


def jobs(name: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in FILES:
        if name in (None, file.name):
            for job, body in load(file)["jobs"].items():
                yield f"{file.name}: {job}", body


def test_the_workflows_are_there() -> None:
    assert {file.stem for file in FILES} >= {"ci", "preview", "preview-comment", "deploy", "drift"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_actions_are_pinned_by_commit_with_the_version_beside_them_and_alike_everywhere(file: Path) -> None:
    everywhere = {line.strip() for other in FILES for line in re.findall(r"uses: (.*)", other.read_text())}
    for used in re.findall(r"uses: (.*)", file.read_text()):
        action, _, comment = used.partition(" # ")
        if action.startswith("./"):
            continue
        assert PINNED.fullmatch(action), used
        assert re.fullmatch(r"v\d+\.\d+\.\d+", comment), used
        assert len({other for other in everywhere if other.split("@")[0] == action.split("@")[0]}) == 1, used


def test_nothing_is_allowed_but_what_a_job_asks_for_and_every_job_ends() -> None:
    for file in FILES:
        assert load(file)["permissions"] == {}, file.name
    for name, job in jobs():
        assert "permissions" in job, name
        if "uses" not in job:
            assert 0 < job["timeout-minutes"] <= 90, name


def test_every_workflow_that_starts_by_itself_has_a_concurrency_group() -> None:
    for file in FILES:
        document = load(file)
        if set(document["on"]) == {"workflow_call"}:
            continue
        calls = [job for job in document["jobs"].values() if "uses" in job]
        assert "concurrency" in document or (calls and all("concurrency" in job for job in calls)), file.name


def test_what_writes_to_a_pull_request_runs_no_code_of_it() -> None:
    writers = [(name, job) for name, job in jobs() if "pull-requests" in job["permissions"]]
    assert [name for name, _ in writers] == ["preview-comment.yml: comment"]
    for name, job in writers:
        used = [step.get("uses", "").split("@")[0] for step in job["steps"]]
        assert set(used) == {"actions/download-artifact", "actions/github-script"}, name
        assert not any("run" in step for step in job["steps"])


def test_no_trigger_gives_a_forks_code_our_rights() -> None:
    assert not any("pull_request_target" in load(file)["on"] for file in FILES)


def test_the_credential_free_preview_has_no_secret_and_only_a_token_that_reads() -> None:
    job = dict(jobs("preview.yml"))["preview.yml: credential-free"]
    assert job["permissions"] == {"contents": "read"}
    assert "environment" not in job
    assert "secrets." not in yaml.safe_dump(job)


def test_the_credential_free_preview_refuses_lost_data_and_a_comparison_that_could_not_be_made() -> None:
    steps = dict(jobs("preview.yml"))["preview.yml: credential-free"]["steps"]
    refusals = {step["name"]: step for step in steps if "exit 1" in step.get("run", "") and "::error::" in step["run"]}
    assert set(refusals) == {"Every stack could be compared", "Nothing that holds data goes"}
    assert "if" not in refusals["Every stack could be compared"], "no label accepts what nobody knows"


@pytest.mark.parametrize(
    ("code", "found", "written"),
    [(0, {"compared": True}, None), (3, {"compared": True}, "losses"), (1, {"compared": False}, "not-compared")],
)
def test_the_preview_step_keeps_what_each_exit_code_means(
    tmp_path: Path, code: int, found: dict[str, bool], written: str | None
) -> None:
    result = preview_step(tmp_path, f"echo '{json.dumps(found)}'; echo text > preview.md; exit {code}")
    assert result.returncode == 0
    kept = {name for name in ("losses", "not-compared") if (tmp_path / name).exists()}
    assert kept == ({written} if written else set())
    assert (tmp_path / "comment/body.md").read_text() == "text\ntext\n"


def test_the_preview_step_fails_when_the_command_does(tmp_path: Path) -> None:
    assert preview_step(tmp_path, "exit 2").returncode == 2


def preview_step(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run the step that previews with a command in the place of `signals`."""
    steps = dict(jobs("preview.yml"))["preview.yml: credential-free"]["steps"]
    (step,) = [step for step in steps if step.get("name") == "Preview every stack"]
    (folder / ".venv/bin").mkdir(parents=True)
    script = folder / ".venv/bin/signals"
    script.write_text(f"#!/bin/sh\n{command}\n")
    script.chmod(0o755)
    environment = {**os.environ, "NUMBER": "1", "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    # GitHub runs it so ("Workflow syntax", jobs.<job_id>.steps[*].shell).
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_token_for_aws_is_only_to_be_had_in_an_environment_and_not_by_forks() -> None:
    for name, job in jobs():
        if job["permissions"].get("id-token") == "write" and "uses" not in job:
            assert job.get("environment"), name
            assert "environment" in str(job), name
    pulumi = dict(jobs("preview.yml"))["preview.yml: pulumi"]
    assert pulumi["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert pulumi["environment"]["name"] == "preview-${{ matrix.stack }}"


def test_prod_follows_dev_and_what_is_deployed_is_the_plan_that_was_approved() -> None:
    deploy = load(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert deploy["prod"]["needs"] == "dev"
    assert not any(job["concurrency"]["cancel-in-progress"] for job in deploy.values())
    called = dict(jobs("up.yml"))
    plan, up = (called[f"up.yml: {name}"] for name in ("plan", "up"))
    assert (plan["environment"]["name"], up["environment"]["name"]) == (
        "preview-${{ inputs.stack }}",
        "${{ inputs.stack }}",
    )
    commands = [step["with"] for job in (plan, up) for step in job["steps"] if "command" in step.get("with", {})]
    assert [(command["command"], command["plan"]) for command in commands] == [
        ("preview", "plan.json"),
        ("up", "plan.json"),
    ]


def test_pulumi_is_the_version_that_is_locked() -> None:
    locked = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert locked
    versions = {version for file in FILES for version in re.findall(r"pulumi-version: (\S+)", file.read_text())}
    assert versions == {locked[1]}


def test_every_stack_on_aws_is_previewed_deployed_and_looked_at() -> None:
    stacks = set(stack_names()) - {"local"}
    assert set(dict(jobs("preview.yml"))["preview.yml: pulumi"]["strategy"]["matrix"]["stack"]) == stacks
    assert set(dict(jobs("drift.yml"))["drift.yml: refresh"]["strategy"]["matrix"]["stack"]) == stacks
    assert {job["with"]["stack"] for _, job in jobs("deploy.yml")} == stacks
    assert f"for stack in {' '.join(sorted(stacks))};" in (ROOT / ".github/workflows/preview.yml").read_text()
