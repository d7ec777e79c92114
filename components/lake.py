"""The data lake: every enriched signal as a line of a compressed object in S3, queryable with Athena."""

import pulumi
import pulumi_aws as aws

from components.names import regional_role
from components.parts.alarms import alarm_above
from components.parts.iam import allow, document, tls_only
from components.parts.regions import Region, RegionalComponent
from components.setting_groups import Lake

_PREFIX, _RESULTS = "signals/", "athena-results/"
# How long a deleted or overwritten object can be restored.
_UNDO_DAYS = 30
# CloudEvents attributes first, then what enrichment adds; `data` stays JSON text, whatever its shape.
_COLUMNS = (
    *("specversion", "id", "type", "source", "time", "subject", "datacontenttype", "dataschema", "data"),
    *("producer", "receivedat", "ingestregion", "enrichedregion", "clientnetwork", "uabrowser", "uaos", "uadevice"),
    "batchid",
)


class DataLake(RegionalComponent):
    """Firehose into S3, a Glue table over it, and an Athena workgroup with the query that removes duplicates.

    Args:
        settings: Buffering (seconds, MB) and life cycle (days).

    Source: Firehose Developer Guide, "Custom prefixes for S3 objects"; Athena User Guide, "Partition projection".
    """

    bucket_name: str
    stream_arn: pulumi.Output[str]

    def __init__(self, name: str, *, settings: Lake, region: Region, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, region, opts)
        self.bucket_name = region.names.lake_bucket(region.name)
        bucket = self._bucket(settings)
        self.stream_arn = self._stream(bucket, settings)
        self._catalogue(bucket)
        self.register_outputs({"bucketName": self.bucket_name, "streamArn": self.stream_arn})

    def _bucket(self, settings: Lake) -> aws.s3.Bucket:
        name, here, region = self._name, self.here, self.region
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=self.bucket_name,
            # The embedded AWS is deleted as a whole; on AWS a bucket that holds signals is never emptied by a tool.
            force_destroy=region.embedded,
            opts=region.options(self, protect=True),
        )
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=here,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=here,
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=document([tls_only([bucket.arn, pulumi.Output.concat(bucket.arn, "/*")], "s3")]),
            # S3 refuses two concurrent changes of a bucket's access.
            opts=region.options(self, depends_on=[block]),
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=here
        )
        signals: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "signals",
            "status": "Enabled",
            "filter": {"prefix": _PREFIX},
            "transitions": [{"days": settings.infrequent_access_after_days, "storage_class": "STANDARD_IA"}],
        }
        if settings.expire_after_days:
            signals["expiration"] = {"days": settings.expire_after_days}
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                signals,
                {"id": "left-overs", "status": "Enabled", "filter": {"prefix": _RESULTS}, "expiration": {"days": 30}},
                {
                    "id": "undo",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": _UNDO_DAYS},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                },
            ],
            # Older versions expire only in a bucket that has versions.
            opts=region.options(self, depends_on=[versioning]),
        )
        return bucket

    def _stream(self, bucket: aws.s3.Bucket, settings: Lake) -> pulumi.Output[str]:
        name, here, region = self._name, self.here, self.region
        logs = self.log_group(f"{name}-logs", "kinesisfirehose", region.names.lake)
        log_stream = aws.cloudwatch.LogStream(
            f"{name}-log-stream", name="delivery", log_group_name=logs.name, opts=here
        )
        objects = pulumi.Output.concat(bucket.arn, "/*")
        role, policy = self.role(
            f"{name}-role",
            region,
            physical_name=regional_role(region.names.lake, region.name),
            service="firehose",
            statements=[
                allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], bucket.arn),
                allow(["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"], objects),
                allow("logs:PutLogEvents", pulumi.Output.concat(logs.arn, ":log-stream:", log_stream.name)),
            ],
        )
        stream = aws.kinesis.FirehoseDeliveryStream(
            f"{name}-stream",
            name=region.names.lake,
            destination="extended_s3",
            server_side_encryption={"enabled": True, "key_type": "AWS_OWNED_CMK"},
            extended_s3_configuration={
                "bucket_arn": bucket.arn,
                "role_arn": role.arn,
                "buffering_interval": settings.buffer_seconds,
                "buffering_size": settings.buffer_mb,
                "compression_format": "GZIP",
                "prefix": f"{_PREFIX}dt=!{{timestamp:yyyy-MM-dd}}/hour=!{{timestamp:HH}}/",
                "error_output_prefix": "errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/",
                "file_extension": ".json.gz",
                # EventBridge delivers one JSON document after another: Firehose must write the line ends.
                "processing_configuration": {"enabled": True, "processors": [{"type": "AppendDelimiterToRecord"}]},
                "cloudwatch_logging_options": {
                    "enabled": True,
                    "log_group_name": logs.name,
                    "log_stream_name": log_stream.name,
                },
            },
            opts=region.options(self, depends_on=[policy]),
        )
        self._alarms(settings)
        return stream.arn

    def _alarms(self, settings: Lake) -> None:
        """Firehose keeps what it cannot write for 24 h and has no dead-letter queue: what it refuses, EventBridge has.

        Source: Firehose Developer Guide, "Implement best practices with CloudWatch Alarms".
        """
        names = self.region.names
        alarm_above(
            f"{self._name}-late",
            region=self.region,
            parent=self,
            physical_name=names.lake_late_alarm,
            runbook="the-lake-falls-behind",
            what="Firehose has not written signals to the lake for too long, and forgets them after 24 hours.",
            namespace="AWS/Firehose",
            metric="DeliveryToS3.DataFreshness",
            dimensions={"DeliveryStreamName": names.lake},
            statistic="Maximum",
            # Full buffers are as old as they may be; 15 minutes more are no longer a hiccup of S3.
            threshold=settings.buffer_seconds + 900,
            periods=3,
            period_seconds=300,
            at_risk=True,
        )
        alarm_above(
            f"{self._name}-throttled",
            region=self.region,
            parent=self,
            physical_name=names.lake_throttled_alarm,
            runbook="the-lake-falls-behind",
            what="Firehose refuses signals: the stream's quota does not suffice, and EventBridge tries for 24 hours.",
            namespace="AWS/Firehose",
            metric="ThrottledRecords",
            dimensions={"DeliveryStreamName": names.lake},
            # A stream grows by itself once it has been throttled; EventBridge tries again until it has.
            periods=3,
            period_seconds=300,
            at_risk=True,
        )

    def _catalogue(self, bucket: aws.s3.Bucket) -> None:
        name, here, names = self._name, self.here, self.region.names
        database = aws.glue.CatalogDatabase(f"{name}-database", name=names.lake_database, opts=here)
        location = f"s3://{self.bucket_name}/{_PREFIX}"
        table = aws.glue.CatalogTable(
            f"{name}-table",
            name="signals",
            database_name=database.name,
            table_type="EXTERNAL_TABLE",
            parameters={
                "classification": "json",
                "projection.enabled": "true",
                "projection.dt.type": "date",
                "projection.dt.format": "yyyy-MM-dd",
                "projection.dt.range": "2025-01-01,NOW",
                "projection.hour.type": "integer",
                "projection.hour.range": "0,23",
                "projection.hour.digits": "2",
                "storage.location.template": f"{location}dt=${{dt}}/hour=${{hour}}/",
            },
            partition_keys=[{"name": "dt", "type": "string"}, {"name": "hour", "type": "string"}],
            storage_descriptor={
                "location": location,
                "input_format": "org.apache.hadoop.mapred.TextInputFormat",
                "output_format": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "ser_de_info": {
                    "serialization_library": "org.openx.data.jsonserde.JsonSerDe",
                    "parameters": {"ignore.malformed.json": "true"},
                },
                "columns": [{"name": column, "type": "string"} for column in _COLUMNS],
            },
            opts=here,
        )
        workgroup = aws.athena.Workgroup(
            f"{name}-workgroup",
            name=names.lake,
            configuration={
                "enforce_workgroup_configuration": True,
                "result_configuration": {
                    "output_location": pulumi.Output.concat("s3://", bucket.id, "/", _RESULTS),
                    "encryption_configuration": {"encryption_option": "SSE_S3"},
                },
            },
            opts=here,
        )
        aws.athena.NamedQuery(
            f"{name}-distinct",
            name="distinct-signals",
            description="Signals since yesterday, each once: delivery is at least once, the id is the identity.",
            workgroup=workgroup.id,
            database=database.name,
            query=pulumi.Output.concat(
                "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY receivedat, batchid) AS copy",
                " FROM ",
                table.name,
                " WHERE dt >= date_format(current_date - interval '1' day, '%Y-%m-%d')) WHERE copy = 1",
            ),
            opts=here,
        )
