"""A consumer: a named subscription of the data platform bus in one Region."""

import pulumi
import pulumi_aws as aws

from components.lake import DataLake
from components.parts.function import PackagedFunction
from components.parts.iam import allow
from components.parts.queues import MessageQueue
from components.parts.regions import Region, RegionalComponent
from components.parts.subscription import Subscription, rule_arn
from components.resource_types import TABLE
from components.setting_groups import Consumer, FunctionSize, Lake
from handlers.shared.contract import SIGNAL_SOURCE


class ConsumerSubscription(RegionalComponent):
    """What one consumer of the settings is made of: its lake, queue or function, and the rule that feeds it.

    Args:
        consumer: Name, kind, pattern and code.
        data_bus: The bus it subscribes to.
        lake: How a lake buffers and keeps signals.
        size: Memory (MB) and timeout (s) of a function.
    """

    rule_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        consumer: Consumer,
        region: Region,
        data_bus: aws.cloudwatch.EventBus,
        lake: Lake,
        size: FunctionSize,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        names, physical = region.names, region.names.consumer(consumer.name)
        role_arn: pulumi.Output[str] | None = None
        function: PackagedFunction | None = None
        match consumer.kind:
            case "lake":
                target_arn = DataLake(name, settings=lake, region=region, opts=self.child).stream_arn
                role_arn = self.role(
                    f"{name}-delivery",
                    region,
                    physical_name=names.delivery_role(consumer.name, region.name),
                    service="events",
                    statements=[allow(["firehose:PutRecord", "firehose:PutRecordBatch"], target_arn)],
                )[0].arn
            case "queue":
                target_arn = MessageQueue(
                    f"{name}-queue",
                    region=region,
                    queue_name=physical,
                    rule_arns=[rule_arn(region, names.data_bus, physical)],
                    alarmed=False,
                    opts=self.child,
                ).arn
            case "function":
                assert consumer.handler is not None  # the settings refuse a function without
                state, idempotency = names.state_table(consumer.name), names.idempotency_table(consumer.name)
                operations = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
                tables = [region.arn(TABLE, name=table) for table in (state, idempotency)]
                function = PackagedFunction(
                    name,
                    region=region,
                    folder=consumer.handler,
                    function_name=physical,
                    size=size,
                    environment={"STATE_TABLE": state, "IDEMPOTENCY_TABLE": idempotency},
                    statements=[allow([f"dynamodb:{operation}" for operation in operations], tables)],
                    asynchronous=True,
                    opts=self.child,
                )
                target_arn = function.alias.arn
        subscription = Subscription(
            name,
            region=region,
            bus_name=data_bus.name,
            rule_name=physical,
            pattern={"source": [SIGNAL_SOURCE], **consumer.pattern},
            target_arn=target_arn,
            target_role_arn=role_arn,
            # A lake and a queue get the signal itself, a function EventBridge's event around it.
            input_path=None if function else "$.detail",
            opts=self.child,
        )
        self.rule_arn = subscription.rule_arn
        if function:
            function.allow_invocation("data-rule", "events.amazonaws.com", self.rule_arn)
        self.register_outputs({"ruleArn": self.rule_arn, "targetArn": target_arn})
