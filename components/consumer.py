"""A consumer: a named subscription of the data platform bus in one Region, and the tables of a function consumer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pulumi
import pulumi_aws as aws

from components.lake import DataLake
from components.parts.function import PackagedFunction
from components.parts.iam import allow
from components.parts.queues import MessageQueue
from components.parts.regions import Component, Region, RegionalComponent, RegionPair
from components.parts.subscription import Subscription, rule_arn
from components.resource_types import TABLE
from components.setting_groups import Consumer, FunctionSize, Lake, Tables

# Who reads a queue once a day is in time; 12 of the 14 days that SQS keeps a message are left to do something.
_LONGEST_WAIT_SECONDS = 2 * 86_400


class ConsumerSubscription(RegionalComponent):
    """What one consumer of the settings is made of: its lake, queue or function, and the rule that feeds it.

    Args:
        consumer: Name, kind, pattern and code.
        data_bus: The bus it subscribes to.
        lake: How a lake buffers and keeps signals.
        size: Memory (MB) and timeout (s) of a function.
        tables: A function's.
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
        tables: ConsumerTables | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, region, opts)
        names, physical = region.names, region.names.consumer(consumer.name)
        role_arn: pulumi.Output[str] | None = None
        permit: Callable[[pulumi.Output[str]], pulumi.Resource] | None = None
        after: list[pulumi.Resource] = []
        match consumer.kind:
            case "lake":
                target_arn = DataLake(name, settings=lake, region=region, opts=self.child).stream_arn
                role, role_policy = self.role(
                    f"{name}-delivery",
                    region,
                    physical_name=names.delivery_role(consumer.name, region.name),
                    service="events",
                    statements=[allow(["firehose:PutRecord", "firehose:PutRecordBatch"], target_arn)],
                )
                role_arn, after = role.arn, [role_policy]
            case "queue":
                queue = MessageQueue(
                    f"{name}-queue",
                    region=region,
                    queue_name=physical,
                    rule_arns=[rule_arn(region, names.data_bus, physical)],
                    alarmed=False,
                    longest_wait_seconds=_LONGEST_WAIT_SECONDS,
                    opts=self.child,
                )
                target_arn, after = queue.arn, [queue.policy]
            case "function":
                # The settings refuse a function without a handler, and each has tables.
                assert consumer.handler is not None
                assert tables is not None
                operations = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
                arns = [tables.arn(table, region) for table in (tables.state, tables.idempotency)]
                function = PackagedFunction(
                    name,
                    region=region,
                    folder=consumer.handler,
                    function_name=physical,
                    size=size,
                    environment={"STATE_TABLE": tables.state, "IDEMPOTENCY_TABLE": tables.idempotency},
                    statements=[allow([f"dynamodb:{operation}" for operation in operations], arns)],
                    asynchronous=True,
                    opts=self.child,
                )
                target_arn, permit = function.alias.arn, _permit(function)
        subscription = Subscription(
            name,
            region=region,
            bus_name=data_bus.name,
            rule_name=physical,
            pattern=consumer.rule_pattern,
            target_arn=target_arn,
            target_role_arn=role_arn,
            bus_of_signals=names.data_bus,
            permit=permit,
            after=after,
            # A lake and a queue get the signal itself, a function EventBridge's event around it.
            input_path=None if permit else "$.detail",
            opts=self.child,
        )
        self.rule_arn = subscription.rule_arn
        self.register_outputs({"ruleArn": self.rule_arn, "targetArn": target_arn})


def _permit(function: PackagedFunction) -> Callable[[pulumi.Output[str]], pulumi.Resource]:
    return lambda rule: function.allow_invocation("data-rule", "events.amazonaws.com", rule)


class ConsumerTables(Component):
    """A state table and an idempotency table; global tables where the consumer runs in both Regions.

    A global table here is eventually consistent between Regions: a conditional write sees its own Region only, so both
    Regions can win one key at once. State must therefore be written so that the same signal writes the same item
    wherever it is processed.

    Args:
        consumer: Whose tables they are.
        tables: Reads and writes a second that they take from the start.

    Attributes:
        state: Name of the state table, known when the table and its replica are there.
        idempotency: Likewise of the idempotency table.

    Source: DynamoDB Developer Guide, "How DynamoDB global tables work" (multi-Region eventual consistency).
    """

    state: pulumi.Output[str]
    idempotency: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        consumer: Consumer,
        tables: Tables,
        regions: RegionPair[Region],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, opts)
        names, replicated = regions.primary.names, consumer.mode == "active-active"
        replica: aws.dynamodb.TableReplicaArgsDict
        replica = {"region_name": regions.secondary.name, "point_in_time_recovery": True, "propagate_tags": True}
        warm: aws.dynamodb.TableWarmThroughputArgsDict = {}
        if tables.warm_reads_per_second:
            warm["read_units_per_second"] = tables.warm_reads_per_second
        if tables.warm_writes_per_second:
            warm["write_units_per_second"] = tables.warm_writes_per_second

        def table(what: str, table_name: str, keys: Mapping[str, str]) -> pulumi.Output[str]:
            hash_key, *range_key = keys
            return aws.dynamodb.Table(
                f"{name}-{what}",
                name=table_name,
                billing_mode="PAY_PER_REQUEST",
                hash_key=hash_key,
                range_key=range_key[0] if range_key else None,
                attributes=[{"name": key, "type": kind} for key, kind in keys.items()],
                ttl={"enabled": True, "attribute_name": "expiration"},
                point_in_time_recovery={"enabled": True},
                stream_enabled=replicated,
                stream_view_type="NEW_AND_OLD_IMAGES" if replicated else None,
                replicas=[replica] if replicated else None,
                # The replica has a protection of its own, which hashicorp/aws 5.100 cannot set.
                deletion_protection_enabled=regions.primary.protection or None,
                warm_throughput=warm or None,
                opts=regions.primary.options(self, protect=True),
            ).name

        self.state = table("state", names.state_table(consumer.name), {"pk": "S", "sk": "S"})
        self.idempotency = table("idempotency", names.idempotency_table(consumer.name), {"id": "S"})
        self.register_outputs({"state": self.state, "idempotency": self.idempotency})

    @staticmethod
    def arn(table: pulumi.Output[str], region: Region) -> pulumi.Output[str]:
        """ARN of one of the tables, or of its replica, in a Region."""
        return table.apply(lambda name: region.arn(TABLE, name=name))
