"""`make lock` and its check."""

import shutil
from pathlib import Path

import pytest

from components.errors import PackagingError
from signals.tools import lock

HASH = "    --hash=sha256:"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose locks were just made; small packages, from the registry."""
    root = tmp_path_factory.mktemp("locked")
    (root / "handlers" / "hello").mkdir(parents=True)
    (root / "pyproject.toml").write_text(
        '[project]\nname = "small"\nversion = "0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["jmespath==1.0.1", "uv==0.13.9"]\n[project.optional-dependencies]\ndev = ["six"]\n'
    )
    (root / "handlers" / "hello" / "requirements.in").write_text("jmespath\n")
    for each in lock.locks(root):
        lock.write(each, root, upgrade=False)
    return root


@pytest.fixture
def project(locked: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(locked, tmp_path / "project")


def test_fresh_locks_are_not_stale_and_the_check_touches_nothing(project: Path) -> None:
    before = {path: (path.read_text(), path.stat().st_mtime_ns) for path in project.rglob("*") if path.is_file()}
    assert lock.stale(project) == []
    assert before == {path: (path.read_text(), path.stat().st_mtime_ns) for path in before}


def test_functions_get_the_environments_versions_with_hashes(project: Path) -> None:
    text = (project / "handlers" / "hello" / "requirements.txt").read_text()
    assert text.startswith(f"jmespath==1.0.1 \\\n{HASH}")
    assert (project / "requirements-uv.lock").read_text().startswith(f"uv==0.13.9 \\\n{HASH}")


def test_a_new_requirement_makes_its_lock_stale(project: Path) -> None:
    (project / "handlers" / "hello" / "requirements.in").write_text("jmespath\nsix\n")
    assert lock.stale(project) == ["handlers/hello/requirements.txt"]


def test_a_lock_edited_by_hand_is_stale(project: Path) -> None:
    path = project / "requirements.lock"
    path.write_text(path.read_text() + "colorama==0.4.6\n")
    assert lock.stale(project) == ["requirements.lock"]


def test_a_missing_lock_is_stale(project: Path) -> None:
    (project / "requirements-uv.lock").unlink()
    assert lock.stale(project) == ["requirements-uv.lock"]


def test_what_cannot_be_resolved_names_its_lock(project: Path) -> None:
    (project / "handlers" / "hello" / "requirements.in").write_text("jmespath==0.10.0\n")
    with pytest.raises(PackagingError, match=r"handlers/hello/requirements\.txt cannot be resolved from .*\.in"):
        lock.stale(project)


def test_packages_that_only_this_machine_offers_stay_out(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_EXTRA_INDEX_URL", "http://127.0.0.1:9/simple")
    (tmp_path / "wheels").mkdir()
    assert lock.stale(project) == []


def test_a_lock_that_names_a_place_is_refused(project: Path) -> None:
    path = project / "handlers" / "hello" / "requirements.in"
    wheel = "jmespath @ https://wheels.example.com/jmespath-1.0.1-py2.py3-none-any.whl"
    path.with_suffix(".txt").write_text("before\n")
    compile_to(project, f"{wheel}\n")
    with pytest.raises(PackagingError, match=r"would name a place to download from .*wheels\.example\.com"):
        lock.refuse_places(lock.locks(project)[-1], project, before="before\n")
    assert path.with_suffix(".txt").read_text() == "before\n"


def compile_to(project: Path, text: str) -> None:
    (project / "handlers" / "hello" / "requirements.txt").write_text(text)


def test_the_projects_own_locks_name_no_place_and_no_machine() -> None:
    for each in lock.locks():
        text = (lock.PROJECT / each.output).read_text()
        assert "://" not in text and "--index" not in text and str(lock.PROJECT) not in text, each.output
        assert HASH in text


def test_the_command_says_which_lock_is_stale(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "PROJECT", project)
    assert lock.main(["--check"]) == 0
    shutil.rmtree(project / "handlers" / "hello")
    (project / "requirements-uv.lock").write_text("uv==0.13.8\n")
    assert lock.main(["--check"]) == 1
    assert capsys.readouterr().err == "requirements-uv.lock is stale: run `make lock`\n"
    assert lock.main(["--keep"]) == 0
    assert lock.main(["--check"]) == 0
