"""Where things are: every child in the Region it belongs to, and the pair alike."""

import re
from collections import Counter

from components.resource_types import ALIAS, BUS, FUNCTION, QUEUE, STREAM, TABLE
from signals.recording.record import record
from signals.recording.resources import Declared, Recording
from signals.stack_files import stack_settings
from tests.support.reading import referred, role_statements

PRIMARY, SECONDARY = "us-west-2", "us-east-1"
REGION_IN_NAME = re.compile(r"us-west-2|us-east-1")


def test_every_resource_is_pinned_to_a_provider_of_one_of_the_two_regions(platform: Recording) -> None:
    custom = [r for r in platform.all if r.custom and not r.is_provider]
    assert len(custom) > 100
    assert {r.region for r in custom} == {PRIMARY, SECONDARY}


def test_a_resource_named_after_a_region_is_in_it(platform: Recording) -> None:
    named = [r for r in platform.all if r.custom and not r.is_provider and REGION_IN_NAME.search(r.name)]
    assert len(named) > 50
    for resource in named:
        assert {resource.region} == set(REGION_IN_NAME.findall(resource.name)), resource.urn


def test_no_resource_sets_a_region_itself(platform: Recording) -> None:
    # hashicorp/aws 5.100 knows no `region` argument: the provider alone decides.
    assert [r.urn for r in platform.all if not r.is_provider and "region" in r.inputs] == []


def test_every_resource_belongs_to_a_component(platform: Recording) -> None:
    assert [r.urn for r in platform.all if r.custom and not r.is_provider and r.component is None] == []


def test_providers_are_pinned_to_the_stacks_account(prod: Recording) -> None:
    providers = [r for r in prod.all if r.is_provider]
    assert {(p.inputs["region"], *p.inputs["allowedAccountIds"]) for p in providers} == {
        (PRIMARY, "444455556666"),
        (SECONDARY, "444455556666"),
    }


def test_only_the_embedded_aws_is_given_an_endpoint_and_credentials(prod: Recording, local: Recording) -> None:
    for provider in (r for r in prod.all if r.is_provider):
        assert not {"endpoints", "accessKey", "secretKey"} & set(provider.inputs)
        assert not provider.inputs.get("skipCredentialsValidation")
    for provider in (r for r in local.all if r.is_provider):
        (endpoints,) = provider.inputs["endpoints"]
        assert set(endpoints.values()) == {"http://127.0.0.1:4566"}


def test_both_regions_have_ingest_its_spool_and_its_republisher(platform: Recording) -> None:
    for region in (PRIMARY, SECONDARY):
        names = {f.inputs["name"].rpartition("-")[2] for f in platform.resources(FUNCTION, region=region)}
        assert {"ingest", "republish"} <= names


def test_an_archive_region_processes_nothing(dev: Recording) -> None:
    names = {f.inputs["name"] for f in dev.resources(FUNCTION, region=SECONDARY)}
    assert names == {"signals-dev-ingest", "signals-dev-republish", "signals-dev-return", "signals-dev-canary"}
    assert {b.inputs["name"] for b in dev.resources(BUS, region=SECONDARY)} == {"signals-dev-ingress"}
    assert dev.resources(TABLE) == []


def test_an_active_active_consumer_brings_processing_to_both_regions(prod: Recording) -> None:
    for region in (PRIMARY, SECONDARY):
        functions = {f.inputs["name"] for f in prod.resources(FUNCTION, region=region)}
        assert {"signals-prod-enrichment", "signals-prod-profile"} <= functions
        assert "signals-prod-data" in {b.inputs["name"] for b in prod.resources(BUS, region=region)}


def test_an_active_archive_consumer_stays_in_the_primary(prod: Recording) -> None:
    assert [s.region for s in prod.resources(STREAM)] == [PRIMARY]
    assert [q.region for q in prod.resources(QUEUE) if q.inputs["name"] == "signals-prod-orders"] == [PRIMARY]


def test_its_tables_are_global_tables(prod: Recording) -> None:
    tables = prod.resources(TABLE)
    assert {t.inputs["name"] for t in tables} == {"signals-prod-profile-state", "signals-prod-profile-idempotency"}
    for table in tables:
        assert [replica["regionName"] for replica in table.inputs["replicas"]] == [SECONDARY]
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert [replica["pointInTimeRecovery"] for replica in table.inputs["replicas"]] == [True]
        assert table.inputs["ttl"] == {"enabled": True, "attributeName": "expiration"}


def test_what_is_built_twice_is_built_alike(prod: Recording) -> None:
    """The same function in both Regions has the same code, size and environment names."""
    twice = Counter(f.inputs["name"] for f in prod.resources(FUNCTION))
    assert twice["signals-prod-ingest"] == 2
    for name in (name for name, count in twice.items() if count == 2):
        one, other = (f for f in prod.resources(FUNCTION) if f.inputs["name"] == name)
        for key in ("code", "memorySize", "timeout", "architectures", "runtime", "handler"):
            assert one.inputs[key] == other.inputs[key], (name, key)
        assert one.inputs["environment"]["variables"].keys() == other.inputs["environment"]["variables"].keys()


def test_every_function_is_published_behind_an_alias(platform: Recording) -> None:
    published = {a.inputs["functionName"] for a in platform.resources(ALIAS)}
    assert len(published) == len(platform.resources(FUNCTION))
    for function in platform.resources(FUNCTION):
        assert function.inputs["publish"] is True


def _may_trace(recording: Recording, function: Declared) -> bool:
    role = referred(recording, function.inputs["role"])
    return any("xray:PutTraceSegments" in statement["Action"] for statement in role_statements(recording, role.name))


def test_nothing_is_traced_or_reported_of_each_invocation_unless_asked_for(platform: Recording) -> None:
    for function in platform.resources(FUNCTION):
        assert function.inputs["tracingConfig"] == {"mode": "PassThrough"}
        assert not _may_trace(platform, function)
        # Metrics have no level, which counts as INFO: at WARN they would be gone.
        assert function.inputs["loggingConfig"] == {
            "logFormat": "JSON",
            "applicationLogLevel": function.inputs["environment"]["variables"]["LOG_LEVEL"],
            "systemLogLevel": "WARN",
        }
        assert function.inputs["environment"]["variables"]["LOG_LEVEL"] == "INFO"


def test_every_function_is_traced_and_reported_where_the_stack_asks_for_it() -> None:
    settings = stack_settings("prod")
    asked = record("prod", {**settings, "functions": {"tracing": True, "platform_log_level": "INFO"}})
    for function in asked.resources(FUNCTION):
        assert function.inputs["tracingConfig"] == {"mode": "Active"}
        assert function.inputs["loggingConfig"]["systemLogLevel"] == "INFO"
        assert _may_trace(asked, function)


def test_dev_and_prod_run_on_arm64_and_only_prods_ingest_starts_from_a_snapshot(
    prod: Recording, dev: Recording
) -> None:
    for recording in (prod, dev):
        assert {tuple(f.inputs["architectures"]) for f in recording.resources(FUNCTION)} == {("arm64",)}
    snapped = {f.inputs["name"] for f in prod.resources(FUNCTION) if "snapStart" in f.inputs}
    assert snapped == {"signals-prod-ingest"}
    assert not any("snapStart" in f.inputs for f in dev.resources(FUNCTION))


def test_physical_names_are_said_and_unique_in_their_region(platform: Recording) -> None:
    for type_ in (FUNCTION, QUEUE, BUS):
        named = Counter((r.region, r.inputs["name"]) for r in platform.resources(type_))
        assert max(named.values()) == 1, named
