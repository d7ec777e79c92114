"""The real terraform accepts what is written, and reads text back as it was."""

import json
import shutil
from pathlib import Path

import pulumi
import pytest

from signals.recording.record import record, record_program
from signals.recording.resources import Recording
from signals.terraform.emit import write
from signals.terraform.engine import Terraform

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
]

TRICKY = [
    *("${a}", "$${a}", "$$${a}", "%{if x}", "%%{if x}", "$", "$$", "$%{x}", "%${x}", "${", "a${b}${c}%{d}"),
    *('{"a": "b\\\\c ${d}"}', "!{timestamp:yyyy}", "{{x}}", "é\n\t<<EOT", "~}", '"${x}"'),
]


def test_a_broad_sample_is_valid(broad: Recording, tmp_path: Path) -> None:
    write(broad, tmp_path)
    terraform = Terraform(tmp_path)
    terraform.init()
    terraform.text("validate")


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_every_stack_is_valid(stack: str, tmp_path: Path) -> None:
    write(record(stack), tmp_path)
    terraform = Terraform(tmp_path)
    terraform.init()
    terraform.text("validate")


def test_text_comes_back_as_it_was(tmp_path: Path) -> None:
    def program() -> None:
        pulumi.export("values", TRICKY)
        pulumi.export("keys", dict.fromkeys(TRICKY, "x"))

    write(record_program(program), tmp_path)
    # Without resources there is no need of a provider.
    main = tmp_path / "main.tf.json"
    main.write_text(main.read_text().replace('"required_providers"', '"//"'))
    terraform = Terraform(tmp_path)
    terraform.init()
    terraform.run("apply")
    output = {name: told["value"] for name, told in json.loads(terraform.text("output", "-json")).items()}
    assert output == {"values": TRICKY, "keys": dict.fromkeys(TRICKY, "x")}
