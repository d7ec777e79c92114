"""`signals policy` as a person and a program read it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import signals.recording.record
from policies.rule import RULES
from signals.cli.app import app
from signals.recording.resources import Recording
from tests.policies.changes import Changes
from tests.policies.fixtures import a_drill_was_left_on, replication_is_off


@pytest.fixture
def broken(prod: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    changes = Changes(prod, tmp_path)
    monkeypatch.setattr(signals.recording.record, "record", lambda _stack: changes.recording)
    return changes


def test_a_mandatory_violation_is_a_line_with_its_remedy_and_exit_code_1(broken: Changes) -> None:
    replication_is_off(broken)
    told = CliRunner().invoke(app, ["policy", "--stack", "prod"])
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        (
            "EB-ENDPOINT-REPLICATION mandatory ingress-endpoint: replication is DISABLED; "
            "set replicationConfig.state to ENABLED and give the endpoint its roleArn"
        )
    ]


def test_an_advisory_violation_is_told_and_passes(broken: Changes) -> None:
    a_drill_was_left_on(broken)
    told = CliRunner().invoke(app, ["policy", "--stack", "prod"])
    assert (told.exit_code, told.stdout.split()[:3]) == (0, ["EB-HEALTH-HELD", "advisory", "failover-check:"])


def test_json_says_why_and_by_what_source(broken: Changes) -> None:
    replication_is_off(broken)
    told = CliRunner().invoke(app, ["policy", "--stack", "prod", "--json"])
    answer = json.loads(told.stdout)
    assert (answer["stack"], answer["rules"]) == ("prod", len(RULES))
    (violation,) = answer["violations"]
    assert set(violation) == {"id", "level", "resource", "urn", "what", "remedy", "why", "source"}
