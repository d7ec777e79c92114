"""The same rules as a Pulumi policy pack: the pack runs as Pulumi runs it, and is asked what Pulumi asks."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from policies.pulumi_pack import stack_of
from policies.rule import RULES, violations
from signals.recording.resources import Recording
from tests.policies.changes import Changes
from tests.policies.fixtures import Fixture, replication_is_off, the_alarm_has_a_dimension, the_secondary_keeps_a_day
from tests.policies.pulumi_engine import stack_args, stack_request
from tests.policies.test_rules import each_fixture

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnalyzerStub]:
    """The pack in a process of its own, started as Pulumi's Python host does, away from the project's folder."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", str(ROOT / "policies")]
    away = tmp_path_factory.mktemp("away")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=away) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield AnalyzerStub(channel)
        finally:
            process.kill()


def _broken(answer: proto.AnalyzeResponse) -> set[str]:
    return {d.policyName for d in answer.diagnostics if "can't run policy" not in d.message}


def test_the_pack_has_every_rule_at_its_level_with_its_remedy(pack: AnalyzerStub) -> None:
    info = pack.GetAnalyzerInfo(Empty())
    levels = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory"}
    assert {(p.name, levels[p.enforcementLevel], p.remediation_steps) for p in info.policies} == {
        (rule.id, rule.level, rule.remedy) for rule in RULES
    }


def test_a_stack_that_is_there_keeps_every_rule(pack: AnalyzerStub, platform: Recording) -> None:
    answer = pack.AnalyzeStack(stack_request(platform, deployed=True))
    assert [d.policyName + d.message for d in answer.diagnostics] == []


@each_fixture
def test_what_breaks_a_rule_of_the_recording_breaks_the_same_policy(
    rule_id: str, fixture: Fixture, prod: Recording, tmp_path: Path
) -> None:
    changes = Changes(prod, tmp_path)
    fixture(changes)
    broken = violations(stack_of(stack_args(changes.recording).resources))
    assert {violation.rule.id for violation in broken} == {rule_id}


def test_a_broken_policy_names_the_resource_and_the_remedy(pack: AnalyzerStub, prod: Recording, tmp_path: Path) -> None:
    changes = Changes(prod, tmp_path)
    replication_is_off(changes)
    (told,) = pack.AnalyzeStack(stack_request(changes.recording, deployed=True)).diagnostics
    assert (told.policyName, told.enforcementLevel) == ("EB-ENDPOINT-REPLICATION", proto.MANDATORY)
    assert told.urn.endswith("ingress-endpoint")
    assert "replication is DISABLED; set replicationConfig.state to ENABLED" in told.message


def test_the_first_preview_of_a_stack_breaks_nothing_and_says_what_it_cannot_know(
    pack: AnalyzerStub, platform: Recording
) -> None:
    answer = pack.AnalyzeStack(stack_request(platform, deployed=False))
    assert _broken(answer) == set()
    assert 0 < len(answer.diagnostics) < len(RULES) / 2


@pytest.mark.parametrize("fixture", [replication_is_off, the_alarm_has_a_dimension, the_secondary_keeps_a_day])
def test_the_first_preview_sees_what_needs_no_arn(fixture, pack: AnalyzerStub, prod: Recording, tmp_path: Path) -> None:
    changes = Changes(prod, tmp_path)
    fixture(changes)
    assert len(_broken(pack.AnalyzeStack(stack_request(changes.recording, deployed=False)))) == 1
