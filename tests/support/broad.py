"""A program that uses every kind of resource and value, recorded once."""

import zipfile
from pathlib import Path

import pytest

from signals.recording.record import record_program
from signals.recording.resources import Recording
from tests.support import sample


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packages") / "function-0123abcd.zip"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("handler.py", "def handler(event, context): ...")
    return path


@pytest.fixture(scope="session")
def broad(archive: Path) -> Recording:
    return record_program(lambda: sample.broad(archive), stack="sample")
