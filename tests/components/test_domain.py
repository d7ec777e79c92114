"""One name in front of both Regions (API Gateway Developer Guide, "Custom health checks for DNS failover")."""

from components.resource_types import API_MAPPING, CERTIFICATE_VALIDATION, HEALTH_CHECK, RECORD
from signals.recording.resources import Recording
from tests.support.reading import referred


def test_each_region_answers_under_the_name_by_latency_and_its_own_health(prod: Recording) -> None:
    records = [r for r in prod.resources(RECORD) if r.inputs["name"] == "signals.example.com"]
    assert {r.inputs["setIdentifier"] for r in records} == {"us-west-2", "us-east-1"}
    for record in records:
        region = record.inputs["setIdentifier"]
        assert record.inputs["latencyRoutingPolicies"] == [{"region": region}]
        (alias,) = record.inputs["aliases"]
        assert referred(prod, alias["name"]).region == region
        check = referred(prod, record.inputs["healthCheckId"])
        assert check.inputs["type"] == "HTTPS"
        assert check.inputs["resourcePath"] == "/health"
        assert check.inputs["fqdn"].endswith(f".execute-api.{region}.amazonaws.com")


def test_the_name_leads_to_each_regions_api(prod: Recording) -> None:
    mappings = prod.resources(API_MAPPING)
    assert {m.region for m in mappings} == {"us-west-2", "us-east-1"}
    for mapping in mappings:
        assert referred(prod, mapping.inputs["apiId"]).region == mapping.region
        assert referred(prod, mapping.inputs["domainName"]).region == mapping.region


def test_one_validation_record_serves_both_regions_certificates(prod: Recording) -> None:
    # ACM gives the same name and value for one domain of one account: two records would collide.
    validations = [r for r in prod.resources(RECORD) if "setIdentifier" not in r.inputs]
    assert len(validations) == 1
    validated = prod.resources(CERTIFICATE_VALIDATION)
    assert {v.region for v in validated} == {"us-west-2", "us-east-1"}
    for validation in validated:
        assert [referred(prod, fqdn) for fqdn in validation.inputs["validationRecordFqdns"]] == validations


def test_a_stack_without_a_domain_has_no_dns_and_one_health_check(dev: Recording) -> None:
    assert dev.resources(RECORD) == []
    assert [c.name for c in dev.resources(HEALTH_CHECK)] == ["failover-check"]
    assert dev.outputs["url"] == dev.outputs["api_urls"]["us-west-2"]
