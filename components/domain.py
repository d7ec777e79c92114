"""One name for both Regions' APIs, answered by the nearest that is healthy."""

import pulumi
import pulumi_aws as aws

from components.ingest_api import IngestApi
from components.parts.regions import Component, Region, RegionPair
from components.setting_groups import Domain


class ApiDomain(Component):
    """Certificate, custom domain, API mapping, health check and latency record in each Region.

    Args:
        domain: The name and its hosted zone.
        apis: The API in each.

    Source: API Gateway Developer Guide, "Configure custom health checks for DNS failover": an alias record's own
    target health only fails with the whole API Gateway service, so each record has a check of our API's `/health`.
    """

    url: str

    def __init__(
        self,
        name: str,
        *,
        domain: Domain,
        regions: RegionPair[Region],
        apis: RegionPair[IngestApi],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, opts)
        self.url = f"https://{domain.name}"
        certificates = regions.map(
            lambda region: aws.acm.Certificate(
                f"{name}-certificate-{region.name}",
                domain_name=domain.name,
                validation_method="DNS",
                opts=region.options(self),
            )
        )
        # ACM derives the validation record from account and name: it is the same for both Regions.
        challenge = certificates.primary.domain_validation_options[0]
        validation = aws.route53.Record(
            f"{name}-validation",
            zone_id=domain.hosted_zone_id,
            name=challenge.resource_record_name,
            type=challenge.resource_record_type,
            records=[challenge.resource_record_value],
            ttl=300,
            allow_overwrite=True,
            opts=regions.primary.options(self),
        )
        for region, certificate, api in zip(regions, certificates, apis, strict=True):
            here = region.options(self)
            validated = aws.acm.CertificateValidation(
                f"{name}-validated-{region.name}",
                certificate_arn=certificate.arn,
                validation_record_fqdns=[validation.fqdn],
                opts=here,
            )
            custom = aws.apigatewayv2.DomainName(
                f"{name}-name-{region.name}",
                domain_name=domain.name,
                domain_name_configuration={
                    "certificate_arn": validated.certificate_arn,
                    "endpoint_type": "REGIONAL",
                    "security_policy": "TLS_1_2",
                },
                opts=here,
            )
            aws.apigatewayv2.ApiMapping(
                f"{name}-mapping-{region.name}",
                api_id=api.api_id,
                domain_name=custom.id,
                stage=api.stage_name,
                opts=here,
            )
            check = aws.route53.HealthCheck(
                f"{name}-check-{region.name}",
                type="HTTPS",
                fqdn=api.host,
                port=443,
                resource_path="/health",
                request_interval=10,
                failure_threshold=3,
                tags={"Name": region.names.api_check(region.name)},
                opts=here,
            )
            aws.route53.Record(
                f"{name}-record-{region.name}",
                zone_id=domain.hosted_zone_id,
                name=domain.name,
                type="A",
                set_identifier=region.name,
                latency_routing_policies=[{"region": region.name}],
                health_check_id=check.id,
                aliases=[
                    {
                        "name": custom.domain_name_configuration.target_domain_name,
                        "zone_id": custom.domain_name_configuration.hosted_zone_id,
                        "evaluate_target_health": True,
                    }
                ],
                opts=here,
            )
        self.register_outputs({"url": self.url})
