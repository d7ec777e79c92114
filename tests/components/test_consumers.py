"""A consumer gets the signals that it asks for, in the form that its kind reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.resource_types import RULE, TARGET
from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack_files import stack_settings
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
