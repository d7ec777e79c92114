"""The HTTP API that clients send signals to, in one Region."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.active_archive import GlobalBus
from components.parts.function import PackagedFunction
from components.parts.iam import allow
from components.parts.regions import Region
from components.settings import PlatformSettings
from components.spool import Spool, publish_statements

_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "route": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "latencyMs": "$context.responseLatency",
    "integrationError": "$context.integrationErrorMessage",
}


def sources_file(settings: PlatformSettings) -> dict[str, bytes]:
    """The registered sources as the file that ingest and enrichment read: names and hashes of write keys."""
    sources = {name: list(source.write_keys) for name, source in settings.sources.items()}
    return {"sources.json": json.dumps(sources, sort_keys=True).encode()}


class IngestApi(pulumi.ComponentResource):
    """API Gateway HTTP API and the ingest function behind it.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings: throttling (requests/s), origins, the function's size.
        region: Where it runs.
        bus: The global endpoint that it publishes through.
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
        settings: PlatformSettings,
        region: Region,
        bus: GlobalBus,
        spool: Spool,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:IngestApi", name, None, opts)
        here = region.options(self)
        ingest = settings.ingest
        function = PackagedFunction(
            f"{name}-ingest",
            settings=settings,
            region=region,
            folder="ingest",
            function_name=f"{settings.name}-ingest",
            size=ingest,
            environment={
                "EVENT_BUS_NAME": bus.bus_name,
                "EVENT_ENDPOINT_ID": bus.endpoint_id,
                "SPOOL_QUEUE_URL": spool.queue.url,
                "MAX_SIGNAL_BYTES": str(ingest.max_signal_bytes),
            },
            statements=[
                *publish_statements(*(regional.arn for regional in bus.buses)),
                allow("sqs:SendMessage", spool.queue.arn),
            ],
            files=sources_file(settings),
            snap_start=ingest.snap_start,
            opts=pulumi.ResourceOptions(parent=self),
        )
        api = aws.apigatewayv2.Api(
            f"{name}-api",
            name=f"{settings.name}-ingest",
            protocol_type="HTTP",
            cors_configuration=aws.apigatewayv2.ApiCorsConfigurationArgs(
                allow_origins=list(ingest.allowed_origins),
                allow_methods=["POST"],
                allow_headers=["authorization", "content-type"],
                max_age=86_400,
            )
            if ingest.allowed_origins
            else None,
            opts=here,
        )
        integration = aws.apigatewayv2.Integration(
            f"{name}-integration",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.alias_invoke_arn,
            integration_method="POST",
            payload_format_version="2.0",
            opts=here,
        )
        for route, key in {"signals": "POST /v1/signals", "health": "GET /health"}.items():
            aws.apigatewayv2.Route(
                f"{name}-route-{route}",
                api_id=api.id,
                route_key=key,
                target=pulumi.Output.concat("integrations/", integration.id),
                opts=here,
            )
        logs = aws.cloudwatch.LogGroup(
            f"{name}-access-logs",
            name=f"/aws/apigateway/{settings.name}-ingest",
            retention_in_days=settings.functions.log_retention_days,
            opts=here,
        )
        stage = aws.apigatewayv2.Stage(
            f"{name}-stage",
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=ingest.requests_per_second,
                throttling_burst_limit=ingest.burst_requests,
                detailed_metrics_enabled=True,
            ),
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=logs.arn, format=json.dumps(_ACCESS_LOG)
            ),
            opts=here,
        )
        function.allow_invocation("api", "apigateway.amazonaws.com", pulumi.Output.concat(api.execution_arn, "/*/*"))
        self.api_id, self.stage_name = api.id, stage.name
        self.host = pulumi.Output.concat(api.id, f".execute-api.{region.name}.amazonaws.com")
        self.url = pulumi.Output.concat("https://", self.host)
        self.register_outputs({"url": self.url})
