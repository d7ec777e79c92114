"""What the settings take, the real AWS provider takes too: each is drawn at its limits and beyond them."""

import json
import shutil
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.resource_types import FUNCTION
from components.setting_groups import Architecture, Runtime
from signals.errors import TerraformError
from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack_files import stack_settings
from signals.terraform.emit import emit
from signals.terraform.engine import Terraform
from tests.policies.changes import Changes
from tests.support.drawn import NOT_IN_TERRAFORM, stacks, taken

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
]


def refusals(recordings: list[Recording], folder: Path) -> list[str]:
    """What the provider says against any of these stacks, each a module of one configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    for number, recording in enumerate(recordings):
        (folder / f"s{number}").mkdir(parents=True)
        (folder / f"s{number}/main.tf.json").write_text(emit(recording).text())
    modules = {f"s{number}": {"source": f"./s{number}"} for number in range(len(recordings))}
    (folder / "main.tf.json").write_text(json.dumps({"module": modules}))
    terraform = Terraform(folder)
    try:
        terraform.init()
    except TerraformError as error:
        if "no available releases match" in str(error):
            return [str(error)]
        raise
    said = json.loads(terraform.call("validate", "-json").stdout)
    return [
        f"{each['address']} {each['summary']} {each['detail']}"
        for each in said["diagnostics"]
        if each["severity"] == "error"
    ]


@hypothesis_settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(several=st.lists(stacks, min_size=6, max_size=6))
def test_the_provider_takes_whatever_the_settings_take(
    tmp_path_factory: pytest.TempPathFactory, several: list[dict[str, list[Any]]]
) -> None:
    recordings = [record("prod", taken(drawn, without=NOT_IN_TERRAFORM)) for drawn in several]
    assert refusals(recordings, tmp_path_factory.mktemp("stacks")) == []


def test_an_empty_tag_is_refused_where_the_provider_cannot_do_it() -> None:
    """hashicorp/terraform-provider-aws#42247."""
    recording = record("dev", {**stack_settings("dev"), "tags": {"team": ""}})
    with pytest.raises(TerraformError, match=r"tag 'team' is empty, which the AWS provider cannot do: give it a value"):
        emit(recording)


@pytest.mark.parametrize("runtime", typing.get_args(Runtime))
def test_a_provider_that_does_not_know_a_runtime_is_not_chosen(runtime: str, dev: Recording, tmp_path: Path) -> None:
    """5.100 refuses python3.14 in the middle of a plan; `init` must refuse 5.100."""

    def on(architecture: str) -> Recording:
        changes = Changes(dev, tmp_path)
        for function in dev.resources(FUNCTION):
            changes.inputs("Function", function.name).update(runtime=runtime, architectures=[architecture])
        return changes.recording

    said = refusals([on(each) for each in typing.get_args(Architecture)], tmp_path / "stacks")
    assert all("no available releases match" in each for each in said), said
