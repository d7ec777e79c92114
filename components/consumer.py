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
from components.setting_groups import Consumer, FunctionSize, Lake
from components.tables import ConsumerTables
from handlers.shared.contract import SIGNAL_SOURCE


class ConsumerSubscription(pulumi.ComponentResource):
    """What one consumer of the settings is made of: its lake, queue or function, and the rule that feeds it.

    Args:
        name: Prefix of every child's logical name.
        consumer: Name, kind, pattern and code.
        region: Where it runs.
        data_bus: The bus it subscribes to.
        lake: How a lake buffers and keeps signals.
        size: Memory (MB) and timeout (s) of a function.
        tables: The tables of function consumers, by consumer name.
    """

    rule_arn: pulumi.Output[str]
    target_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        consumer: Consumer,
        region: Region,
        data_bus: aws.cloudwatch.EventBus,
        lake: Lake,
        size: FunctionSize,
        tables: Mapping[str, ConsumerTables],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:ConsumerSubscription", name, None, opts)
        self._name, self._consumer, self._region = name, consumer, region
        self._physical = region.names.consumer(consumer.name)
        self._child = pulumi.ResourceOptions(parent=self)
        role_arn: pulumi.Output[str] | None = None
        function: PackagedFunction | None = None
        match consumer.kind:
            case "lake":
                self.target_arn, role_arn = self._lake(lake)
            case "queue":
                self.target_arn = self._queue()
            case "function":
                function = self._function(size, tables[consumer.name])
                self.target_arn = function.alias_arn
        subscription = Subscription(
            name,
            region=region,
            bus_name=data_bus.name,
            rule_name=self._physical,
            pattern={"source": [SIGNAL_SOURCE], **consumer.pattern},
            target_arn=self.target_arn,
            target_role_arn=role_arn,
            # A lake and a queue get the signal itself, a function EventBridge's event around it.
            input_path=None if function else "$.detail",
            opts=self._child,
        )
        self.rule_arn = subscription.rule_arn
        if function:
            function.allow_invocation("data-rule", "events.amazonaws.com", self.rule_arn)
        self.register_outputs({"ruleArn": self.rule_arn, "targetArn": self.target_arn})

    def _lake(self, settings: Lake) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        lake = DataLake(self._name, settings=settings, region=self._region, opts=self._child)
        role, _ = service_role(
            f"{self._name}-delivery",
            physical_name=self._region.names.delivery_role(self._consumer.name, self._region.name),
            service="events.amazonaws.com",
            statements=[allow(["firehose:PutRecord", "firehose:PutRecordBatch"], lake.stream_arn)],
            region=self._region,
            parent=self,
        )
        return lake.stream_arn, role.arn

    def _queue(self) -> pulumi.Output[str]:
        return MessageQueue(
            f"{self._name}-queue",
            region=self._region,
            queue_name=self._physical,
            rule_arns=[rule_arn(self._region, self._region.names.data_bus, self._physical)],
            alarmed=False,
            opts=self._child,
        ).arn

    def _function(self, size: FunctionSize, tables: ConsumerTables) -> PackagedFunction:
        assert self._consumer.handler is not None  # the settings refuse a function without
        operations = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
        return PackagedFunction(
            self._name,
            region=self._region,
            folder=self._consumer.handler,
            function_name=self._physical,
            size=size,
            environment={"STATE_TABLE": tables.state, "IDEMPOTENCY_TABLE": tables.idempotency},
            statements=[allow([f"dynamodb:{operation}" for operation in operations], tables.arns(self._region))],
            asynchronous=True,
            opts=self._child,
        )
