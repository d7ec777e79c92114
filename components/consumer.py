"""A consumer: a named subscription of the data platform bus in one Region."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.lake import DataLake
from components.parts.function import PackagedFunction
from components.parts.iam import allow, service_role
from components.parts.queues import MessageQueue
from components.parts.regions import Region
from components.parts.subscription import Subscription, rule_arn
from components.settings import Consumer, PlatformSettings
from components.tables import ConsumerTables
from handlers.shared.contract import SIGNAL_SOURCE


class ConsumerSubscription(pulumi.ComponentResource):
    """What one consumer of the settings is made of: its lake, queue or function, and the rule that feeds it.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        consumer: Name, kind, pattern and code.
        region: Where it runs.
        data_bus: The bus it subscribes to.
        tables: The tables of function consumers, by consumer name.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        consumer: Consumer,
        region: Region,
        data_bus: aws.cloudwatch.EventBus,
        tables: Mapping[str, ConsumerTables],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:ConsumerSubscription", name, None, opts)
        self._name, self._settings, self._region = name, settings, region
        self._physical = f"{settings.name}-{consumer.name}"
        self._child = pulumi.ResourceOptions(parent=self)
        role_arn: pulumi.Output[str] | None = None
        function: PackagedFunction | None = None
        match consumer.kind:
            case "lake":
                target_arn, role_arn = self._lake()
            case "queue":
                target_arn = self._queue()
            case "function":
                function = self._function(consumer, tables[consumer.name])
                target_arn = function.alias_arn
        subscription = Subscription(
            name,
            settings=settings,
            region=region,
            bus_name=data_bus.name,
            rule_name=self._physical,
            pattern={"source": [SIGNAL_SOURCE], **consumer.pattern},
            target_arn=target_arn,
            target_role_arn=role_arn,
            # A lake and a queue get the signal itself, a function EventBridge's event around it.
            input_path=None if function else "$.detail",
            opts=self._child,
        )
        if function:
            function.allow_invocation("data-rule", "events.amazonaws.com", subscription.rule_arn)
        self.register_outputs({})

    def _lake(self) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        lake = DataLake(self._name, settings=self._settings, region=self._region, opts=self._child)
        role, _ = service_role(
            f"{self._name}-delivery",
            physical_name=f"{self._physical}-delivery-{self._region.name}",
            service="events.amazonaws.com",
            statements=[allow(["firehose:PutRecord", "firehose:PutRecordBatch"], lake.stream_arn)],
            account_id=self._settings.account_id,
            opts=self._region.options(self),
        )
        return lake.stream_arn, role.arn

    def _queue(self) -> pulumi.Output[str]:
        return MessageQueue(
            f"{self._name}-queue",
            settings=self._settings,
            region=self._region,
            queue_name=self._physical,
            rule_arns=[rule_arn(self._settings, self._region, f"{self._settings.name}-data", self._physical)],
            alarmed=False,
            opts=self._child,
        ).arn

    def _function(self, consumer: Consumer, tables: ConsumerTables) -> PackagedFunction:
        assert consumer.handler is not None  # the settings refuse a function without
        return PackagedFunction(
            self._name,
            settings=self._settings,
            region=self._region,
            folder=consumer.handler,
            function_name=self._physical,
            size=self._settings.consumer_functions,
            environment={"STATE_TABLE": tables.state, "IDEMPOTENCY_TABLE": tables.idempotency},
            statements=[
                allow(
                    [
                        "dynamodb:GetItem",
                        "dynamodb:PutItem",
                        "dynamodb:UpdateItem",
                        "dynamodb:DeleteItem",
                        "dynamodb:Query",
                    ],
                    tables.arns(self._region.name),
                )
            ],
            asynchronous=True,
            opts=self._child,
        )
