"""The AWS resource types that this project speaks of, and what it needs to know of each: one line a type.

A constant is Pulumi's type token; `KNOWN` has the rest, and `arn` is the only place that writes an ARN.

Sources: the Service Authorization Reference (ARNs), the CloudFormation resource types, pulumi-aws'
provider/resources.go (Terraform's names), the services' user guides and cfn-lint's StatefulResources (what is lost
with a resource).
"""

from dataclasses import dataclass

STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True)
class ResourceType:
    """What is known of one type.

    Attributes:
        cloudformation: AWS's own type without `AWS::`; Pulumi may split one into several. Empty: AWS publishes none.
        arn: What follows `arn:aws:` in its ARN; `@` stands for `:{region}:{account}:`, other fields are `id`, which
            AWS chooses, and inputs under Pulumi's names. Empty: not known.
        holds: What is lost with a resource of it; empty for nothing.
        terraform: Terraform's type where it does not follow from the token.
        policy: The property that holds an IAM document, and after a `/` the one that names what it is about, if that
            is another resource.
    """

    cloudformation: str = ""
    arn: str = ""
    holds: str = ""
    terraform: str = ""
    policy: str = ""


KNOWN: dict[str, ResourceType] = {}


def _type(
    token: str, cloudformation: str = "", arn: str = "", holds: str = "", *, terraform: str = "", policy: str = ""
) -> str:
    KNOWN[token] = ResourceType(cloudformation, arn.replace("@", ":{region}:{account}:"), holds, terraform, policy)
    return token


def known(type: str) -> ResourceType:
    """What is known of a type; of one that is not in the table, nothing."""
    return KNOWN.get(type, ResourceType())


def arn_form(type: str) -> str:
    """The form of a type's ARN; where the table has none, one that is no other type's."""
    form = known(type).arn or type.split(":")[1].partition("/")[0] + ":{region}:{account}:{id}"
    return f"arn:aws:{form}"


def arn(type: str, **fields: object) -> str:
    """The ARN of a resource: `arn(QUEUE, region="us-west-2", account="444455556666", name="orders")`.

    Args:
        type: Type token.
        fields: Values for the fields of the ARN's form; others are ignored.
    """
    return arn_form(type).format(**fields)


CERTIFICATE = _type("aws:acm/certificate:Certificate", "CertificateManager::Certificate", "acm@certificate/{id}")
CERTIFICATE_VALIDATION = _type("aws:acm/certificateValidation:CertificateValidation", "CertificateManager::Certificate")
API = _type("aws:apigatewayv2/api:Api", "ApiGatewayV2::Api", "apigateway:{region}::/apis/{id}")
API_MAPPING = _type("aws:apigatewayv2/apiMapping:ApiMapping", "ApiGatewayV2::ApiMapping")
DOMAIN_NAME = _type(
    "aws:apigatewayv2/domainName:DomainName",
    "ApiGatewayV2::DomainName",
    "apigateway:{region}::/domainnames/{domainName}",
)
INTEGRATION = _type("aws:apigatewayv2/integration:Integration", "ApiGatewayV2::Integration")
ROUTE = _type("aws:apigatewayv2/route:Route", "ApiGatewayV2::Route")
STAGE = _type("aws:apigatewayv2/stage:Stage", "ApiGatewayV2::Stage")
NAMED_QUERY = _type("aws:athena/namedQuery:NamedQuery", "Athena::NamedQuery")
WORKGROUP = _type("aws:athena/workgroup:Workgroup", "Athena::WorkGroup", "athena@workgroup/{name}")
ALARM = _type("aws:cloudwatch/metricAlarm:MetricAlarm", "CloudWatch::Alarm", "cloudwatch@alarm:{name}")
COMPOSITE_ALARM = _type(
    "aws:cloudwatch/compositeAlarm:CompositeAlarm", "CloudWatch::CompositeAlarm", "cloudwatch@alarm:{alarmName}"
)
DASHBOARD = _type(
    "aws:cloudwatch/dashboard:Dashboard", "CloudWatch::Dashboard", "cloudwatch::{account}:dashboard/{dashboardName}"
)
BUS = _type(
    "aws:cloudwatch/eventBus:EventBus",
    "Events::EventBus",
    "events@event-bus/{name}",
    "events in flight, and the archive and rules on it",
)
BUS_POLICY = _type(
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy", "Events::EventBusPolicy", policy="policy/eventBusName"
)
BUS_PERMISSION = _type("aws:cloudwatch/eventPermission:EventPermission")
ENDPOINT = _type("aws:cloudwatch/eventEndpoint:EventEndpoint", "Events::Endpoint", "events@endpoint/{name}")
ARCHIVE = _type(
    "aws:cloudwatch/eventArchive:EventArchive", "Events::Archive", "events@archive/{name}", "archived events"
)
RULE = _type("aws:cloudwatch/eventRule:EventRule", "Events::Rule", "events@rule/{eventBusName}/{name}")
TARGET = _type("aws:cloudwatch/eventTarget:EventTarget", "Events::Rule")
LOG_GROUP = _type("aws:cloudwatch/logGroup:LogGroup", "Logs::LogGroup", "logs@log-group:{name}", "logs")
LOG_METRIC_FILTER = _type("aws:cloudwatch/logMetricFilter:LogMetricFilter", "Logs::MetricFilter")
LOG_STREAM = _type("aws:cloudwatch/logStream:LogStream", "Logs::LogStream")
LOG_SUBSCRIPTION = _type("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", "Logs::SubscriptionFilter")
TABLE = _type("aws:dynamodb/table:Table", "DynamoDB::GlobalTable", "dynamodb@table/{name}", "items")
DATABASE = _type("aws:glue/catalogDatabase:CatalogDatabase", "Glue::Database", "glue@database/{name}")
CATALOG_TABLE = _type("aws:glue/catalogTable:CatalogTable", "Glue::Table", "glue@table/{databaseName}/{name}")
OIDC_PROVIDER = _type(
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "IAM::OIDCProvider",
    terraform="aws_iam_openid_connect_provider",
)
MANAGED_POLICY = _type("aws:iam/policy:Policy", "IAM::ManagedPolicy", "iam::{account}:policy/{name}", policy="policy")
ROLE = _type("aws:iam/role:Role", "IAM::Role", "iam::{account}:role/{name}", policy="assumeRolePolicy")
ROLE_POLICY = _type("aws:iam/rolePolicy:RolePolicy", "IAM::RolePolicy", policy="policy/role")
STREAM = _type(
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    "KinesisFirehose::DeliveryStream",
    "firehose@deliverystream/{name}",
    "buffered records",
)
KMS_ALIAS = _type("aws:kms/alias:Alias", "KMS::Alias")
KMS_KEY = _type("aws:kms/key:Key", "KMS::Key", policy="policy")
ALIAS = _type("aws:lambda/alias:Alias", "Lambda::Alias", "lambda@function:{functionName}:{name}")
FUNCTION = _type("aws:lambda/function:Function", "Lambda::Function", "lambda@function:{name}")
ASYNC_CONFIG = _type("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "Lambda::EventInvokeConfig")
LAYER = _type("aws:lambda/layerVersion:LayerVersion", "Lambda::LayerVersion")
MAPPING = _type(
    "aws:lambda/eventSourceMapping:EventSourceMapping", "Lambda::EventSourceMapping", "lambda@event-source-mapping:{id}"
)
PERMISSION = _type("aws:lambda/permission:Permission", "Lambda::Permission")
HEALTH_CHECK = _type("aws:route53/healthCheck:HealthCheck", "Route53::HealthCheck", "route53:::healthcheck/{id}")
RECORD = _type("aws:route53/record:Record", "Route53::RecordSet")
BUCKET = _type("aws:s3/bucket:Bucket", "S3::Bucket", "s3:::{bucket}", "objects")
BUCKET_ENCRYPTION = _type(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "S3::Bucket"
)
BUCKET_LIFECYCLE = _type("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "S3::Bucket")
BUCKET_POLICY = _type("aws:s3/bucketPolicy:BucketPolicy", "S3::BucketPolicy", policy="policy/bucket")
BUCKET_PUBLIC_ACCESS = _type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "S3::Bucket")
BUCKET_VERSIONING = _type("aws:s3/bucketVersioning:BucketVersioning", "S3::Bucket")
BUCKET_WEBSITE = _type("aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration")
SCHEDULE = _type("aws:scheduler/schedule:Schedule", "Scheduler::Schedule", "scheduler@schedule/default/{name}")
SCHEDULE_GROUP = _type("aws:scheduler/scheduleGroup:ScheduleGroup", "Scheduler::ScheduleGroup")
TOPIC = _type("aws:sns/topic:Topic", "SNS::Topic", "sns@{name}")
TOPIC_POLICY = _type("aws:sns/topicPolicy:TopicPolicy", "SNS::TopicPolicy", policy="policy/arn")
TOPIC_SUBSCRIPTION = _type("aws:sns/topicSubscription:TopicSubscription", "SNS::Subscription")
QUEUE = _type("aws:sqs/queue:Queue", "SQS::Queue", "sqs@{name}", "messages")
QUEUE_POLICY = _type("aws:sqs/queuePolicy:QueuePolicy", "SQS::QueuePolicy", policy="policy/queueUrl")

# What Terraform names otherwise, and nobody here speaks of but a stack that a user adds it to.
for _token, _terraform in {
    "aws:iam/sshKey:SshKey": "aws_iam_user_ssh_key",
    "aws:s3/analyticsConfiguration:AnalyticsConfiguration": "aws_s3_bucket_analytics_configuration",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
    "aws:s3/inventory:Inventory": "aws_s3_bucket_inventory",
    "aws:sns/dataProtectionPolicy:DataProtectionPolicy": "aws_sns_topic_data_protection_policy",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "aws_sqs_queue_redrive_allow_policy",
    "aws:sqs/redrivePolicy:RedrivePolicy": "aws_sqs_queue_redrive_policy",
}.items():
    _type(_token, terraform=_terraform)

# These have an ARN, and are no resource that a program declares.
API_PATH = _type("apigateway", arn="apigateway:{region}::/{path}")
API_EXECUTION = _type("execute-api", arn="execute-api@{id}")
FUNCTION_INVOCATION = _type(
    "apigateway:lambda", arn="apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
)
GLUE_CATALOG = _type("glue:catalog", arn="glue@catalog")
HOSTED_ZONE = _type("route53:hostedzone", arn="route53:::hostedzone/{id}")
DNS_CHANGE = _type("route53:change", arn="route53:::change/{id}")
REPLAY = _type("events:replay", arn="events@replay/{name}")
