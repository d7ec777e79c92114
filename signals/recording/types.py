"""Type tokens of the resources that rules speak of."""

BUS = "aws:cloudwatch/eventBus:EventBus"
BUS_POLICY = "aws:cloudwatch/eventBusPolicy:EventBusPolicy"
BUS_PERMISSION = "aws:cloudwatch/eventPermission:EventPermission"
ENDPOINT = "aws:cloudwatch/eventEndpoint:EventEndpoint"
ARCHIVE = "aws:cloudwatch/eventArchive:EventArchive"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"
SCHEDULE = "aws:scheduler/schedule:Schedule"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
PERMISSION = "aws:lambda/permission:Permission"
ASYNC_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
TABLE = "aws:dynamodb/table:Table"
API = "aws:apigatewayv2/api:Api"
STAGE = "aws:apigatewayv2/stage:Stage"
DOMAIN_NAME = "aws:apigatewayv2/domainName:DomainName"

# What AWS will name them, where that follows from their own names alone (Service Authorization Reference).
ARNS = {
    BUS: "arn:aws:events:{region}:{account}:event-bus/{name}",
    ARCHIVE: "arn:aws:events:{region}:{account}:archive/{name}",
    ENDPOINT: "arn:aws:events:{region}:{account}:endpoint/{name}",
    QUEUE: "arn:aws:sqs:{region}:{account}:{name}",
    ROLE: "arn:aws:iam::{account}:role/{name}",
    FUNCTION: "arn:aws:lambda:{region}:{account}:function:{name}",
    BUCKET: "arn:aws:s3:::{bucket}",
    STREAM: "arn:aws:firehose:{region}:{account}:deliverystream/{name}",
    LOG_GROUP: "arn:aws:logs:{region}:{account}:log-group:{name}",
    ALARM: "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    TABLE: "arn:aws:dynamodb:{region}:{account}:table/{name}",
}
