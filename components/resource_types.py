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
    name: str, cloudformation: str = "", arn: str = "", holds: str = "", *, terraform: str = "", policy: str = ""
) -> str:
    """Note a type by its class in Pulumi's SDK (`sqs.Queue` is `aws:sqs/queue:Queue`), or by any name without a dot."""
    module, _, kind = name.partition(".")
    token = f"aws:{module}/{kind[0].lower()}{kind[1:]}:{kind}" if kind else name
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


CERTIFICATE = _type("acm.Certificate", "CertificateManager::Certificate", "acm@certificate/{id}")
CERTIFICATE_VALIDATION = _type("acm.CertificateValidation", "CertificateManager::Certificate")
API = _type("apigatewayv2.Api", "ApiGatewayV2::Api", "apigateway:{region}::/apis/{id}")
API_MAPPING = _type("apigatewayv2.ApiMapping", "ApiGatewayV2::ApiMapping")
DOMAIN_NAME = _type(
    "apigatewayv2.DomainName", "ApiGatewayV2::DomainName", "apigateway:{region}::/domainnames/{domainName}"
)
INTEGRATION = _type("apigatewayv2.Integration", "ApiGatewayV2::Integration")
ROUTE = _type("apigatewayv2.Route", "ApiGatewayV2::Route")
STAGE = _type("apigatewayv2.Stage", "ApiGatewayV2::Stage")
NAMED_QUERY = _type("athena.NamedQuery", "Athena::NamedQuery")
WORKGROUP = _type("athena.Workgroup", "Athena::WorkGroup", "athena@workgroup/{name}")
ALARM = _type("cloudwatch.MetricAlarm", "CloudWatch::Alarm", "cloudwatch@alarm:{name}")
COMPOSITE_ALARM = _type("cloudwatch.CompositeAlarm", "CloudWatch::CompositeAlarm", "cloudwatch@alarm:{alarmName}")
DASHBOARD = _type("cloudwatch.Dashboard", "CloudWatch::Dashboard", "cloudwatch::{account}:dashboard/{dashboardName}")
BUS = _type(
    "cloudwatch.EventBus",
    "Events::EventBus",
    "events@event-bus/{name}",
    "events in flight, and the archive and rules on it",
)
BUS_POLICY = _type("cloudwatch.EventBusPolicy", "Events::EventBusPolicy", policy="policy/eventBusName")
BUS_PERMISSION = _type("cloudwatch.EventPermission")
ENDPOINT = _type("cloudwatch.EventEndpoint", "Events::Endpoint", "events@endpoint/{name}")
ARCHIVE = _type("cloudwatch.EventArchive", "Events::Archive", "events@archive/{name}", "archived events")
RULE = _type("cloudwatch.EventRule", "Events::Rule", "events@rule/{eventBusName}/{name}")
TARGET = _type("cloudwatch.EventTarget", "Events::Rule")
LOG_GROUP = _type("cloudwatch.LogGroup", "Logs::LogGroup", "logs@log-group:{name}", "logs")
LOG_METRIC_FILTER = _type("cloudwatch.LogMetricFilter", "Logs::MetricFilter")
LOG_STREAM = _type("cloudwatch.LogStream", "Logs::LogStream")
LOG_SUBSCRIPTION = _type("cloudwatch.LogSubscriptionFilter", "Logs::SubscriptionFilter")
TABLE = _type("dynamodb.Table", "DynamoDB::GlobalTable", "dynamodb@table/{name}", "items")
DATABASE = _type("glue.CatalogDatabase", "Glue::Database", "glue@database/{name}")
CATALOG_TABLE = _type("glue.CatalogTable", "Glue::Table", "glue@table/{databaseName}/{name}")
OIDC_PROVIDER = _type("iam.OpenIdConnectProvider", "IAM::OIDCProvider", terraform="aws_iam_openid_connect_provider")
MANAGED_POLICY = _type("iam.Policy", "IAM::ManagedPolicy", "iam::{account}:policy/{name}", policy="policy")
ROLE = _type("iam.Role", "IAM::Role", "iam::{account}:role/{name}", policy="assumeRolePolicy")
ROLE_POLICY = _type("iam.RolePolicy", "IAM::RolePolicy", policy="policy/role")
STREAM = _type(
    "kinesis.FirehoseDeliveryStream",
    "KinesisFirehose::DeliveryStream",
    "firehose@deliverystream/{name}",
    "buffered records",
)
KMS_ALIAS = _type("kms.Alias", "KMS::Alias")
KMS_KEY = _type("kms.Key", "KMS::Key", policy="policy")
ALIAS = _type("lambda.Alias", "Lambda::Alias", "lambda@function:{functionName}:{name}")
FUNCTION = _type("lambda.Function", "Lambda::Function", "lambda@function:{name}")
ASYNC_CONFIG = _type("lambda.FunctionEventInvokeConfig", "Lambda::EventInvokeConfig")
LAYER = _type("lambda.LayerVersion", "Lambda::LayerVersion")
MAPPING = _type("lambda.EventSourceMapping", "Lambda::EventSourceMapping", "lambda@event-source-mapping:{id}")
PERMISSION = _type("lambda.Permission", "Lambda::Permission")
HEALTH_CHECK = _type("route53.HealthCheck", "Route53::HealthCheck", "route53:::healthcheck/{id}")
RECORD = _type("route53.Record", "Route53::RecordSet")
BUCKET = _type("s3.Bucket", "S3::Bucket", "s3:::{bucket}", "objects")
BUCKET_ENCRYPTION = _type("s3.BucketServerSideEncryptionConfiguration", "S3::Bucket")
BUCKET_LIFECYCLE = _type("s3.BucketLifecycleConfiguration", "S3::Bucket")
BUCKET_POLICY = _type("s3.BucketPolicy", "S3::BucketPolicy", policy="policy/bucket")
BUCKET_PUBLIC_ACCESS = _type("s3.BucketPublicAccessBlock", "S3::Bucket")
BUCKET_VERSIONING = _type("s3.BucketVersioning", "S3::Bucket")
BUCKET_WEBSITE = _type("s3.BucketWebsiteConfiguration")
SCHEDULE = _type("scheduler.Schedule", "Scheduler::Schedule", "scheduler@schedule/default/{name}")
SCHEDULE_GROUP = _type("scheduler.ScheduleGroup", "Scheduler::ScheduleGroup")
TOPIC = _type("sns.Topic", "SNS::Topic", "sns@{name}")
TOPIC_POLICY = _type("sns.TopicPolicy", "SNS::TopicPolicy", policy="policy/arn")
TOPIC_SUBSCRIPTION = _type("sns.TopicSubscription", "SNS::Subscription")
QUEUE = _type("sqs.Queue", "SQS::Queue", "sqs@{name}", "messages")
QUEUE_POLICY = _type("sqs.QueuePolicy", "SQS::QueuePolicy", policy="policy/queueUrl")

# What Terraform names otherwise, and nobody here speaks of but a stack that a user adds it to.
for _class, _terraform in {
    "iam.SshKey": "aws_iam_user_ssh_key",
    "s3.AnalyticsConfiguration": "aws_s3_bucket_analytics_configuration",
    "s3.BucketObjectv2": "aws_s3_object",
    "s3.BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
    "s3.Inventory": "aws_s3_bucket_inventory",
    "sns.DataProtectionPolicy": "aws_sns_topic_data_protection_policy",
    "sqs.RedriveAllowPolicy": "aws_sqs_queue_redrive_allow_policy",
    "sqs.RedrivePolicy": "aws_sqs_queue_redrive_policy",
}.items():
    _type(_class, terraform=_terraform)

# These have an ARN, and are no resource that a program declares.
API_PATH = _type("apigateway", arn="apigateway:{region}::/{path}")
API_EXECUTION = _type("execute-api", arn="execute-api@{id}")
FUNCTION_INVOCATION = _type(
    "apigateway:lambda", arn="apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
)
GLUE_CATALOG = _type("glue:catalog", arn="glue@catalog")
HOSTED_ZONE = _type("route53:hostedzone", arn="route53:::hostedzone/{id}")
DNS_CHANGE = _type("route53:change", arn="route53:::change/{id}")
ASSUMED_ROLE = _type("sts:assumed-role", arn="sts::{account}:assumed-role/{role}/{session}")
REPLAY = _type("events:replay", arn="events@replay/{name}")
