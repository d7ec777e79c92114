"""The real terraform accepts what is written, and reads text back as it was."""

import json
import shutil
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from signals.recording.record import record, record_program
from signals.recording.resources import Recording
from signals.terraform.emit import emit, write
from signals.terraform.engine import Terraform
from tests.support import sample
from tests.support.sample import options

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


def test_secrets_reach_terraform_by_the_environment_alone(tmp_path: Path) -> None:
    recording = record_program(sample.secrets)
    write(recording, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if b"hunter2" in path.read_bytes()]
    terraform = Terraform(tmp_path)
    terraform.init()
    terraform.text("validate")
    assert _outputs(recording, tmp_path) == {
        "nested": [{"a": sample.SECRET}],
        "whole": {sample.SECRET: [1, sample.SECRET]},
    }


def test_text_comes_back_as_it_was(tmp_path: Path) -> None:
    def program() -> None:
        pulumi.export("values", TRICKY)
        pulumi.export("keys", dict.fromkeys(TRICKY, "x"))

    assert _outputs(record_program(program), tmp_path) == {"values": TRICKY, "keys": dict.fromkeys(TRICKY, "x")}


def test_text_around_references_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every text of up to five dollars, percents, braces and references: no sign before one may escape it."""
    texts = ["".join(text) for length in range(1, 6) for text in product("$%{}@", repeat=length) if "@" in text]

    def program() -> None:
        name = aws.sqs.Queue("q", opts=options()).name
        pulumi.export("values", [name.apply(lambda n, t=text: t.replace("@", n)) for text in texts])
        pulumi.export("keys", name.apply(lambda n: {text.replace("@", n): text for text in texts}))

    outputs = _outputs(record_program(program), tmp_path, {"aws_sqs_queue.q.name": "NAME"})
    assert outputs["values"] == [text.replace("@", "NAME") for text in texts]
    assert outputs["keys"] == {text.replace("@", "NAME"): text for text in texts}


def _outputs(recording: Recording, folder: Path, answers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What terraform says of a stack's outputs, with its resources left out and texts for what they answer."""
    write(recording, folder)
    main = folder / "main.tf.json"
    written = json.loads(main.read_text())
    text = json.dumps({key: written[key] for key in ("output", "variable") if key in written})
    values = {f"answer_{index}": answer for index, answer in enumerate((answers or {}).values())}
    for name, expression in zip(values, answers or {}, strict=True):
        text = text.replace(expression, f"local.{name}")
    main.write_text(json.dumps(json.loads(text) | {"locals": values}))
    terraform = Terraform(folder, environment=emit(recording).environment)
    terraform.init()
    terraform.run("apply")
    return {name: told["value"] for name, told in json.loads(terraform.text("output", "-json")).items()}
