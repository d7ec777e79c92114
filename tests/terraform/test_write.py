"""A configuration on disk: what is written, what is cleared away, what is left alone."""

import json
from pathlib import Path

import pulumi_aws as aws
import pytest

from signals.errors import TerraformError
from signals.recording.record import record_program
from signals.recording.resources import Recording
from signals.terraform.emit import write
from tests.support.sample import options


def _one_queue() -> Recording:
    return record_program(lambda: aws.sqs.Queue("q", opts=options()))


def test_the_configuration_and_its_archives_are_written(broad: Recording, archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert write(broad, out) == [out / "main.tf.json", out / "functions/function.zip"]
    assert (out / "functions/function.zip").read_bytes() == archive.read_bytes()
    assert json.loads((out / "main.tf.json").read_text())["//"]["stack"] == "sample"


def test_writing_again_removes_what_is_stale_and_nothing_else(broad: Recording, tmp_path: Path) -> None:
    write(broad, tmp_path)
    kept = [tmp_path / "terraform.tfstate", tmp_path / "functions/mine.zip", tmp_path / "override.tf"]
    for file in kept:
        file.write_text("mine")
    assert write(_one_queue(), tmp_path) == [tmp_path / "main.tf.json"]
    assert not (tmp_path / "functions/function.zip").exists()
    assert all(file.exists() for file in kept)


def test_a_main_file_of_another_origin_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "main.tf.json").write_text('{"resource": {}}')
    with pytest.raises(TerraformError, match=r"was not written by `signals terraform`"):
        write(_one_queue(), tmp_path)
    assert (tmp_path / "main.tf.json").read_text() == '{"resource": {}}'


def test_what_a_forged_mark_names_outside_the_folders_stays(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    out = tmp_path / "out"
    write(_one_queue(), out)
    document = json.loads((out / "main.tf.json").read_text())
    (out / "functions").mkdir()
    document["//"]["files"] = ["functions/../../precious", "../precious"]
    (out / "main.tf.json").write_text(json.dumps(document))
    write(_one_queue(), out)
    assert (tmp_path / "precious").exists()
