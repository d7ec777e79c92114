"""What the scanners are given, and the suppressions."""

import json
from pathlib import Path

import pytest

from policies.scan import __main__ as scan
from policies.scan import scanners, suppressions
from policies.scan.plan import _merged
from policies.scan.scanners import Finding, ScannerError
from policies.scan.suppressions import Suppression, load
from signals.recording.resolve import resolved
from signals.recording.resources import Recording
from tests.policies.changes import Changes

OPEN = Finding("checkov", "CKV_1", "aws_s3_bucket.lake", "it is open")
KNOWN = Suppression(("CKV_1",), ("aws_s3_bucket.*",), "because")


def test_a_suppression_covers_its_checks_on_its_resources_alone() -> None:
    assert KNOWN.covers(OPEN)
    assert not KNOWN.covers(Finding("checkov", "CKV_2", OPEN.resource, ""))
    assert not KNOWN.covers(Finding("checkov", "CKV_1", "aws_sqs_queue.lake", ""))


def test_a_suppression_that_nothing_needs_is_named() -> None:
    twice = Suppression(("CKV_1", "CKV_2"), ("aws_s3_bucket.*", "aws_sqs_queue.*"), "because")
    assert KNOWN.unused([OPEN]) == []
    assert twice.unused([OPEN]) == ["CKV_2", "aws_sqs_queue.*"]


@pytest.mark.parametrize("entry", ["{checks: [A], resources: [b], reason: no}", "{checks: [A], reason: long enough}"])
def test_a_suppression_without_a_reason_is_refused(entry: str, tmp_path: Path) -> None:
    file = tmp_path / "suppressions.yaml"
    file.write_text(f"- {entry}")
    with pytest.raises(ScannerError, match="reason that explains"):
        load(file)


def test_ours_all_give_a_reason() -> None:
    assert len(load()) > 10


@pytest.mark.parametrize(("findings", "said"), [([], ""), ([OPEN], "CKV_1 aws_s3_bucket.lake: it is open")])
def test_a_finding_and_an_idle_suppression_fail_the_scan(
    findings: list[Finding], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scan, "_scan", lambda _stack: findings)
    idle = Suppression(("CKV_9",), ("*",), "because")
    monkeypatch.setattr(suppressions, "load", lambda: [idle])
    assert scan.main([]) == 1
    out = capsys.readouterr().out
    assert said in out and "nothing fails by CKV_9" in out


def test_findings_that_are_suppressed_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_scan", lambda _stack: [OPEN])
    monkeypatch.setattr(suppressions, "load", lambda: [KNOWN])
    assert scan.main([]) == 0


def test_what_a_plan_does_not_know_is_filled_in_and_what_it_knows_stays() -> None:
    planned = {"name": "orders", "policy": None, "rule": [{"days": 3, "arn": None}], "encryption": []}
    answer = {"//": "urn", "name": "other", "policy": "{}", "rule": [{"days": 9, "arn": "arn:aws:x"}], "id": "i"}
    assert _merged(planned, answer) == {
        "name": "orders",
        "policy": "{}",
        "rule": [{"days": 3, "arn": "arn:aws:x"}],
        "encryption": [],
        "id": "i",
    }


@pytest.mark.skipif(not scanners.BIN.is_dir(), reason="the scanners are not installed: make scan")
def test_parliament_reads_every_document_and_sees_an_action_that_does_not_exist(
    prod: Recording, tmp_path: Path
) -> None:
    assert scanners.parliament(prod) == []
    changes = Changes(prod, tmp_path)
    with changes.policy("RolePolicy", "heartbeat-role-policy") as statements:
        statements[0]["Action"] = "events:PutEvnets"
    found = {(f.resource, f.id) for f in scanners.parliament(changes.recording)}
    assert ("heartbeat-role-policy (policy)", "UNKNOWN_ACTION") in found


def test_no_reference_is_left_in_what_the_scanners_read(prod: Recording) -> None:
    text = json.dumps(resolved(prod).to_json()["resources"])
    assert "<<output" not in text and "arn:aws:sqs:us-west-2:444455556666:signals-prod-spool" in text
