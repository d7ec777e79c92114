"""The data lake: every enriched signal as a line of a compressed object in S3, queryable with Athena."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.parts.iam import allow, document, service_role, tls_only
from components.parts.regions import Region
from components.settings import PlatformSettings

_PREFIX = "signals/"
# How long a deleted or overwritten object can be brought back.
_UNDO_DAYS = 30
# CloudEvents attributes first, then what enrichment adds; `data` stays JSON text, whatever its shape.
_COLUMNS = (
    *("specversion", "id", "type", "source", "time", "subject", "datacontenttype", "dataschema", "data"),
    *("producer", "receivedat", "ingestregion", "enrichedregion", "clientnetwork", "uabrowser", "uaos", "uadevice"),
    "batchid",
)


class DataLake(pulumi.ComponentResource):
    """Firehose into S3, a Glue table over it, and an Athena workgroup with the query that removes duplicates.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings: buffering (seconds, MB), life cycle (days), protection.
        region: Where it lives.

    Source: Firehose Developer Guide, "Custom prefixes for S3 objects"; Athena User Guide, "Partition projection".
    """

    bucket_name: str
    stream_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        region: Region,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:DataLake", name, None, opts)
        self._name, self._settings, self._region = name, settings, region
        self._here = region.options(self)
        self.bucket_name = f"{settings.name}-lake-{settings.account_id}-{region.name}"
        bucket = self._bucket()
        self.stream_arn = self._stream(bucket)
        self._catalogue(bucket)
        self.register_outputs({"bucketName": self.bucket_name, "streamArn": self.stream_arn})

    def _bucket(self) -> aws.s3.Bucket:
        name, here, lake = self._name, self._here, self._settings.lake
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=self.bucket_name,
            # The embedded AWS is thrown away whole; on AWS a bucket that holds signals is never emptied by a tool.
            force_destroy=self._settings.aws_endpoint is not None,
            opts=self._region.data_options(self, self._settings.protection),
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
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    )
                )
            ],
            opts=here,
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=document([tls_only([bucket.arn, pulumi.Output.concat(bucket.arn, "/*")], "s3")]),
            # S3 refuses two changes of a bucket's access at once.
            opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[block])),
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=here,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="signals",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=_PREFIX),
                    transitions=[
                        aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
                            days=lake.infrequent_access_after_days, storage_class="STANDARD_IA"
                        )
                    ],
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=lake.expire_after_days)
                    if lake.expire_after_days
                    else None,
                ),
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="left-overs",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="athena-results/"),
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=30),
                ),
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="undo",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=_UNDO_DAYS
                    ),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=7
                    ),
                ),
            ],
            # Older versions expire: there must be such a thing first.
            opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[versioning])),
        )
        return bucket

    def _stream(self, bucket: aws.s3.Bucket) -> pulumi.Output[str]:
        name, here, settings = self._name, self._here, self._settings
        stream_name = f"{settings.name}-lake"
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/kinesisfirehose/{stream_name}",
            retention_in_days=settings.functions.log_retention_days,
            opts=here,
        )
        log_stream = aws.cloudwatch.LogStream(
            f"{name}-log-stream", name="delivery", log_group_name=logs.name, opts=here
        )
        role, policy = service_role(
            f"{name}-role",
            physical_name=f"{stream_name}-{self._region.name}",
            service="firehose.amazonaws.com",
            statements=[
                allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], bucket.arn),
                allow(
                    ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"], pulumi.Output.concat(bucket.arn, "/*")
                ),
                allow("logs:PutLogEvents", pulumi.Output.concat(logs.arn, ":log-stream:", log_stream.name)),
            ],
            account_id=settings.account_id,
            opts=here,
        )
        stream = aws.kinesis.FirehoseDeliveryStream(
            f"{name}-stream",
            name=stream_name,
            destination="extended_s3",
            server_side_encryption=aws.kinesis.FirehoseDeliveryStreamServerSideEncryptionArgs(
                enabled=True, key_type="AWS_OWNED_CMK"
            ),
            extended_s3_configuration=aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs(
                bucket_arn=bucket.arn,
                role_arn=role.arn,
                buffering_interval=settings.lake.buffer_seconds,
                buffering_size=settings.lake.buffer_mb,
                compression_format="GZIP",
                prefix=f"{_PREFIX}dt=!{{timestamp:yyyy-MM-dd}}/hour=!{{timestamp:HH}}/",
                error_output_prefix="errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/",
                file_extension=".json.gz",
                # EventBridge hands over one JSON document after another: the line ends are Firehose's to write.
                processing_configuration=aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs(
                    enabled=True,
                    processors=[
                        aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs(
                            type="AppendDelimiterToRecord"
                        )
                    ],
                ),
                cloudwatch_logging_options=aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptionsArgs(
                    enabled=True, log_group_name=logs.name, log_stream_name=log_stream.name
                ),
            ),
            opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[policy])),
        )
        return stream.arn

    def _catalogue(self, bucket: aws.s3.Bucket) -> None:
        name, here, settings = self._name, self._here, self._settings
        database = aws.glue.CatalogDatabase(
            f"{name}-database", name=f"{settings.name}-lake".replace("-", "_"), opts=here
        )
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
            partition_keys=[
                aws.glue.CatalogTablePartitionKeyArgs(name="dt", type="string"),
                aws.glue.CatalogTablePartitionKeyArgs(name="hour", type="string"),
            ],
            storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
                location=location,
                input_format="org.apache.hadoop.mapred.TextInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
                    serialization_library="org.openx.data.jsonserde.JsonSerDe",
                    parameters={"ignore.malformed.json": "true"},
                ),
                columns=[
                    aws.glue.CatalogTableStorageDescriptorColumnArgs(name=column, type="string") for column in _COLUMNS
                ],
            ),
            opts=here,
        )
        workgroup = aws.athena.Workgroup(
            f"{name}-workgroup",
            name=f"{settings.name}-lake",
            configuration=aws.athena.WorkgroupConfigurationArgs(
                enforce_workgroup_configuration=True,
                result_configuration=aws.athena.WorkgroupConfigurationResultConfigurationArgs(
                    output_location=pulumi.Output.concat("s3://", bucket.id, "/athena-results/"),
                    encryption_configuration=aws.athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs(
                        encryption_option="SSE_S3"
                    ),
                ),
            ),
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
