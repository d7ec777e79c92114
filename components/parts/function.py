"""A function of handlers/ in Lambda: one role, its logs, a published version behind an alias."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.names import destination_alarm, dropped_alarm, failed_queue, regional_role, throttled_alarm
from components.packaging.archive import package
from components.parts.alarms import alarm_above
from components.parts.iam import Statement, allow
from components.parts.queues import MessageQueue
from components.parts.regions import Region, RegionalComponent
from components.setting_groups import FunctionSize

ALIAS = "live"
_THROTTLED_MINUTES = 5
LOG_LEVEL = "INFO"


class PackagedFunction(RegionalComponent):
    """One folder of handlers/ as a Lambda function in one Region.

    Args:
        folder: Its folder in handlers/.
        function_name: Physical name.
        size: Memory (MB) and timeout (s).
        environment: Its environment, beside LOG_LEVEL and ACCOUNT_ID that every function has.
        statements: What it may do, beside writing its own log and traces.
        files: Further files at the root of its archive, by name.
        asynchronous: Whether it is invoked asynchronously: then events that it fails on go to a queue.
        snap_start: Start from a snapshot (python3.12 and newer).
        reserved_concurrency: Executions at a time that are its own, and its most; unset: what the account has left.
        carries_signals: False for what nobody misses when it is dropped.

    Source: Lambda Developer Guide, "Error handling for asynchronous invocation" (two retries, then the destination).
    """

    name: pulumi.Output[str]
    alias: aws.lambda_.Alias

    def __init__(
        self,
        name: str,
        *,
        region: Region,
        folder: str,
        function_name: str,
        size: FunctionSize,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
        files: Mapping[str, bytes] | None = None,
        asynchronous: bool = False,
        snap_start: bool = False,
        reserved_concurrency: int | None = None,
        carries_signals: bool = True,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        functions = region.functions
        logs = self.log_group(f"{name}-logs", "lambda", function_name)
        own = [allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs.arn, ":*"))]
        if functions.tracing:
            # X-Ray has no resource to name (Service Authorization Reference, AWS X-Ray).
            own.append(allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"))
        failed = None
        if asynchronous:
            failed = MessageQueue(
                f"{name}-failed",
                region=region,
                queue_name=failed_queue(function_name),
                opts=self.child,
            )
            own.append(allow("sqs:SendMessage", failed.arn))
        role, policy = self.role(
            f"{name}-role",
            region,
            physical_name=regional_role(function_name, region.name),
            service="lambda",
            statements=[*own, *statements],
        )
        archive = package(
            folder,
            runtime=functions.lambda_runtime,
            architecture=functions.lambda_architecture,
            platform="host" if region.embedded else "lambda",
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
            environment={"variables": {"LOG_LEVEL": LOG_LEVEL, "ACCOUNT_ID": region.account_id, **environment}},
            tracing_config={"mode": "Active" if functions.tracing else "PassThrough"},
            # Only the JSON format filters the platform's lines, two for each invocation at INFO; handlers write JSON
            # anyway, and what they write without a level, their metrics, counts as INFO (Lambda Developer Guide,
            # "Log-level filtering").
            logging_config={
                "log_format": "JSON",
                "application_log_level": LOG_LEVEL,
                "system_log_level": functions.platform_log_level,
            },
            reserved_concurrent_executions=reserved_concurrency,
            snap_start={"apply_on": "PublishedVersions"} if snap_start else None,
            # Without its policy the first invocations would run with a role that may do nothing.
            opts=region.options(self, depends_on=[policy, logs]),
        )
        self.alias = aws.lambda_.Alias(
            f"{name}-alias", name=ALIAS, function_name=function.name, function_version=function.version, opts=self.here
        )
        self._destinations = (
            [
                aws.lambda_.FunctionEventInvokeConfig(
                    f"{name}-async",
                    function_name=function.name,
                    qualifier=self.alias.name,
                    maximum_retry_attempts=2,
                    maximum_event_age_in_seconds=21_600,
                    destination_config={"on_failure": {"destination": failed.arn}},
                    opts=self.here,
                )
            ]
            if failed
            else []
        )
        if carries_signals:
            self._alarms(function_name, asynchronous=asynchronous)
        self.name = function.name
        self.register_outputs({"name": self.name, "aliasArn": self.alias.arn})

    def _alarms(self, function_name: str, *, asynchronous: bool) -> None:
        self._alarm(
            "throttled",
            function_name,
            physical_name=throttled_alarm(function_name),
            metric="Throttles",
            runbook="a-function-is-throttled",
            says=f"Lambda has refused invocations of {function_name} for minutes: its concurrency does not suffice.",
            # A burst is throttled until there are environments for it, 1,000 more every 10 s, and what was
            # asynchronous is tried again for 6 h: only minutes of it are a limit.
            periods=_THROTTLED_MINUTES,
        )
        if asynchronous:
            self._alarm(
                "dropped",
                function_name,
                physical_name=dropped_alarm(function_name),
                metric="AsyncEventsDropped",
                runbook="messages-in-a-queue",
                says=f"Lambda gave up on events of {function_name} and sent them to its failure queue.",
            )
            self._alarm(
                "lost",
                function_name,
                physical_name=destination_alarm(function_name),
                metric="DestinationDeliveryFailures",
                runbook="signals-are-lost",
                says=f"The failure queue of {function_name} did not take what it gave up on: it is lost here.",
                at_risk=True,
            )

    def _alarm(
        self,
        what: str,
        function_name: str,
        *,
        physical_name: str,
        metric: str,
        runbook: str,
        says: str,
        periods: int = 1,
        at_risk: bool = False,
    ) -> None:
        """An alarm on one of the function's counts, over all its versions."""
        alarm_above(
            f"{self._name}-{what}",
            region=self.region,
            parent=self,
            physical_name=physical_name,
            runbook=runbook,
            what=says,
            namespace="AWS/Lambda",
            metric=metric,
            dimensions={"FunctionName": function_name},
            periods=periods,
            at_risk=at_risk,
        )

    def allow_invocation(self, by: str, principal: str, source_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        """Let a service invoke the alias on behalf of one resource; `by` names the permission.

        What invokes it must wait for the permission, which itself waits for where failed events go.
        """
        return aws.lambda_.Permission(
            f"{self._name}-invoked-by-{by}",
            statement_id=by,
            function=self.name,
            qualifier=self.alias.name,
            action="lambda:InvokeFunction",
            principal=principal,
            source_arn=source_arn,
            opts=self.region.options(self, depends_on=self._destinations),
        )
