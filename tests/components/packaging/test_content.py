"""What is in an archive, and what is refused."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from components.errors import PackagingError
from components.packaging import archive as packaging
from tests.components.packaging.support import Build, Wheels, elf, names, write_project

AARCH64, X86_64 = 0xB7, 0x3E  # System V ABI, e_machine
ABI3 = "cp38-abi3-manylinux_2_28_aarch64"


def test_an_archive_holds_the_functions_folder_and_what_is_shared_and_nothing_left_over(build: Build) -> None:
    assert names(build(files={"sources.json": b"{}"})) == {
        "handlers/__init__.py",
        "handlers/hello/__init__.py",
        "handlers/hello/handler.py",
        "handlers/hello/greeting.py",
        "handlers/hello/unused.py",
        "handlers/hello/words.json",
        "handlers/shared/__init__.py",
        "handlers/shared/words.py",
        "handlers/shared/late.py",
        "handlers/shared/unused.py",
        "handlers/shared/deep/__init__.py",
        "handlers/shared/deep/inner.py",
        "sources.json",
    }


@pytest.mark.parametrize(
    "left_over",
    [
        *("handler.py~", "handler.py.swp", "handler.py.orig", "handler.py.rej", "handler.py.bak", "words.json.old"),
        *("fix.patch", "debug.log", "core", "nohup.out", "Thumbs.db", "handler copy.py", "handler (1).py", "README.md"),
        *("test_handler.py", "conftest.py", "tests/test_a.py", "htmlcov/index.html", "hello.egg-info/PKG-INFO"),
        *(".env", ".DS_Store", ".idea/workspace.xml", "#handler.py#", "__pycache__/handler.pyc", "requirements.in"),
    ],
)
def test_what_people_and_tools_leave_behind_is_never_shipped(build: Build, handlers: Path, left_over: str) -> None:
    before = names(build())
    (handlers / "hello" / left_over).parent.mkdir(parents=True, exist_ok=True)
    (handlers / "hello" / left_over).write_text("")
    assert names(build()) == before


@pytest.mark.parametrize("kept", ["score.py", "core/model.json", "prompt.txt", "tested.py", "blog.py", "patch.py"])
def test_what_a_function_may_need_is_shipped(build: Build, handlers: Path, kept: str) -> None:
    (handlers / "hello" / kept).parent.mkdir(parents=True, exist_ok=True)
    (handlers / "hello" / kept).write_text("")
    assert f"handlers/hello/{kept}" in names(build())


@pytest.mark.parametrize("condition", ["typing.TYPE_CHECKING", "TYPE_CHECKING"])
def test_what_only_a_type_checker_imports_is_not_asked_for(build: Build, handlers: Path, condition: str) -> None:
    text = f"import typing\nif {condition}:\n    import some_stubs, handlers.shared.unused\nelse:\n    import json\n"
    (handlers / "hello" / "handler.py").write_text(text)
    build()


def test_a_shared_module_asks_for_its_packages_only_where_it_is_used(build: Build, handlers: Path) -> None:
    build()  # although handlers/shared/unused.py imports what is not there
    (handlers / "hello" / "greeting.py").write_text("def greet():\n    from handlers.shared import unused\n")
    with pytest.raises(PackagingError, match=r"handlers/shared/unused\.py imports nothing_of_this_name"):
        build()


def test_what_an_installer_leaves_of_its_machine_stays_out(build: Build, handlers: Path, wheels: Wheels) -> None:
    files = {
        "library/__init__.py": b"",
        "library/__init__.pyi": b"",
        "library-1.0.dist-info/entry_points.txt": b"[console_scripts]\nlibrary = library:main\n",
        "library-1.0.dist-info/licenses/LICENSE": b"MIT",
    }
    lock = wheels.add("library", "py3-none-any", files)
    write_project(handlers.parent, {"hello/requirements.in": "library\n", "hello/requirements.txt": lock})
    assert {name for name in names(build()) if not name.startswith("handlers/")} == {
        "library/__init__.py",
        "library-1.0.dist-info/METADATA",
        "library-1.0.dist-info/WHEEL",
        "library-1.0.dist-info/entry_points.txt",
        "library-1.0.dist-info/licenses/LICENSE",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import signals.cli", "handlers/hello/handler.py imports signals, but functions are shipped without it"),
        ("from components import settings", "imports components, but functions are shipped without it"),
        ("from handlers.nowhere import it", "imports handlers.nowhere, which is neither in handlers/hello/ nor"),
        ("import handlers.other.handler", "imports handlers.other.handler, which is neither in handlers/hello/ nor"),
        ("from .nowhere import it", "imports handlers.hello.nowhere, which is neither in"),
        ("try:\n    pass\nexcept OSError:\n    import requests", "imports requests, which is not in the archive"),
        ("import requests", "imports requests, which is not in the archive: list the package"),
        ("import (", r"handler.py, line 1: .*: correct it"),
    ],
)
def test_an_import_that_would_fail_in_lambda_fails_the_build(
    build: Build, handlers: Path, text: str, message: str
) -> None:
    (handlers / "hello" / "handler.py").write_text(text + "\n")
    with pytest.raises(PackagingError, match=message):
        build()


def test_the_aws_sdk_comes_with_lambda(build: Build, handlers: Path) -> None:
    (handlers / "hello" / "handler.py").write_text("import boto3, botocore.config\n")
    build()


def test_a_function_without_a_handler_is_refused(build: Build) -> None:
    with pytest.raises(PackagingError, match=r"there is no handlers/nobody/handler\.py: write it"):
        build(function="nobody")


def test_a_requirement_that_is_not_locked_is_refused(build: Build, handlers: Path) -> None:
    (handlers / "hello" / "requirements.in").write_text("Some_Library>=1  # why\n")
    with pytest.raises(PackagingError, match=r"requirements\.txt lacks some-library: run `make lock`"):
        build()


def test_a_function_that_declares_awscrt_is_refused_without_it(build: Build, handlers: Path, wheels: Wheels) -> None:
    lock = wheels.add("awscrt", "py3-none-any", {"awscrt/__init__.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "awscrt\n", "hello/requirements.txt": lock})
    with pytest.raises(PackagingError, match=r"lacks _awscrt.*SigV4A.*requirements\.in and run `make lock`"):
        build()


def test_a_function_that_imports_awscrt_is_refused_without_it(build: Build, handlers: Path) -> None:
    (handlers / "hello" / "greeting.py").write_text("def greet():\n    import awscrt.auth\n")
    with pytest.raises(PackagingError, match="lacks _awscrt"):
        build()


def test_awscrt_for_another_cpu_is_refused(build: Build, handlers: Path, wheels: Wheels) -> None:
    lock = wheels.add("awscrt", ABI3, {"_awscrt.abi3.so": elf(X86_64), "awscrt/__init__.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "awscrt\n", "hello/requirements.txt": lock})
    with pytest.raises(PackagingError, match=r"_awscrt\.abi3\.so is not for python3\.13 on arm64"):
        build()


def test_awscrt_for_the_functions_cpu_is_taken(build: Build, handlers: Path, wheels: Wheels) -> None:
    lock = wheels.add("awscrt", ABI3, {"_awscrt.abi3.so": elf(AARCH64), "awscrt/__init__.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "awscrt\n", "hello/requirements.txt": lock})
    assert "_awscrt.abi3.so" in names(build())


def test_a_module_compiled_for_another_python_is_refused(build: Build, handlers: Path, wheels: Wheels) -> None:
    lock = wheels.add("fast", "py3-none-any", {"fast.cpython-311-aarch64-linux-gnu.so": elf(AARCH64)})
    write_project(handlers.parent, {"hello/requirements.in": "fast\n", "hello/requirements.txt": lock})
    with pytest.raises(PackagingError, match=r"is for Python 3\.11, not for python3\.13"):
        build()


@pytest.mark.parametrize("tag", ["cp313-cp313-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_28_aarch64"])
def test_a_wheel_for_another_cpu_or_python_is_missing(build: Build, handlers: Path, wheels: Wheels, tag: str) -> None:
    lock = wheels.add("fast", tag, {"fast.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "fast\n", "hello/requirements.txt": lock})
    with pytest.raises(
        PackagingError, match=r"fast 1\.0 has no wheel for python3\.13 on arm64 \(Lambda\): name a version that has one"
    ):
        build()


def test_nothing_is_compiled_on_this_machine(build: Build, handlers: Path, wheels: Wheels) -> None:
    lock = wheels.add_source("fast")
    write_project(handlers.parent, {"hello/requirements.in": "fast\n", "hello/requirements.txt": lock})
    with pytest.raises(PackagingError, match=r"fast 1\.0 has no wheel"):
        build()


@pytest.mark.parametrize(("runtime", "fits"), [("python3.11", False), ("python3.12", True)])
def test_python_3_11_has_the_older_libc(build: Build, handlers: Path, wheels: Wheels, runtime: str, fits: bool) -> None:
    """python3.11 runs on Amazon Linux 2 (glibc 2.26), later ones on Amazon Linux 2023 (2.34)."""
    lock = wheels.add("fast", "py3-none-manylinux_2_34_aarch64", {"fast.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "fast\n", "hello/requirements.txt": lock})
    if fits:
        assert "fast.py" in names(build(runtime=runtime))
    else:
        with pytest.raises(PackagingError, match="has no wheel"):
            build(runtime=runtime)


def test_a_wheel_that_is_not_the_locked_one_is_refused(build: Build, handlers: Path, wheels: Wheels) -> None:
    lock = wheels.add("library", "py3-none-any", {"library.py": b"good"})
    wheels.add("library", "py3-none-any", {"library.py": b"evil"})
    write_project(handlers.parent, {"hello/requirements.in": "library\n", "hello/requirements.txt": lock})
    with pytest.raises(PackagingError, match=r"not what handlers/hello/requirements\.txt locks; do not deploy"):
        build()


def test_a_line_without_a_hash_is_refused(build: Build, handlers: Path, wheels: Wheels) -> None:
    wheels.add("library", "py3-none-any", {"library.py": b""})
    write_project(handlers.parent, {"hello/requirements.in": "library\n", "hello/requirements.txt": "library==1.0\n"})
    with pytest.raises(PackagingError, match="hash"):
        build()


def test_a_registry_that_does_not_answer_is_named(
    build: Build, handlers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")  # the discard port: nobody listens
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    lock = f"library==1.0 --hash=sha256:{'0' * 64}\n"
    write_project(handlers.parent, {"hello/requirements.in": "library\n", "hello/requirements.txt": lock})
    with pytest.raises(PackagingError, match="the package registry does not answer: connect, then run it again"):
        build()


def test_two_files_of_one_name_are_refused(build: Build) -> None:
    with pytest.raises(PackagingError, match=r"handlers/__init__\.py would be in the archive twice"):
        build(files={"handlers/__init__.py": b""})


def test_an_archive_that_lambda_would_refuse_names_its_largest_files(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaging, "MAX_UPLOAD_BYTES", 1_000)
    with pytest.raises(PackagingError, match=r"more than .* the largest files are big\.bin"):
        build(files={"big.bin": b"x" * 2_000})


@pytest.mark.parametrize("runtime", ["python3.9", "nodejs22.x"])
def test_a_runtime_that_is_no_supported_python_is_refused(build: Build, runtime: str) -> None:
    with pytest.raises(PackagingError, match=r"choose python3\.11 or newer"):
        build(runtime=runtime)


def test_host_archives_are_for_this_python_and_cpu_only(build: Build) -> None:
    ours = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    theirs = "x86_64" if ours == "arm64" else "arm64"
    runtime = f"python3.{sys.version_info.minor}"
    build(platform="host", runtime=runtime, architecture=ours)
    for other in ({"architecture": theirs, "runtime": runtime}, {"architecture": ours, "runtime": "python3.19"}):
        with pytest.raises(PackagingError, match=r"set functions\.runtime and functions\.architecture to host"):
            build(platform="host", **other)
