"""The customer signal platform: read its constructor from top to bottom to know the architecture."""

import pulumi
import pulumi_aws as aws

from components.active_active import ActiveActiveConsumers
from components.active_archive import ActiveArchivePair
from components.consumer import ConsumerTables
from components.dashboard import Dashboard
from components.domain import ApiDomain
from components.failover import FailoverHealth
from components.heartbeat import Heartbeat
from components.ingest_api import IngestApi
from components.parts.alarms import signals_at_risk
from components.parts.regions import Component, Region, RegionPair
from components.probe import Probe
from components.processing import RegionalProcessing
from components.return_path import ReturnPath
from components.settings import PlatformSettings
from components.spool import spool

# What Terraform's and Pulumi's provider use of the embedded AWS.
_EMBEDDED_SERVICES = (
    *("acm", "apigatewayv2", "athena", "cloudwatch", "cloudwatchevents", "cloudwatchlogs", "dynamodb", "firehose"),
    *("glue", "iam", "lambda_", "route53", "s3", "scheduler", "sqs", "sts"),
)


class CustomerSignalPlatform(Component):
    """Two Regions, one endpoint, and everything a signal meets on its way.

    Args:
        settings: The stack's settings.
    """

    outputs: dict[str, pulumi.Input[object]]

    def __init__(self, name: str, *, settings: PlatformSettings, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, opts)
        regions = RegionPair(settings.regions.primary, settings.regions.secondary).map(
            lambda region: _region(region, settings)
        )

        # Failover is decided by EventBridge's own latency in the primary, which a heartbeat keeps reporting.
        health = FailoverHealth("failover", failover=settings.failover, primary=regions.primary, opts=self.child)
        ingress = ActiveArchivePair(
            "ingress",
            archive=settings.archive,
            regions=regions,
            health_check_arn=health.health_check_arn,
            opts=self.child,
        )
        if settings.failover.heartbeat:
            Heartbeat("heartbeat", primary=regions.primary, bus=ingress.buses.primary, opts=self.child)

        # A probe takes the signals' way once a minute: its alarms see what the endpoint itself does not tell.
        Probe("probe", regions=regions, ingress=ingress, opts=self.child)

        # Recovery after more than a day: what the secondary archived is replayed there and put on the primary again.
        ReturnPath("return", size=settings.republish, regions=regions, ingress=ingress, opts=self.child)

        # Clients reach the nearest healthy Region; what the endpoint refuses waits in that Region's spool.
        apis = regions.map(
            lambda region: IngestApi(
                f"api-{region.name}",
                ingest=settings.ingest,
                sources=settings.sources,
                region=region,
                ingress=ingress,
                spool=spool(
                    f"spool-{region.name}", size=settings.republish, region=region, ingress=ingress, parent=self
                ),
                opts=self.child,
            )
        )
        url: pulumi.Input[str] = apis.primary.url
        if settings.domain:
            url = ApiDomain("domain", domain=settings.domain, regions=regions, apis=apis, opts=self.child).url

        # The primary enriches and feeds every consumer; the secondary only those that may not wait.
        tables = {
            consumer.name: ConsumerTables(
                f"{consumer.name}-tables", consumer=consumer, tables=settings.tables, regions=regions, opts=self.child
            )
            for consumer in settings.consumers
            if consumer.kind == "function"
        }
        processing = RegionalProcessing(
            f"processing-{regions.primary.name}",
            settings=settings,
            region=regions.primary,
            ingress_bus=ingress.buses.primary,
            consumers=settings.consumers,
            tables=tables,
            opts=self.child,
        )
        if settings.active_active:
            ActiveActiveConsumers(
                "active-active",
                settings=settings,
                secondary=regions.secondary,
                ingress_bus=ingress.buses.secondary,
                tables=tables,
                opts=self.child,
            )

        Dashboard(
            "dashboard",
            settings=settings,
            regions=regions,
            apis=apis,
            health_check_id=health.health_check_id,
            opts=self.child,
        )
        for region in regions:
            signals_at_risk(f"at-risk-{region.name}", region=region, parent=self)

        self.outputs = {
            "url": url,
            "api_urls": {region.name: api.url for region, api in zip(regions, apis, strict=True)},
            "endpoint_id": ingress.endpoint_id,
            "endpoint_url": ingress.endpoint_url,
            "health_check_id": health.health_check_id,
            "ingress_bus_name": ingress.bus_name,
            "data_bus_name": processing.data_bus.name,
            "regions": {"primary": regions.primary.name, "secondary": regions.secondary.name},
        }
        self.register_outputs(self.outputs)


def _region(region: str, settings: PlatformSettings) -> Region:
    """One Region, with a provider that is pinned to the stack's account; for the embedded AWS, pointed at loopback."""
    args = aws.ProviderArgs(
        region=region,
        allowed_account_ids=[settings.account_id],
        default_tags=aws.ProviderDefaultTagsArgs(tags={"stack": settings.name, **settings.tags}),
    )
    if settings.aws_endpoint:
        args.access_key = args.secret_key = "local"  # noqa: S105 - the embedded AWS takes any
        args.s3_use_path_style = args.skip_credentials_validation = args.skip_metadata_api_check = True
        args.endpoints = [aws.ProviderEndpointArgs(**dict.fromkeys(_EMBEDDED_SERVICES, settings.aws_endpoint))]
    return Region(
        name=region,
        provider=aws.Provider(f"aws-{region}", args),
        names=settings.names,
        functions=settings.functions,
        alarm_actions=settings.alarm_actions(region),
        # Unset it is on: that nobody is told must have been said.
        actions_enabled=False if settings.alarm_topics is None else None,
        protection=settings.protection,
        embedded=settings.aws_endpoint is not None,
    )
