"""The same input gives the same bytes; another input gives others."""

import base64
import hashlib
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.errors import PackagingError
from components.packaging import dependencies as function_dependencies
from tests.components.packaging.support import Build, Wheels, names, write_project

LIBRARY = "py3-none-any"


def test_two_folders_two_umasks_and_two_times_give_the_same_bytes(build: Build, wheels: Wheels, tmp_path: Path) -> None:
    lock = wheels.add("library", LIBRARY, {"library/__init__.py": b"", "library/data.txt": b"data"})
    changes = {"hello/requirements.in": "library\n", "hello/requirements.txt": lock}
    before = os.umask(0o077)
    try:
        here = write_project(tmp_path / "here", changes)
        first = build(handlers=here, cache=tmp_path / "first")
        os.umask(0o002)
        there = write_project(tmp_path / "a longer way" / "there", dict(reversed(changes.items())))
        for path in there.rglob("*"):
            os.utime(path, (1_000_000_000, 1_000_000_000))
            path.chmod(0o777)
        second = build(handlers=there, cache=tmp_path / "second")
    finally:
        os.umask(before)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256_base64 == second.sha256_base64


def test_the_digest_is_the_archives_own_as_lambda_reports_it(build: Build) -> None:
    archive = build()
    digest = hashlib.sha256(archive.path.read_bytes()).digest()
    assert archive.sha256_base64 == base64.b64encode(digest).decode()


def test_entries_are_sorted_dated_1980_readable_by_all_and_stored(build: Build) -> None:
    """Stored: what deflate gives depends on the library that this machine's Python is linked with."""
    with zipfile.ZipFile(build().path) as archive:
        entries = archive.infolist()
    assert [e.filename for e in entries] == sorted(e.filename for e in entries)
    assert {e.date_time for e in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {e.external_attr >> 16 for e in entries} == {0o100644}
    assert {(e.compress_type, e.create_system, e.extra, e.comment) for e in entries} == {
        (zipfile.ZIP_STORED, 3, b"", b"")
    }


@pytest.mark.parametrize(
    "change",
    [
        {"hello/handler.py": "import handlers.shared.words\n# more\n"},
        {"shared/late.py": "late = 2\n"},
        {"hello/words.json": "{}"},
    ],
    ids=["handler", "imported late", "data"],
)
def test_another_source_gives_another_archive(build: Build, handlers: Path, change: dict[str, str]) -> None:
    before = build()
    write_project(handlers.parent, change)
    after = build()
    assert before.sha256_base64 != after.sha256_base64
    assert before.path != after.path


def test_another_extra_file_gives_another_archive(build: Build) -> None:
    hashes = {build(files=files).sha256_base64 for files in ({}, {"sources.json": b"{}"}, {"sources.json": b"[]"})}
    assert len(hashes) == 3


def test_what_is_not_shipped_changes_nothing(build: Build, handlers: Path) -> None:
    before = build()
    (handlers / "hello" / "README.md").write_text("changed")
    (handlers / "other" / "handler.py").write_text("changed = True")
    (handlers / "hello" / "__pycache__").mkdir()
    (handlers / "hello" / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"machine code")
    assert build() == before


def test_a_second_build_and_a_code_edit_do_not_run_uv(
    build: Build, handlers: Path, wheels: Wheels, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = wheels.add("library", LIBRARY, {"library/__init__.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "library\n", "hello/requirements.txt": lock})
    first = build()
    assert "installing" in capsys.readouterr().err

    def refuse() -> str:
        raise AssertionError("uv was run")

    monkeypatch.setattr(function_dependencies, "uv_binary", refuse)
    assert build() == first
    assert capsys.readouterr().err == "", "a build that is cached says nothing"
    (handlers / "hello" / "greeting.py").write_text("def greet(): return 'hello'\n")
    assert "library/__init__.py" in names(build())
    with pytest.raises(AssertionError, match="uv was run"):
        build(runtime="python3.14")


def test_a_changed_lock_is_installed_anew(build: Build, handlers: Path, wheels: Wheels) -> None:
    one = wheels.add("one", LIBRARY, {"one.py": b""})
    two = wheels.add("two", LIBRARY, {"two.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "one\n", "hello/requirements.txt": one})
    build()
    write_project(handlers.parent, {"hello/requirements.in": "one\ntwo\n", "hello/requirements.txt": one + two})
    assert {"one.py", "two.py"} <= names(build())


def test_builds_of_one_function_may_run_concurrently(
    build: Build, handlers: Path, wheels: Wheels, tmp_path: Path
) -> None:
    lock = wheels.add("library", LIBRARY, {"library/__init__.py": b"x" * 1_000_000})
    write_project(handlers.parent, {"hello/requirements.in": "library\n", "hello/requirements.txt": lock})
    with ThreadPoolExecutor(8) as pool:
        archives = list(pool.map(lambda _: build(), range(8)))
    assert len({(a.path, a.sha256_base64) for a in archives}) == 1
    assert zipfile.ZipFile(archives[0].path).testzip() is None
    kept = sorted(path.name.split("-")[0] for path in (tmp_path / "cache").iterdir())
    assert kept == ["dependencies", "hello"], "nothing half written stays"


def test_a_failed_build_leaves_nothing_in_the_cache(build: Build, handlers: Path, tmp_path: Path) -> None:
    (handlers / "hello" / "handler.py").write_text("import not_installed_anywhere\n")
    with pytest.raises(PackagingError):
        build()
    assert not list((tmp_path / "cache").glob("hello*"))


def test_archives_unused_for_weeks_are_forgotten(build: Build, tmp_path: Path) -> None:
    old, young = tmp_path / "cache" / "hello-old.zip", tmp_path / "cache" / "hello-young.zip"
    old.parent.mkdir()
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    build()
    assert (old.exists(), young.exists()) == (False, True)


def test_the_cache_can_be_moved(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALS_CACHE", str(tmp_path / "elsewhere"))
    assert build(cache=None).path.parent == tmp_path / "elsewhere"
