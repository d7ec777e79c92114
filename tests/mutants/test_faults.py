"""The list of faults keeps up with the code: `make mutants` itself is not part of `make test`."""

import ast
from pathlib import Path

import pytest

from components.resource_types import (
    ARCHIVE,
    ASYNC_CONFIG,
    MAPPING,
    PERMISSION,
    QUEUE,
    QUEUE_POLICY,
    ROLE,
    ROLE_POLICY,
    RULE,
    TARGET,
)
from signals.recording.resources import Recording
from tests.mutants import __main__ as mutants
from tests.mutants import faults, recorded
from tests.mutants.faults import Explanation, Fault
from tests.mutants.runner import Copy, Outcome

FAULTS = faults.load()
ROOT = faults.ROOT


def test_the_list_is_long_and_no_fault_has_anothers_name() -> None:
    assert len(FAULTS) >= 150
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)


# Faults that passed every test once.
ONCE_MISSED = {
    *("ingest-first-lost-only", "ingest-spool-first-batch-only", "ingest-spool-elsewhere", "api-spools-elsewhere"),
    *("forward-wrong-id", "enrichment-handler-hides-quarantine", "enrichment-quarantined-cut"),
    *("enrichment-no-time-for-quarantine", "return-own-region", "return-path-own-region"),
    *("lake-firehose-may-not-write", "lake-firehose-not-assumed", "consumer-lake-role-of-firehose"),
    *("lake-deletes-signals", "drained-may-not-delete", "drained-mapping-disabled", "api-may-not-invoke"),
    *("consumer-queue-keeps-a-minute", "consumer-may-not-write", "enrichment-may-not-quarantine"),
    "function-timeout-of-its-reserves",
}


def test_what_was_missed_once_stays_in_the_list_and_nothing_excuses_it() -> None:
    assert {fault.id for fault in FAULTS} >= ONCE_MISSED
    explained = [each.faults for each in faults.load_explanations() if any(map(each.covers, ONCE_MISSED))]
    assert explained == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_can_be_put_where_it_belongs_and_is_still_a_program(fault: Fault) -> None:
    before = (ROOT / fault.file).read_text()
    after = fault.applied_to(before)
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))
    assert fault.says and not fault.says.endswith(".")


def test_the_tests_that_should_catch_a_fault_are_there() -> None:
    for selection in sorted({test for fault in FAULTS for test in fault.tests}):
        file, _, test = selection.partition("::")
        assert (ROOT / file).exists(), selection
        if test:
            names = {
                node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)
            }
            assert test in names, selection


def test_a_text_that_is_gone_or_there_twice_is_an_error() -> None:
    fault = Fault("f", "file.py", "a = 1", "a = 2", "it is wrong", ("tests",))
    assert fault.applied_to("a = 1\n") == "a = 2\n"
    for text in ("", "a = 1\na = 1\n"):
        with pytest.raises(ValueError, match=r"f: file\.py"):
            fault.applied_to(text)


def test_every_fault_is_in_one_shard() -> None:
    assert sorted(one for part in "123" for one in faults.shard(range(10), f"{part}/3")) == list(range(10))
    for wrong in ("0/3", "4/3", "3", "a/b"):
        with pytest.raises(ValueError, match="1/4"):
            faults.shard([], wrong)


@pytest.mark.parametrize(
    ("verdicts", "explained", "code"),
    [
        (("caught",), (), mutants.CAUGHT),
        (("survived",), (), mutants.SURVIVORS),
        (("survived",), ("f-*",), mutants.CAUGHT),
        (("caught",), ("f-*",), mutants.SURVIVORS),  # it explains nothing
        (("broken", "survived"), (), mutants.NOT_JUDGED),
    ],
)
def test_a_survivor_without_a_reason_fails_and_so_does_a_reason_without_a_survivor(
    verdicts: tuple, explained: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = [Outcome(f"f-{number}", verdict, "") for number, verdict in enumerate(verdicts)]
    explanations = [Explanation(explained, "because")] if explained else []
    assert mutants.report(outcomes, explanations, whole=True) == code
    assert ("survivor: f-0" in capsys.readouterr().out) == (verdicts[0] == "survived" and not explained)


def test_every_explanation_gives_a_reason() -> None:
    for explanation in faults.load_explanations():
        assert explanation.faults and len(explanation.reason) > 30


@pytest.mark.long
def test_each_element_of_the_recording_is_taken_away_and_what_sees_it_is_named(prod: Recording) -> None:
    mutations = {each.id: each for each in recorded.mutations(prod)}
    assert len(mutations) > 500
    unchanged = set(map(id, prod.all))
    for each in mutations.values():
        assert len(unchanged - set(map(id, each.apply(prod).all))) == 1, each.id
    poller = "recorded: RolePolicy spool-us-west-2-republish-role-policy policy: no sqs:DeleteMessage"
    [deletes] = [each for name, each in mutations.items() if name.startswith(poller)]
    assert recorded.seen_by(deletes.apply(prod)) == "IAM-ROLE-SUFFICES"
    query = mutations["recorded: NamedQuery processing-us-west-2-lake-distinct removed"]
    assert recorded.seen_by(query.apply(prod)).startswith("tests/components/test_lake.py::")
    assert recorded.seen_by(prod) == ""


def test_every_kind_that_a_signal_depends_on_is_made_wrong_in_turn(prod: Recording) -> None:
    wrong = [each.id.split()[1] for each in recorded.mutations(prod)]
    for kind in (QUEUE, QUEUE_POLICY, ROLE, ROLE_POLICY, TARGET, RULE, MAPPING, PERMISSION, ASYNC_CONFIG, ARCHIVE):
        assert wrong.count(kind.rpartition(":")[2]) >= len(prod.resources(kind)) > 0, kind


@pytest.mark.long
def test_a_fault_is_caught_by_a_test_that_sees_it_and_survives_one_that_does_not(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    fault = next(fault for fault in FAULTS if fault.id == "packing-characters-for-bytes")
    seeing = "tests/handlers/test_packing.py::test_sizes_are_counted_in_utf8_bytes"
    blind = "tests/handlers/test_packing.py::test_nothing_needs_no_group"

    def judged(test: str) -> Outcome:
        return copy.judge(Fault(fault.id, fault.file, fault.find, fault.replace, fault.says, (test,)))

    assert judged(seeing) == Outcome(fault.id, "caught", seeing)
    assert judged(blind).verdict == "survived"
    assert judged("tests/handlers/test_packing.py::test_that_is_not_there").verdict == "broken"
    assert (tmp_path / fault.file).read_text() == (ROOT / fault.file).read_text()
