"""The active/archive pair: two ingress buses of one name and the global endpoint in front of them."""

import json

import pulumi
import pulumi_aws as aws

from components.parts.iam import allow
from components.parts.references import endpoint_id
from components.parts.regions import Component, Region, RegionPair
from components.parts.schedule import NOT_SIGNS_OF_LIFE
from components.resource_types import ROLE, RULE, arn
from components.setting_groups import Archive


class ActiveArchivePair(Component):
    """Ingress buses in both Regions, their archives, and the EventBridge global endpoint that replicates between them.

    Args:
        archive: Retention (days), and whether the primary has an archive too.
        health_check_arn: ARN of the Route 53 check that decides failover.

    Source: EventBridge User Guide, "Making applications Regional-fault tolerant with global endpoints".
    """

    bus_name: str
    buses: RegionPair[aws.cloudwatch.EventBus]
    bus_arns: list[pulumi.Output[str]]
    endpoint_id: pulumi.Output[str]
    endpoint_url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        archive: Archive,
        regions: RegionPair[Region],
        health_check_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ):
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="signals:index:GlobalBus")])
        super().__init__(name, pulumi.ResourceOptions.merge(opts, former))
        self.bus_name = regions.primary.names.ingress_bus
        self.buses = regions.map(
            lambda region: aws.cloudwatch.EventBus(
                f"{name}-bus-{region.name}",
                name=self.bus_name,
                description="Signal batches, as ingest packed them.",
                opts=region.options(self, protect=True),
            )
        )
        self.bus_arns = [bus.arn for bus in self.buses]
        for region, bus in zip(regions, self.buses, strict=True):
            if region is regions.secondary or archive.primary:
                aws.cloudwatch.EventArchive(
                    f"{name}-archive-{region.name}",
                    name=region.names.archive,
                    description="Every signal batch that reached this Region, for replay.",
                    event_source_arn=bus.arn,
                    # A replayed probe would say that the endpoint works, and nobody needs an old heartbeat.
                    event_pattern=json.dumps({"source": [NOT_SIGNS_OF_LIFE]}),
                    retention_days=archive.retention_days,
                    opts=region.options(self, protect=True),
                )
        role, policy = self._replication_role(regions.primary)
        endpoint = aws.cloudwatch.EventEndpoint(
            f"{name}-endpoint",
            name=regions.primary.names.endpoint,
            description="Routes signals to the active Region and replicates them to the other.",
            event_buses=[{"event_bus_arn": bus_arn} for bus_arn in self.bus_arns],
            replication_config={"state": "ENABLED"},
            role_arn=role.arn,
            routing_config={
                "failover_config": {
                    "primary": {"health_check": health_check_arn},
                    "secondary": {"route": regions.secondary.name},
                }
            },
            # EventBridge tries to assume the role while it creates the endpoint. A new role may take seconds to be
            # seen: the provider repeats CreateEndpoint on "cannot be assumed by principal", but only the program can
            # ensure that the role's policy is there.
            opts=regions.primary.options(self, protect=True, depends_on=[policy]),
        )
        self.endpoint_url = endpoint.endpoint_url
        self.endpoint_id = endpoint_id(endpoint.endpoint_url)
        self.register_outputs({"endpointId": self.endpoint_id, "endpointUrl": self.endpoint_url})

    def _replication_role(self, region: Region) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        role_name = region.names.replication_role
        return self.role(
            f"{self._name}-replication",
            region,
            physical_name=role_name,
            service="events",
            statements=[
                allow(
                    ["events:PutRule", "events:PutTargets", "events:DeleteRule", "events:RemoveTargets"],
                    arn(
                        RULE,
                        region="*",
                        account=region.account_id,
                        eventBusName=self.bus_name,
                        name="GlobalEndpointManagedRule-*",
                    ),
                ),
                allow("events:PutEvents", self.bus_arns),
                allow(
                    "iam:PassRole",
                    arn(ROLE, account=region.account_id, name=role_name),
                    {"StringLike": {"iam:PassedToService": "events.amazonaws.com"}},
                ),
            ],
        )
