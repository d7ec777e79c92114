"""A function of handlers/ in Lambda: one role, its logs, a published version behind an alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.packaging.archive import package
from components.parts.iam import Statement, allow, service_role
from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.settings import FunctionSize, PlatformSettings

ALIAS = "live"


class PackagedFunction(pulumi.ComponentResource):
    """One folder of handlers/ as a Lambda function in one Region.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        region: Where the function runs.
        folder: Its folder in handlers/.
        function_name: Physical name.
        size: Memory (MB) and timeout (s).
        environment: Its environment, beside LOG_LEVEL and ACCOUNT_ID that every function has.
        statements: What it may do, beside writing its own log and traces.
        files: Files at the root of its archive, by name.
        asynchronous: Whether something invokes it asynchronously: then what it fails on goes to a queue.
        snap_start: Start from a snapshot (python3.12 and newer).

    Source: Lambda Developer Guide, "Error handling for asynchronous invocation" (two retries, then the destination).
    """

    name: pulumi.Output[str]
    alias_arn: pulumi.Output[str]
    alias_invoke_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        region: Region,
        folder: str,
        function_name: str,
        size: FunctionSize,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
        files: Mapping[str, bytes] | None = None,
        asynchronous: bool = False,
        snap_start: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:PackagedFunction", name, None, opts)
        here = region.options(self)
        functions = settings.functions
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/lambda/{function_name}",
            retention_in_days=functions.log_retention_days,
            opts=here,
        )
        own = [allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs.arn, ":*"))]
        if functions.tracing:
            # X-Ray has no resource to name (Service Authorization Reference, AWS X-Ray).
            own.append(allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"))
        failed = None
        if asynchronous:
            failed = MessageQueue(
                f"{name}-failed",
                settings=settings,
                region=region,
                queue_name=f"{function_name}-failed",
                opts=pulumi.ResourceOptions(parent=self),
            )
            own.append(allow("sqs:SendMessage", failed.arn))
        role, policy = service_role(
            f"{name}-role",
            physical_name=f"{function_name}-{region.name}",
            service="lambda.amazonaws.com",
            statements=[*own, *statements],
            account_id=settings.account_id,
            opts=here,
        )
        archive = package(
            folder,
            runtime=functions.lambda_runtime,
            architecture=functions.lambda_architecture,
            platform="host" if settings.aws_endpoint else "lambda",
            files=files or {},
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            name=function_name,
            role=role.arn,
            handler=f"handlers.{folder}.handler.handler",
            runtime=functions.lambda_runtime,
            architectures=[functions.lambda_architecture],
            code=pulumi.FileArchive(str(archive.path)),
            source_code_hash=archive.sha256_base64,
            memory_size=size.memory_mb,
            timeout=size.timeout_seconds,
            publish=True,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={"LOG_LEVEL": "INFO", "ACCOUNT_ID": settings.account_id, **environment}
            ),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active" if functions.tracing else "PassThrough"),
            snap_start=aws.lambda_.FunctionSnapStartArgs(apply_on="PublishedVersions") if snap_start else None,
            # Without its policy the first invocations would run with a role that may do nothing.
            opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[policy, logs])),
        )
        alias = aws.lambda_.Alias(
            f"{name}-alias",
            name=ALIAS,
            function_name=function.name,
            function_version=function.version,
            opts=here,
        )
        if failed:
            aws.lambda_.FunctionEventInvokeConfig(
                f"{name}-async",
                function_name=function.name,
                qualifier=alias.name,
                maximum_retry_attempts=2,
                maximum_event_age_in_seconds=21_600,
                destination_config=aws.lambda_.FunctionEventInvokeConfigDestinationConfigArgs(
                    on_failure=aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(
                        destination=failed.arn
                    )
                ),
                opts=here,
            )
        self._here = here
        self._logical_name = name
        self.name, self.alias_arn, self.alias_invoke_arn = function.name, alias.arn, alias.invoke_arn
        self.alias_name = alias.name
        self.register_outputs({"name": self.name, "aliasArn": self.alias_arn})

    def allow_invocation(self, by: str, principal: str, source_arn: pulumi.Input[str]) -> None:
        """Let a service invoke the alias on behalf of one resource; `by` names the permission."""
        aws.lambda_.Permission(
            f"{self._logical_name}-invoked-by-{by}",
            statement_id=by,
            function=self.name,
            qualifier=self.alias_name,
            action="lambda:InvokeFunction",
            principal=principal,
            source_arn=source_arn,
            opts=self._here,
        )
