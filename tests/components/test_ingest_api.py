"""The HTTP API: its two routes lead to ingest, in the form that ingest reads, and the settings reach the function."""

from collections.abc import Callable
from typing import Any

from components.parts.references import Reference
from components.resource_types import ALIAS, API, FUNCTION, INTEGRATION, PERMISSION, ROUTE, STAGE
from signals.recording.record import record
from signals.recording.resources import Recording, Resource
from tests.support.reading import referred, role_statements


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
            function = referred(platform, alias.inputs["functionName"]).inputs["name"]
            checked = route.inputs["routeKey"] == "GET /health" and platform.stack == "prod"
            assert function.endswith("-ingest-healthcheck" if checked else "-ingest")


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
        for permission in allowed:
            assert permission.inputs["sourceArn"].endswith("#executionArn>>/*/*")
            assert permission.inputs["principal"] == "apigateway.amazonaws.com"
            assert permission.inputs["action"] == "lambda:InvokeFunction"
            assert referred(platform, permission.inputs["qualifier"]).type == ALIAS
        functions = [referred(platform, permission.inputs["function"]) for permission in allowed]
        invoked = ["ingest", "healthcheck"] if platform.stack == "prod" else ["ingest"]
        found = sorted((f.region, f.inputs["name"].rpartition("-")[2]) for f in functions)
        assert found == sorted((api.region, name) for name in invoked)


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


def test_health_checks_of_a_domain_are_answered_beside_ingest_and_throttled_apart(prod: Recording) -> None:
    for region in ("us-west-2", "us-east-1"):
        route = prod.resource(ROUTE, f"api-{region}-route-health")
        (stage,) = [s for s in prod.resources(STAGE) if s.region == region]
        integration = referred(prod, route.inputs["target"].removeprefix("integrations/"))
        alias = referred(prod, integration.inputs["integrationUri"])
        function = referred(prod, alias.inputs["functionName"])
        assert function.inputs["handler"] == "handlers.health.handler.handler"
        asked = referred(prod, function.inputs["environment"]["variables"]["INGEST_FUNCTION"])
        assert (asked.name, asked.region) == (f"api-{region}-ingest-alias", region)
        invoke = {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [_arn(asked)]}
        assert invoke in role_statements(prod, f"api-{region}-health-role")
        (own,) = stage.inputs["routeSettings"]
        assert own["routeKey"] == "GET /health"
        assert own["throttlingRateLimit"] >= 16  # checkers


def _arn(resource: Resource) -> str:
    return str(Reference(resource.type, resource.name, "arn"))


def test_checks_have_concurrency_of_their_own_where_ingest_is_kept_to_its_share(
    settings_of: Callable[[str], dict[str, Any]],
) -> None:
    raw = settings_of("prod")
    reserved = record("prod", {**raw, "ingest": {**raw["ingest"], "reserved_concurrency": 400}})
    found = {
        f.name: f.inputs["reservedConcurrentExecutions"]
        for f in reserved.resources(FUNCTION)
        if f.name.endswith("health-function")
    }
    assert found == {f"api-{region}-health-function": 10 for region in ("us-west-2", "us-east-1")}


def test_without_a_domain_nobody_checks_and_ingest_answers_itself(dev: Recording) -> None:
    assert not [f for f in dev.resources(FUNCTION) if "health" in f.name]
    assert not any(stage.inputs.get("routeSettings") for stage in dev.resources(STAGE))
