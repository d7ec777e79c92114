"""A project with one function, how it is packaged, and a folder of wheels in place of a registry."""

from pathlib import Path
from typing import Any

import pytest

from components.packaging.archive import FunctionArchive, package
from tests.components.packaging.support import Build, Wheels, write_project


@pytest.fixture
def handlers(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def build(handlers: Path, tmp_path: Path) -> Build:
    """Package `hello`, for python3.13 on arm64 unless told otherwise."""

    def run(**changes: Any) -> FunctionArchive:
        arguments: dict[str, Any] = {
            "function": "hello",
            "runtime": "python3.13",
            "architecture": "arm64",
            "cache": tmp_path / "cache",
            "handlers": handlers,
        }
        arguments.update(changes)
        return package(arguments.pop("function"), **arguments)

    return run


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheels:
    made = Wheels(tmp_path / "wheels")
    monkeypatch.setenv("UV_FIND_LINKS", str(made.folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    return made
