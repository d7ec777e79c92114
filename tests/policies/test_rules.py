"""Every stack keeps every rule, and each rule sees what breaks it."""

from pathlib import Path

import pytest

from policies import rules  # noqa: F401 - makes them known
from policies.rule import RULES, violations
from policies.view import recorded
from signals.recording.resources import Recording
from tests.policies.changes import Changes
from tests.policies.fixtures import FIXTURES, Fixture

each_fixture = pytest.mark.parametrize(
    ("rule_id", "fixture"), FIXTURES, ids=[f"{rule_id} {fixture.__name__}" for rule_id, fixture in FIXTURES]
)


def test_every_stack_keeps_every_rule(platform: Recording) -> None:
    assert [str(violation) for violation in violations(recorded(platform))] == []


@each_fixture
def test_what_breaks_a_rule_breaks_that_rule_alone(
    rule_id: str, fixture: Fixture, prod: Recording, tmp_path: Path
) -> None:
    changes = Changes(prod, tmp_path)
    fixture(changes)
    broken = violations(changes.stack)
    assert {violation.rule.id for violation in broken} == {rule_id}
    for violation in broken:
        assert violation.rule.remedy in str(violation)


def test_every_rule_has_something_that_breaks_it() -> None:
    assert {rule.id for rule in RULES} == {rule_id for rule_id, _ in FIXTURES}


def test_a_rule_has_one_id_and_says_why_with_its_source() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.why.endswith(".") and rule.source and rule.remedy


def test_a_role_that_a_service_is_denied_is_not_its_role(prod: Recording, tmp_path: Path) -> None:
    changes = Changes(prod, tmp_path)
    with changes.policy("Role", "ingress-replication", "assumeRolePolicy") as statements:
        statements[0]["Effect"] = "Deny"
    assert "EB-ENDPOINT-ROLE" in {violation.rule.id for violation in violations(changes.stack)}


def test_two_rules_on_two_buses_may_have_one_name(prod: Recording, tmp_path: Path) -> None:
    changes = Changes(prod, tmp_path)
    enrichment = changes.inputs("EventRule", "processing-us-west-2-enrichment-rule")
    changes.inputs("EventRule", "processing-us-west-2-lake-rule")["name"] = enrichment["name"]
    assert "NAMES-UNIQUE" not in {violation.rule.id for violation in violations(changes.stack)}


def test_compiled_modules_of_a_mac_break_no_rule(prod: Recording, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        for name in [name for name in files if name.endswith(".so")]:
            files[name] = b"\xcf\xfa\xed\xfe" + files[name][4:]  # Mach-O, 64-bit

    changes = Changes(prod, tmp_path)
    changes.archive("api-us-west-2-ingest-function", change)
    assert violations(changes.stack) == []
