"""AWS's own resource schemas, cut down to what this project asks them: create-only properties, and permissions.

`cloudformation.json` comes from the schemas that cfn-lint ships. Make it anew, with the same version, by

    uv run --no-project --with cfn-lint==1.58.0 python signals/permissions/cloudformation.py

Sources: the schemas' `createOnlyProperties` and `handlers` (CloudFormation CLI user guide, "Resource type schema");
cfn-lint's copy of the Service Authorization Reference, which says on what kinds of resource an action can be allowed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("cloudformation.json")

# The type that AWS itself gives what Pulumi (and Terraform) may split in several. Without one: none is published.
TYPES = {
    "aws:acm/certificate:Certificate": "AWS::CertificateManager::Certificate",
    "aws:acm/certificateValidation:CertificateValidation": "AWS::CertificateManager::Certificate",
    "aws:apigatewayv2/api:Api": "AWS::ApiGatewayV2::Api",
    "aws:apigatewayv2/apiMapping:ApiMapping": "AWS::ApiGatewayV2::ApiMapping",
    "aws:apigatewayv2/domainName:DomainName": "AWS::ApiGatewayV2::DomainName",
    "aws:apigatewayv2/integration:Integration": "AWS::ApiGatewayV2::Integration",
    "aws:apigatewayv2/route:Route": "AWS::ApiGatewayV2::Route",
    "aws:apigatewayv2/stage:Stage": "AWS::ApiGatewayV2::Stage",
    "aws:athena/namedQuery:NamedQuery": "AWS::Athena::NamedQuery",
    "aws:athena/workgroup:Workgroup": "AWS::Athena::WorkGroup",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "AWS::CloudWatch::CompositeAlarm",
    "aws:cloudwatch/dashboard:Dashboard": "AWS::CloudWatch::Dashboard",
    "aws:cloudwatch/eventArchive:EventArchive": "AWS::Events::Archive",
    "aws:cloudwatch/eventBus:EventBus": "AWS::Events::EventBus",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "AWS::Events::EventBusPolicy",
    "aws:cloudwatch/eventEndpoint:EventEndpoint": "AWS::Events::Endpoint",
    "aws:cloudwatch/eventRule:EventRule": "AWS::Events::Rule",
    "aws:cloudwatch/eventTarget:EventTarget": "AWS::Events::Rule",
    "aws:cloudwatch/logGroup:LogGroup": "AWS::Logs::LogGroup",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "AWS::Logs::MetricFilter",
    "aws:cloudwatch/logStream:LogStream": "AWS::Logs::LogStream",
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": "AWS::Logs::SubscriptionFilter",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "AWS::CloudWatch::Alarm",
    "aws:dynamodb/table:Table": "AWS::DynamoDB::GlobalTable",
    "aws:glue/catalogDatabase:CatalogDatabase": "AWS::Glue::Database",
    "aws:glue/catalogTable:CatalogTable": "AWS::Glue::Table",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "AWS::IAM::OIDCProvider",
    "aws:iam/policy:Policy": "AWS::IAM::ManagedPolicy",
    "aws:iam/role:Role": "AWS::IAM::Role",
    "aws:iam/rolePolicy:RolePolicy": "AWS::IAM::RolePolicy",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "AWS::KinesisFirehose::DeliveryStream",
    "aws:kms/alias:Alias": "AWS::KMS::Alias",
    "aws:kms/key:Key": "AWS::KMS::Key",
    "aws:lambda/alias:Alias": "AWS::Lambda::Alias",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "AWS::Lambda::EventSourceMapping",
    "aws:lambda/function:Function": "AWS::Lambda::Function",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "AWS::Lambda::EventInvokeConfig",
    "aws:lambda/layerVersion:LayerVersion": "AWS::Lambda::LayerVersion",
    "aws:lambda/permission:Permission": "AWS::Lambda::Permission",
    "aws:route53/healthCheck:HealthCheck": "AWS::Route53::HealthCheck",
    "aws:route53/record:Record": "AWS::Route53::RecordSet",
    "aws:s3/bucket:Bucket": "AWS::S3::Bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "AWS::S3::Bucket",
    "aws:s3/bucketPolicy:BucketPolicy": "AWS::S3::BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "AWS::S3::Bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "AWS::S3::Bucket",
    "aws:s3/bucketVersioning:BucketVersioning": "AWS::S3::Bucket",
    "aws:scheduler/schedule:Schedule": "AWS::Scheduler::Schedule",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "AWS::Scheduler::ScheduleGroup",
    "aws:sns/topic:Topic": "AWS::SNS::Topic",
    "aws:sns/topicPolicy:TopicPolicy": "AWS::SNS::TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription": "AWS::SNS::Subscription",
    "aws:sqs/queue:Queue": "AWS::SQS::Queue",
    "aws:sqs/queuePolicy:QueuePolicy": "AWS::SQS::QueuePolicy",
}


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return loaded


def source() -> str:
    """Where the facts come from, with the version."""
    return f"AWS's resource schemas (cfn-lint {_file()['cfn-lint']})"


def create_only(pulumi_type: str) -> frozenset[str] | None:
    """Paths (`BucketName`, `HealthCheckConfig/Type`) that only a new resource can have otherwise; None: not published.

    Args:
        pulumi_type: Type token, such as `aws:s3/bucket:Bucket`.
    """
    schema = _file()["resources"].get(TYPES.get(pulumi_type, ""))
    return frozenset(schema["createOnly"]) if schema else None


def permissions(pulumi_type: str, handlers: tuple[str, ...]) -> frozenset[str]:
    """Actions that AWS's own handlers of a resource type need, such as `sqs:CreateQueue`.

    Args:
        pulumi_type: Type token.
        handlers: Of `create`, `read`, `update`, `delete`, `list`.

    Raises:
        KeyError: AWS publishes no schema for the type, or TYPES does not name it.
    """
    published = _file()["resources"][TYPES[pulumi_type]]["handlers"]
    return frozenset(action for handler in handlers for action in published.get(handler, ()))


def takes_resource(action: str) -> bool | None:
    """Whether an action can be allowed on single resources; None if it is not in AWS's reference.

    Args:
        action: Such as `sqs:CreateQueue`.
    """
    known = _file()["actions"].get(action.lower())
    return None if known is None else bool(known)


def _schema(schemas: Path, digest: str) -> dict[str, Any]:
    schema = json.loads((schemas / "resources" / f"{digest}.json").read_text("utf-8"))
    handlers = {name: sorted(set(how.get("permissions", ()))) for name, how in schema.get("handlers", {}).items()}
    return {
        "createOnly": sorted(path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", ())),
        "handlers": dict(sorted(handlers.items())),
    }


def main() -> None:
    """Write FILE from the cfn-lint that is installed."""
    version = importlib.metadata.version("cfn-lint")
    data = Path(str(importlib.resources.files("cfnlint"))) / "data"
    index = json.loads((data / "schemas/providers/us-east-1.json").read_text("utf-8"))
    resources = {name: _schema(data / "schemas", index[name]) for name in sorted(set(TYPES.values()))}
    used = {a.lower() for schema in resources.values() for actions in schema["handlers"].values() for a in actions}
    services = {action.partition(":")[0] for action in used}
    reference = json.loads((data / "AdditionalSpecs/Policies.json").read_text("utf-8"))
    actions = {
        f"{service}:{action}": int(bool(facts.get("Resources")))
        for service in sorted(services & reference.keys())
        for action, facts in sorted(reference[service]["Actions"].items())
    }
    lines = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(schema, separators=(',', ':'))}" for name, schema in resources.items()
    )
    FILE.write_text(
        f'{{"cfn-lint":"{version}",\n"resources":{{\n{lines}\n}},\n'
        f'"actions":{json.dumps(actions, separators=(",", ":"))}}}\n',
        "utf-8",
    )


if __name__ == "__main__":
    main()
