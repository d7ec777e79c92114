"""The HTTP API: its two routes lead to ingest, in the form that ingest reads, and the settings reach the function."""

from collections.abc import Callable
from typing import Any

from components.resource_types import ALIAS, API, FUNCTION, INTEGRATION, PERMISSION, ROUTE, STAGE
from signals.recording.record import record
from signals.recording.resources import Recording
from tests.support.reading import referred


def test_signals_and_health_lead_to_ingests_alias_of_the_same_region(platform: Recording) -> None:
    apis = platform.resources(API)
    assert {api.region for api in apis} == {"us-west-2", "us-east-1"}
    for api in apis:
        routes = [r for r in platform.resources(ROUTE) if referred(platform, r.inputs["apiId"]) == api]
        assert {route.inputs["routeKey"] for route in routes} == {"POST /v1/signals", "GET /health"}
        for route in routes:
            integration = referred(platform, route.inputs["target"].removeprefix("integrations/"))
            assert integration.type == INTEGRATION
            assert referred(platform, integration.inputs["apiId"]) == api
            # API Gateway Developer Guide, "Create AWS Lambda proxy integrations": what `HttpRequest` reads.
            asked = ("integrationType", "integrationMethod", "payloadFormatVersion")
            assert [integration.inputs[key] for key in asked] == ["AWS_PROXY", "POST", "2.0"]
            alias = referred(platform, integration.inputs["integrationUri"])
            assert (alias.type, alias.region) == (ALIAS, api.region)
            assert integration.inputs["integrationUri"].endswith("#invokeArn>>")
            assert referred(platform, alias.inputs["functionName"]).inputs["name"].endswith("-ingest")


def test_each_api_is_deployed_by_itself_to_a_stage_that_needs_no_path(platform: Recording) -> None:
    for api in platform.resources(API):
        (stage,) = [s for s in platform.resources(STAGE) if referred(platform, s.inputs["apiId"]) == api]
        assert (stage.inputs["name"], stage.inputs["autoDeploy"]) == ("$default", True)


def test_just_that_api_may_invoke_the_alias_that_it_invokes(platform: Recording) -> None:
    for api in platform.resources(API):
        allowed = [
            p
            for p in platform.resources(PERMISSION)
            if p.inputs["sourceArn"].startswith(f"<<output {API}::{api.name}#")
        ]
        (permission,) = allowed
        assert permission.inputs["sourceArn"].endswith("#executionArn>>/*/*")
        assert permission.inputs["principal"] == "apigateway.amazonaws.com"
        assert permission.inputs["action"] == "lambda:InvokeFunction"
        assert referred(platform, permission.inputs["qualifier"]).type == ALIAS
        function = referred(platform, permission.inputs["function"])
        assert (function.region, function.inputs["name"].rpartition("-")[2]) == (api.region, "ingest")


def test_the_largest_signal_and_the_throttle_of_the_settings_are_those_of_the_api(
    settings_of: Callable[[str], dict[str, Any]],
) -> None:
    sizes = {"max_signal_bytes": 2_048, "requests_per_second": 7, "burst_requests": 9}
    recording = record("dev", {**settings_of("dev"), "ingest": sizes})
    functions = [f for f in recording.resources(FUNCTION) if f.inputs["name"].endswith("-ingest")]
    assert [f.inputs["environment"]["variables"]["MAX_SIGNAL_BYTES"] for f in functions] == ["2048", "2048"]
    for stage in recording.resources(STAGE):
        limits = stage.inputs["defaultRouteSettings"]
        assert (limits["throttlingRateLimit"], limits["throttlingBurstLimit"]) == (7, 9)
