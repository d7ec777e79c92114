"""The HTTP API that clients send signals to, in one Region."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.active_archive import ActiveArchivePair
from components.parts.alarms import alarm_above
from components.parts.function import PackagedFunction
from components.parts.iam import allow, put_events
from components.parts.queues import MessageQueue
from components.parts.regions import Region, RegionalComponent
from components.setting_groups import FunctionSize, Ingest, Source
from handlers.shared.contract import INGEST_SOURCE

_HEALTH = "GET /health"
# Some 16 checkers ask every 10 s, and an answer takes a fraction of a second.
_CHECKS_AT_A_TIME = 10
_CHECKS: aws.apigatewayv2.StageRouteSettingArgsDict = {
    "route_key": _HEALTH,
    "throttling_rate_limit": 100,
    "throttling_burst_limit": 100,
    "detailed_metrics_enabled": True,
}
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "route": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "latencyMs": "$context.responseLatency",
    "integrationError": "$context.integrationErrorMessage",
}


def sources_file(sources: Mapping[str, Source]) -> dict[str, bytes]:
    """The registered sources as the file that ingest and enrichment read: names and hashes of write keys."""
    write_keys = {name: list(source.write_keys) for name, source in sources.items()}
    return {"sources.json": json.dumps(write_keys, sort_keys=True).encode()}


class IngestApi(RegionalComponent):
    """API Gateway HTTP API and the ingest function behind it.

    Args:
        ingest: Throttling (requests/s), origins, the function's size.
        sources: The registered sources, by name.
        ingress: The global endpoint that it publishes through.
        spool: Takes what the endpoint refuses.

    Source: API Gateway Developer Guide, "Working with HTTP APIs".
    """

    api_id: pulumi.Output[str]
    host: pulumi.Output[str]
    url: pulumi.Output[str]
    stage_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        ingest: Ingest,
        sources: Mapping[str, Source],
        region: Region,
        ingress: ActiveArchivePair,
        spool: MessageQueue,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        function = PackagedFunction(
            f"{name}-ingest",
            region=region,
            folder="ingest",
            function_name=region.names.ingest,
            size=ingest,
            environment={
                "EVENT_BUS_NAME": ingress.bus_name,
                "EVENT_ENDPOINT_ID": ingress.endpoint_id,
                "SPOOL_QUEUE_URL": spool.url,
                "MAX_SIGNAL_BYTES": str(ingest.max_signal_bytes),
            },
            statements=[put_events(INGEST_SOURCE, ingress.bus_arns), allow("sqs:SendMessage", spool.arn)],
            files=sources_file(sources),
            snap_start=ingest.snap_start,
            reserved_concurrency=ingest.reserved_concurrency,
            opts=self.child,
        )
        alarm_above(
            f"{name}-unavailable",
            region=region,
            parent=self,
            physical_name=region.names.unavailable_alarm,
            runbook="signals-are-unavailable",
            what="Neither the endpoint nor the spool took signals: clients were told 503, and to send them again.",
            namespace="Signals",
            metric="UnavailableSignals",
            dimensions={"FunctionName": region.names.ingest},
            at_risk=True,
        )
        api = aws.apigatewayv2.Api(
            f"{name}-api",
            name=region.names.api,
            protocol_type="HTTP",
            cors_configuration={
                "allow_origins": list(ingest.allowed_origins),
                "allow_methods": ["POST"],
                "allow_headers": ["authorization", "content-type"],
                "max_age": 86_400,
            }
            if ingest.allowed_origins
            else None,
            opts=self.here,
        )
        ingested = self._answered_by(function, api, f"{name}-integration")
        checked = region.names.checked
        health = (
            self._answered_by(self._health(function, ingest), api, f"{name}-health-integration") if checked else None
        )
        routes = [
            aws.apigatewayv2.Route(
                f"{name}-route-{route}",
                api_id=api.id,
                route_key=key,
                target=pulumi.Output.concat("integrations/", integration.id),
                opts=region.options(self, depends_on=[permission]),
            )
            for route, key, (integration, permission) in (
                ("signals", "POST /v1/signals", ingested),
                ("health", _HEALTH, health or ingested),
            )
        ]
        logs = self.log_group(f"{name}-access-logs", "apigateway", region.names.api)
        stage = aws.apigatewayv2.Stage(
            f"{name}-stage",
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": ingest.requests_per_second,
                "throttling_burst_limit": ingest.burst_requests,
                "detailed_metrics_enabled": True,
            },
            # Clients who are told 429 must not have the whole Region's traffic moved.
            route_settings=[_CHECKS] if checked else None,
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(_ACCESS_LOG)},
            # The API answers from its first request on.
            opts=region.options(self, depends_on=routes),
        )
        self.api_id, self.stage_name = api.id, stage.name
        self.host = pulumi.Output.concat(api.id, f".execute-api.{region.name}.amazonaws.com")
        self.url = pulumi.Output.concat("https://", self.host)
        self.register_outputs({"url": self.url})

    def _answered_by(
        self, function: PackagedFunction, api: aws.apigatewayv2.Api, name: str
    ) -> tuple[aws.apigatewayv2.Integration, aws.lambda_.Permission]:
        """The integration of a function with the API, `name` its logical name, and the permission that it needs."""
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.alias.invoke_arn,
            integration_method="POST",
            payload_format_version="2.0",
            opts=self.here,
        )
        source_arn = pulumi.Output.concat(api.execution_arn, "/*/*")
        return integration, function.allow_invocation("api", "apigateway.amazonaws.com", source_arn)

    def _health(self, ingest_function: PackagedFunction, ingest: Ingest) -> PackagedFunction:
        """What answers Route 53's checks: it asks ingest, and takes one that is throttled for healthy."""
        return PackagedFunction(
            f"{self._name}-health",
            region=self.region,
            folder="health",
            function_name=self.region.names.health,
            size=FunctionSize(memory_mb=256, timeout_seconds=5),
            environment={"INGEST_FUNCTION": ingest_function.alias.arn},
            statements=[allow("lambda:InvokeFunction", ingest_function.alias.arn)],
            # Where ingest is kept to its share, others may use up the rest.
            reserved_concurrency=_CHECKS_AT_A_TIME if ingest.reserved_concurrency else None,
            carries_signals=False,
            opts=self.child,
        )
