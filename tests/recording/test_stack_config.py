"""A stack's config, from Pulumi.<stack>.yaml to the program."""

from pathlib import Path

import pytest

from signals.errors import Misuse, RecordError
from signals.recording.record import record

PROGRAM = """
import pulumi
config = pulumi.Config("signals")
pulumi.export("settings", config.require_object("settings"))
pulumi.export("other", pulumi.Config("aws").get("region") or "")
pulumi.export("name", config.get("name") or "")
pulumi.export("stack", pulumi.get_stack())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: signals\nruntime: python\n")
    settings = 'signals:settings: {name: dev, days: 3, keep: true, account: "0012"}'
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  {settings}\n  aws:region: us-west-2\n  name: x\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return tmp_path


def test_config_reaches_the_program_as_pulumi_would_hand_it_over(project: Path) -> None:
    assert record("dev", root=project).outputs == {
        "settings": {"name": "dev", "days": 3, "keep": True, "account": "0012"},
        "other": "us-west-2",
        "name": "x",
        "stack": "dev",
    }


def test_settings_can_be_replaced_by_a_value(project: Path) -> None:
    outputs = record("dev", {"name": "mine"}, root=project).outputs
    assert outputs["settings"] == {"name": "mine"}
    assert outputs["other"] == "us-west-2"


def test_settings_can_be_replaced_by_a_file(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "mine.yaml"
    other.write_text("config:\n  signals:settings: {name: filed}\n")
    assert record("dev", other, root=project).outputs["settings"] == {"name": "filed"}


def test_an_unknown_stack_is_an_error_that_lists_the_stacks(project: Path) -> None:
    with pytest.raises(
        Misuse, match=r"^there is no stack 'prd' \(Pulumi.prd.yaml is missing\): choose one of dev, prod$"
    ):
        record("prd", root=project)


def test_an_encrypted_value_is_an_error_that_names_it(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  signals:token: {secure: AAAB}\n")
    with pytest.raises(RecordError, match=r"Pulumi.dev.yaml: signals:token is encrypted"):
        record("dev", root=project)
