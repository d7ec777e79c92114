"""A consumer gets the signals that it asks for, in the form that its kind reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.resource_types import FUNCTION, RULE, TABLE, TARGET
from signals.errors import TerraformError
from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack_files import stack_settings
from signals.terraform.emit import emit
from tests.support.reading import referred

SettingsOf = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_consumers_rule_is_on_the_data_bus_and_matches_what_enrichment_puts_and_the_consumer_asks_for(
    prod: Recording, dev: Recording, stack: str
) -> None:
    recording = {"prod": prod, "dev": dev}[stack]
    for consumer in stack_settings(stack)["consumers"]:
        rules = [r for r in recording.resources(RULE) if r.name.endswith(f"-{consumer['name']}-rule")]
        assert len(rules) == (2 if consumer.get("mode") == "active-active" else 1)
        for rule in rules:
            assert json.loads(rule.inputs["eventPattern"]) == {"source": ["signals"], **consumer.get("pattern", {})}
            bus = referred(recording, rule.inputs["eventBusName"])
            assert (bus.inputs["name"], bus.region) == (f"signals-{stack}-data", rule.region)


def test_a_pattern_of_the_settings_is_the_rules_pattern(settings_of: SettingsOf) -> None:
    pattern = {"detail-type": [{"prefix": "order."}], "detail": {"producer": ["shop"]}}
    consumers = [{"name": "lake", "kind": "lake"}, {"name": "orders", "kind": "queue", "pattern": pattern}]
    recording = record("dev", {**settings_of("dev"), "consumers": consumers})
    (rule,) = [r for r in recording.resources(RULE) if r.name.endswith("-orders-rule")]
    assert json.loads(rule.inputs["eventPattern"]) == {"source": ["signals"], **pattern}


def test_a_lake_and_a_queue_get_the_signal_and_a_function_the_whole_event(prod: Recording) -> None:
    for target in prod.resources(TARGET):
        if "processing" not in target.name or target.name.endswith("enrichment-target"):
            continue
        function = "lambda/alias" in target.inputs["arn"]
        assert target.inputs.get("inputPath") == (None if function else "$.detail"), target.name


def test_the_tables_of_a_protected_stack_cannot_be_deleted_and_a_replica_has_the_tables_tags(
    prod: Recording, dev: Recording, local: Recording
) -> None:
    for recording, protected in ((prod, True), (dev, None), (local, None)):
        for table in recording.resources(TABLE):
            assert table.inputs.get("deletionProtectionEnabled") is protected, table.name
            assert all(replica["propagateTags"] is True for replica in table.inputs.get("replicas", ()))
    assert any(table.inputs.get("replicas") for table in prod.resources(TABLE))


def test_a_stack_may_say_what_its_tables_take_from_the_start(settings_of: SettingsOf) -> None:
    warm = record("prod", {**settings_of("prod"), "tables": {"warm_writes_per_second": 20_000}})
    assert warm.resources(TABLE)
    for table in warm.resources(TABLE):
        assert table.inputs["warmThroughput"] == {"writeUnitsPerSecond": 20_000}
    with pytest.raises(TerraformError, match=r"hashicorp/aws 5\.100\.0 has no property warmThroughput"):
        emit(warm)


def test_ingest_may_have_concurrency_of_its_own(prod: Recording, settings_of: SettingsOf) -> None:
    raw = settings_of("prod")
    reserved = record("prod", {**raw, "ingest": {**raw["ingest"], "reserved_concurrency": 400}})
    found = {f.inputs["name"]: f.inputs.get("reservedConcurrentExecutions") for f in reserved.resources(FUNCTION)}
    assert found.pop("signals-prod-ingest") == 400
    assert found.pop("signals-prod-ingest-healthcheck") == 10
    assert set(found.values()) == {None}
    assert not any("reservedConcurrentExecutions" in f.inputs for f in prod.resources(FUNCTION))
