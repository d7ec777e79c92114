"""The active/archive pair: two ingress buses of one name and the global endpoint in front of them."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.parts.iam import allow, service_role
from components.parts.references import endpoint_id
from components.parts.regions import Region, RegionPair
from components.parts.schedule import NOT_SIGNS_OF_LIFE
from components.settings import PlatformSettings


class GlobalBus(pulumi.ComponentResource):
    """Ingress buses in both Regions, their archives, and the EventBridge global endpoint that replicates between them.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings: names, archive retention (days), protection.
        regions: The primary and the secondary Region.
        health_check_arn: ARN of the Route 53 check that decides failover.

    Source: EventBridge User Guide, "Making applications Regional-fault tolerant with global endpoints".
    """

    endpoint_id: pulumi.Output[str]
    endpoint_url: pulumi.Output[str]
    bus_name: str
    buses: RegionPair[aws.cloudwatch.EventBus]

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        regions: RegionPair[Region],
        health_check_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:GlobalBus", name, None, opts)
        self.bus_name = f"{settings.name}-ingress"
        self._name, self._settings = name, settings
        self.buses = regions.map(self._bus)
        self._archive(regions.secondary, self.buses.secondary)
        if settings.archive.primary:
            self._archive(regions.primary, self.buses.primary)
        role, policy = self._replication_role(regions.primary)
        endpoint = aws.cloudwatch.EventEndpoint(
            f"{name}-endpoint",
            name=settings.name,
            description="Routes signals to the active Region and replicates them to the other.",
            event_buses=[aws.cloudwatch.EventEndpointEventBusArgs(event_bus_arn=bus.arn) for bus in self.buses],
            replication_config=aws.cloudwatch.EventEndpointReplicationConfigArgs(state="ENABLED"),
            role_arn=role.arn,
            routing_config=aws.cloudwatch.EventEndpointRoutingConfigArgs(
                failover_config=aws.cloudwatch.EventEndpointRoutingConfigFailoverConfigArgs(
                    primary=aws.cloudwatch.EventEndpointRoutingConfigFailoverConfigPrimaryArgs(
                        health_check=health_check_arn
                    ),
                    secondary=aws.cloudwatch.EventEndpointRoutingConfigFailoverConfigSecondaryArgs(
                        route=regions.secondary.name
                    ),
                )
            ),
            # EventBridge tries to assume the role while it creates the endpoint. A new role may take seconds to be
            # seen: the provider repeats CreateEndpoint on "cannot be assumed by principal", but only the role's policy
            # being there is ours to ensure.
            opts=pulumi.ResourceOptions.merge(
                regions.primary.data_options(self, settings.protection), pulumi.ResourceOptions(depends_on=[policy])
            ),
        )
        self.endpoint_url = endpoint.endpoint_url
        self.endpoint_id = endpoint_id(endpoint.endpoint_url)
        self.register_outputs({"endpointId": self.endpoint_id, "endpointUrl": self.endpoint_url})

    def _bus(self, region: Region) -> aws.cloudwatch.EventBus:
        return aws.cloudwatch.EventBus(
            f"{self._name}-bus-{region.name}",
            name=self.bus_name,
            description="Signal batches, as ingest packed them.",
            opts=region.data_options(self, self._settings.protection),
        )

    def _archive(self, region: Region, bus: aws.cloudwatch.EventBus) -> None:
        aws.cloudwatch.EventArchive(
            f"{self._name}-archive-{region.name}",
            name=self.bus_name,
            description="Every signal batch that reached this Region, for replay.",
            event_source_arn=bus.arn,
            # A replayed probe would say that the endpoint works, and nobody takes a heartbeat back.
            event_pattern=json.dumps({"source": [NOT_SIGNS_OF_LIFE]}),
            retention_days=self._settings.archive.retention_days,
            opts=region.data_options(self, self._settings.protection),
        )

    def _replication_role(self, region: Region) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        account, bus, role_name = self._settings.account_id, self.bus_name, f"{self._settings.name}-replication"
        return service_role(
            f"{self._name}-replication",
            physical_name=role_name,
            service="events.amazonaws.com",
            account_id=account,
            opts=region.options(self),
            statements=[
                allow(
                    ["events:PutRule", "events:PutTargets", "events:DeleteRule", "events:RemoveTargets"],
                    f"arn:aws:events:*:{account}:rule/{bus}/GlobalEndpointManagedRule-*",
                ),
                allow("events:PutEvents", [b.arn for b in self.buses]),
                allow(
                    "iam:PassRole",
                    f"arn:aws:iam::{account}:role/{role_name}",
                    {"StringLike": {"iam:PassedToService": "events.amazonaws.com"}},
                ),
            ],
        )
