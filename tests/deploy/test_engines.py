"""Choosing an engine, and following what it does."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from components.resource_types import BUS
from components.settings import load_settings
from signals.deploy.engine_pulumi import LocalPulumi, Pulumi
from signals.deploy.engine_terraform import TerraformEngine, follow
from signals.deploy.engines import EngineChoice, EngineName, choose_engine
from signals.errors import Failed, Misuse
from signals.local.identity import Identity
from signals.local.process import Local
from signals.stack import Stack
from signals.stack_files import ROOT
from signals.terminal.progress import Progress
from tests.support.hand_made import SETTINGS

RUNNING = Local(Path("home"), pid=1, aws_port=1, port=2, identity=Identity("f00", "test"))


LOCAL = Stack("test", load_settings(SETTINGS), SETTINGS)
LOCAL.aws.__dict__["platform"] = RUNNING  # in place of the cached property, which asks the process
_CLOUD = {key: value for key, value in SETTINGS.items() if key not in ("aws_endpoint", "functions")}
CLOUD = Stack("cloud", load_settings(_CLOUD), _CLOUD)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts commands of the given names, which do nothing, alone on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def install(*names: str, script: str = "exit 0") -> None:
        for name in names:
            (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / "bin" / name).chmod(0o755)

    return install


@pytest.mark.parametrize(
    ("commands", "stack", "engine"),
    [
        (("pulumi", "terraform"), LOCAL, LocalPulumi),
        (("pulumi", "terraform"), CLOUD, Pulumi),
        (("terraform",), LOCAL, TerraformEngine),
        (("terraform",), CLOUD, TerraformEngine),
    ],
)
def test_pulumi_deploys_where_it_is_installed_else_terraform(
    installed: Any, commands: tuple[str, ...], stack: Stack, engine: type
) -> None:
    installed(*commands)
    assert type(choose_engine(stack, EngineChoice())) is engine


def test_the_engine_that_is_asked_for_is_taken(installed: Any) -> None:
    installed("pulumi", "terraform")
    assert choose_engine(LOCAL, EngineChoice(EngineName.TERRAFORM)).name == "terraform"


def test_a_missing_engine_is_told_with_where_to_get_it(installed: Any) -> None:
    with pytest.raises(Failed, match=r"neither the pulumi nor the terraform CLI was found: install one"):
        choose_engine(LOCAL, EngineChoice())
    installed("pulumi")
    with pytest.raises(Failed, match=r"the terraform CLI was not found: install it \(https://"):
        choose_engine(LOCAL, EngineChoice(EngineName.TERRAFORM))


def test_a_state_bucket_is_for_terraform_on_aws(installed: Any) -> None:
    installed("pulumi", "terraform")
    bucket = EngineChoice(EngineName.TERRAFORM, "states")
    engine = choose_engine(CLOUD, bucket)
    assert isinstance(engine, TerraformEngine)
    assert engine.backend is not None
    assert (engine.backend.key, engine.backend.region) == ("signals/cloud.tfstate", "us-west-2")
    for stack, wanted in ((LOCAL, bucket), (CLOUD, EngineChoice(None, "states"))):
        with pytest.raises(Misuse, match="--backend-bucket"):
            choose_engine(stack, wanted)


def test_pulumi_on_aws_that_fails_is_told_with_its_command(installed: Any) -> None:
    installed("pulumi", script="exit 255")
    with pytest.raises(Failed, match=r"`pulumi preview --stack cloud` ended with 255"):
        Pulumi(CLOUD).preview(Progress(Console(file=io.StringIO())))


# The last version that takes a file for its events; later ones call back over gRPC.
FAKE_PULUMI = """
echo "$@" >> "$CALLS"
case "$*" in
  version*) echo v3.205.0 ;;
  *"stack output"*) echo '{}' ;;
  *"stack history"*) echo '[{"kind":"update","startTime":"2026-01-01T00:00:00.000Z","message":"","environment":{},'\
'"config":{},"result":"succeeded","endTime":"2026-01-01T00:00:01.000Z","version":1,"resourceChanges":{}}]' ;;
  *" up "*)
    while [ "$1" != "--event-log" ]; do shift; done
    cat "$EVENTS" > "$2"
    cat Pulumi.yaml Pulumi.test.yaml
    [ -z "$FAILURE" ] || { echo "error: $FAILURE" >&2; exit 1; } ;;
esac
"""


def pulumi_event(kind: str, resource: str, type_: str, sequence: int) -> str:
    metadata = {
        "op": "create",
        "urn": f"urn:pulumi:test::signals::{type_}::{resource}",
        "type": type_,
        "provider": "",
        "detailedDiff": None,
    }
    return json.dumps({"sequence": sequence, "timestamp": 1, kind: {"metadata": metadata}})


@pytest.fixture
def pulumi(installed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pulumi CLI that writes down how it is called and reports two resources, one of them a component."""
    path = os.environ["PATH"]
    installed("pulumi", script=FAKE_PULUMI)
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    events = [
        pulumi_event("resourcePreEvent", "ingress", "signals:index:ActiveArchivePair", 1),
        pulumi_event("resourcePreEvent", "ingress-bus-us-west-2", BUS, 2),
        pulumi_event("resOutputsEvent", "ingress-bus-us-west-2", BUS, 3),
        json.dumps({"sequence": 4, "timestamp": 1, "cancelEvent": {}}),
    ]
    (tmp_path / "events").write_text("\n".join(events) + "\n")
    for name in ("EVENTS", "CALLS"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path


def test_pulumi_deploys_the_local_stack_from_copies_and_leaves_the_repo_alone(pulumi: Path) -> None:
    before = sorted(path.name for path in ROOT.iterdir())
    clock, file = Clock(), io.StringIO()
    with Progress(Console(file=file, width=200), clock) as progress:
        LocalPulumi(LOCAL, pulumi / "home").deploy(progress)
        assert progress.done == 1, "a component is no resource of its own"
    project = yaml.safe_load((pulumi / "home" / "Pulumi.yaml").read_text())
    assert (project["name"], project["main"]) == ("signals", str(ROOT))
    config = yaml.safe_load((pulumi / "home" / "Pulumi.test.yaml").read_text())
    assert config["config"]["signals:settings"]["aws_endpoint"] == SETTINGS["aws_endpoint"]
    calls = (pulumi / "calls").read_text()
    assert "stack init test" in calls or "stack select --stack test" in calls
    assert "up --yes --skip-preview" in calls
    assert sorted(path.name for path in ROOT.iterdir()) == before


def test_what_pulumi_says_of_a_failure_is_told(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILURE", "no such bucket")
    with pytest.raises(Failed, match="no such bucket"), Progress(Console(file=io.StringIO())) as progress:
        LocalPulumi(LOCAL, pulumi / "home").deploy(progress)


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(events: list[tuple[float, dict[str, Any]]]) -> str:
    """What a display without a terminal says while terraform sends events at the given seconds."""
    file, clock = io.StringIO(), Clock()
    with Progress(Console(file=file, width=300), clock) as progress:
        progress.phase("terraform apply")
        for at, event in events:
            clock.now = at
            follow(event, progress)
    return file.getvalue()


def hook(kind: str, address: str, action: str = "create") -> dict[str, Any]:
    return {"type": kind, "hook": {"resource": {"addr": address}, "action": action}}


def test_without_a_terminal_there_is_a_line_a_phase_and_one_about_every_ten_seconds() -> None:
    summary = {"type": "change_summary", "changes": {"operation": "plan", "add": 3, "change": 0, "remove": 0}}
    text = told(
        [
            (1, summary),
            (2, hook("apply_start", "aws_sqs_queue.a")),
            (2, hook("apply_start", "aws_sqs_queue.b")),
            (3, hook("apply_complete", "aws_sqs_queue.a")),
            (12, hook("apply_progress", "aws_sqs_queue.b")),
            (15, hook("apply_complete", "aws_sqs_queue.b")),
            (23, hook("apply_start", "aws_lambda_function.c")),
            (25, hook("apply_complete", "aws_lambda_function.c")),
        ]
    )
    assert text.splitlines() == [
        "[0:00] terraform apply …",
        "[0:12]   1 of 3 resources, now aws_sqs_queue.b",
        "[0:23]   2 of 3 resources, now aws_lambda_function.c",
    ]


def test_reading_is_no_progress() -> None:
    assert told([(11, hook("apply_complete", "data.x", "read"))]).splitlines()[1:] == [
        "[0:11]   still: terraform apply"
    ]


def test_the_terminals_display_shows_what_is_under_way() -> None:
    file, clock = io.StringIO(), Clock()
    console = Console(file=file, force_terminal=True, color_system=None, width=100)
    with Progress(console, clock) as progress:
        progress.phase("terraform apply")
        progress.expect(2)
        progress.started("aws_sqs_queue.a")
        clock.now = 7
        console.print(progress._display.get_renderable())
        progress.finished("aws_sqs_queue.a")
    text = file.getvalue()
    assert "0 of 2 resources" in text
    assert "aws_sqs_queue.a 0:07" in text
    assert "(1 of 2 resources)" in text
