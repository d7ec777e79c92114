"""Programs to record: small ones for one rule each, and a broad one that every rule meets."""

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.parts.references import endpoint_id

ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def provider(region: str = "us-west-2") -> aws.Provider:
    return aws.Provider(
        f"aws-{region}",
        region=region,
        allowed_account_ids=["111122223333"],
        default_tags={"tags": {"cost-center": "42", "owningTeam": "signals"}},
        endpoints=[{"sqs": "http://127.0.0.1:4566"}],
        skip_metadata_api_check=True,
        skip_requesting_account_id=True,
        s3_use_path_style=True,
    )


def options(
    region: str = "us-west-2", *, protect: bool | None = None, ignore_changes: list[str] | None = None
) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=provider(region), protect=protect, ignore_changes=ignore_changes)


def beside(resource: pulumi.CustomResource) -> pulumi.ResourceOptions:
    """Options that give a resource the provider of another."""
    return pulumi.ResourceOptions(provider=resource._provider)


SECRET = 'hunter2 ${x} "quoted"'


def secrets() -> None:
    """A secret in each kind of place."""
    secret = pulumi.Output.secret(SECRET)
    keys = {"access_key": SECRET, "secret_key": SECRET}
    here = pulumi.ResourceOptions(provider=aws.Provider("aws-us-west-2", region="us-west-2", **keys))
    aws.sqs.Queue("q", tags=pulumi.Output.secret({SECRET: SECRET}), opts=here)
    function = aws.lambda_.Function(
        "f",
        name="f",
        role="arn:aws:iam::111122223333:role/f",
        package_type="Image",
        image_uri="i",
        description=secret,
        layers=pulumi.Output.secret([SECRET]),
        environment={"variables": {"PLAIN": "1", "TOKEN": secret}},
        opts=here,
    )
    aws.lambda_.FunctionUrl(
        "u",
        function_name=function.name,
        authorization_type="NONE",
        cors=pulumi.Output.secret({"allow_origins": [SECRET], "max_age": 5}),
        opts=here,
    )
    pulumi.export("nested", [{"a": secret}])
    pulumi.export("whole", pulumi.Output.secret({SECRET: [1, SECRET]}))


class Pair(pulumi.ComponentResource):
    """A component that holds a queue and, in a component of its own, its dead-letter queue."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("signals:index:Pair", name, None, opts)
        inner = Inner(f"{name}-inner", pulumi.ResourceOptions(parent=self))
        self.queue = aws.sqs.Queue(
            f"{name}-queue",
            name=f"{name}-queue",
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": inner.queue.arn, "maxReceiveCount": 3}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


class Inner(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("signals:index:Inner", name, None, opts)
        self.queue = aws.sqs.Queue(f"{name}-dlq", name=f"{name}-dlq", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


def broad(archive: Path) -> None:
    """A bit of everything that a stack on AWS may hold."""
    west, east = provider("us-west-2"), provider("us-east-1")
    here, there = pulumi.ResourceOptions(provider=west), pulumi.ResourceOptions(provider=east)
    pair = Pair("orders", pulumi.ResourceOptions(providers=[west]))

    role = aws.iam.Role("role", name="role", assume_role_policy=ASSUME, tags={"someKey": "a ${b} %{c}"}, opts=here)
    aws.iam.RolePolicy(
        "role-policy",
        role=role.name,
        policy=pulumi.Output.json_dumps(
            {"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [pair.queue.arn]}]}
        ),
        opts=here,
    )
    function = aws.lambda_.Function(
        "function",
        name="function",
        role=role.arn,
        code=pulumi.FileArchive(str(archive)),
        handler="handler.handler",
        runtime="python3.13",
        architectures=["arm64"],
        memory_size=512,
        timeout=30.0,
        publish=True,
        snap_start={"apply_on": "PublishedVersions"},
        environment={"variables": {"QUEUE_URL": pair.queue.url, "camelCase": "kept", "LIMIT": "1"}},
        dead_letter_config={"target_arn": pair.queue.arn},
        opts=pulumi.ResourceOptions(
            provider=west, custom_timeouts=pulumi.CustomTimeouts(create="5m"), ignore_changes=["environment.variables"]
        ),
    )
    alias = aws.lambda_.Alias(
        "alias", name="live", function_name=function.name, function_version=function.version, opts=here
    )
    aws.lambda_.FunctionEventInvokeConfig(
        "async",
        function_name=function.name,
        qualifier=alias.name,
        destination_config={"on_failure": {"destination": pair.queue.arn}},
        opts=here,
    )
    bus = aws.cloudwatch.EventBus("bus-west", name="bus", opts=here)
    mirror = aws.cloudwatch.EventBus("bus-east", name="bus", opts=there)
    rule = aws.cloudwatch.EventRule(
        "rule", name="rule", event_bus_name=bus.name, event_pattern=json.dumps({"detail": {"a${b}": [1]}}), opts=here
    )
    aws.cloudwatch.EventTarget(
        "target",
        rule=rule.name,
        event_bus_name=bus.name,
        arn=alias.arn,
        retry_policy={"maximum_retry_attempts": 185, "maximum_event_age_in_seconds": 86400},
        dead_letter_config={"arn": pair.queue.arn},
        http_target={"header_parameters": {"X-fooBar": "1"}},
        opts=here,
    )
    aws.lambda_.Permission(
        "permission",
        function=function.name,
        qualifier=alias.name,
        action="lambda:InvokeFunction",
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=here,
    )
    alarm = aws.cloudwatch.MetricAlarm(
        "alarm",
        name="latency",
        namespace="AWS/Events",
        metric_name="IngestionToInvocationStartLatency",
        statistic="Average",
        period=60,
        evaluation_periods=5,
        threshold=30000,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="breaching",
        opts=here,
    )
    check = aws.route53.HealthCheck(
        "check",
        type="CLOUDWATCH_METRIC",
        cloudwatch_alarm_name=alarm.name,
        cloudwatch_alarm_region="us-west-2",
        insufficient_data_health_status="LastKnownStatus",
        triggers={"thresholdValue": "30000"},
        opts=here,
    )
    endpoint = aws.cloudwatch.EventEndpoint(
        "endpoint",
        name="endpoint",
        role_arn=role.arn,
        event_buses=[{"event_bus_arn": bus.arn}, {"event_bus_arn": mirror.arn}],
        replication_config={"state": "ENABLED"},
        routing_config={
            "failover_config": {"primary": {"health_check": check.arn}, "secondary": {"route": "us-east-1"}}
        },
        opts=pulumi.ResourceOptions(provider=west, depends_on=[rule]),
    )
    certificate = aws.acm.Certificate(
        "certificate", domain_name="signals.example.com", validation_method="DNS", opts=here
    )
    proof = certificate.domain_validation_options[0]
    record = aws.route53.Record(
        "proof",
        zone_id="Z0EXAMPLE",
        name=proof.resource_record_name,
        type=proof.resource_record_type,
        records=[proof.resource_record_value],
        ttl=60,
        opts=here,
    )
    aws.acm.CertificateValidation(
        "proven", certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=here
    )
    domain = aws.apigatewayv2.DomainName(
        "domain",
        domain_name="signals.example.com",
        domain_name_configuration={
            "certificate_arn": certificate.arn,
            "endpoint_type": "REGIONAL",
            "security_policy": "TLS_1_2",
        },
        opts=here,
    )
    aws.route53.Record(
        "latency",
        zone_id="Z0EXAMPLE",
        name="signals.example.com",
        type="A",
        set_identifier="us-west-2",
        latency_routing_policies=[{"region": "us-west-2"}],
        aliases=[
            {
                "name": domain.domain_name_configuration.target_domain_name,
                "zone_id": domain.domain_name_configuration.hosted_zone_id,
                "evaluate_target_health": True,
            }
        ],
        opts=here,
    )
    bucket = aws.s3.Bucket("bucket", bucket="lake", opts=pulumi.ResourceOptions(provider=west, protect=True))
    aws.s3.BucketLifecycleConfiguration(
        "lifecycle",
        bucket=bucket.id,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {},
                "transitions": [{"days": 90, "storage_class": "STANDARD_IA"}],
                "expiration": {"days": 365},
            }
        ],
        opts=here,
    )
    aws.kinesis.FirehoseDeliveryStream(
        "stream",
        name="stream",
        destination="extended_s3",
        extended_s3_configuration={
            "role_arn": role.arn,
            "bucket_arn": bucket.arn,
            "prefix": "signals/dt=!{timestamp:yyyy-MM-dd}/",
            "error_output_prefix": "errors/!{firehose:error-output-type}/",
            "compression_format": "GZIP",
            "processing_configuration": {
                "enabled": True,
                "processors": [
                    {"type": "AppendDelimiterToRecord", "parameters": [{"parameter_name": "x", "parameter_value": "y"}]}
                ],
            },
        },
        server_side_encryption={"enabled": True},
        opts=here,
    )
    database = aws.glue.CatalogDatabase("database", name="signals", opts=here)
    aws.glue.CatalogTable(
        "table",
        name="signals",
        database_name=database.name,
        table_type="EXTERNAL_TABLE",
        parameters={"projection.enabled": "true", "projection.dt.format": "yyyy-MM-dd", "storageTemplate": "${dt}"},
        partition_keys=[{"name": "dt", "type": "string"}],
        storage_descriptor={
            "location": pulumi.Output.concat("s3://", bucket.bucket, "/signals/"),
            "columns": [{"name": "id", "type": "string"}],
            "ser_de_info": {"serialization_library": "org.openx.data.jsonserde.JsonSerDe", "parameters": {"aB": "c"}},
        },
        opts=here,
    )
    aws.dynamodb.Table(
        "profiles",
        name="profiles",
        billing_mode="PAY_PER_REQUEST",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        stream_enabled=True,
        stream_view_type="NEW_AND_OLD_IMAGES",
        replicas=[{"region_name": "us-east-1"}],
        point_in_time_recovery={"enabled": True},
        opts=pulumi.ResourceOptions(provider=west, ignore_changes=["readCapacity", "tags.touchedBy"]),
    )
    aws.sqs.QueuePolicy("queue-policy", queue_url=pair.queue.id, policy=pair.queue.arn.apply(_policy), opts=here)
    pulumi.export("endpoint_id", endpoint_id(endpoint.endpoint_url))
    pulumi.export("urls", {"us-west-2": pair.queue.url})
    pulumi.export("token", pulumi.Output.secret("hidden"))


def _policy(arn: str) -> str:
    return json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn}]})
