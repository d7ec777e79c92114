"""The tables of a function consumer: its state, and which signals it has seen."""

import pulumi
import pulumi_aws as aws

from components.parts.regions import Component, Region, RegionPair
from components.setting_groups import Consumer


class ConsumerTables(Component):
    """A state table and an idempotency table; global tables where the consumer runs in both Regions.

    A global table here is eventually consistent between Regions: a conditional write sees its own Region only, so both
    Regions can win one key at once. State must therefore be written so that the same signal writes the same item
    wherever it is processed.

    Args:
        consumer: Whose tables they are.

    Source: DynamoDB Developer Guide, "How DynamoDB global tables work" (multi-Region eventual consistency).
    """

    def __init__(
        self, name: str, *, consumer: Consumer, regions: RegionPair[Region], opts: pulumi.ResourceOptions | None = None
    ):
        super().__init__(name, opts)
        names, replicated = regions.primary.names, consumer.mode == "active-active"
        replica: aws.dynamodb.TableReplicaArgsDict
        replica = {"region_name": regions.secondary.name, "point_in_time_recovery": True}
        for what, table_name, keys in (
            ("state", names.state_table(consumer.name), {"pk": "S", "sk": "S"}),
            ("idempotency", names.idempotency_table(consumer.name), {"id": "S"}),
        ):
            hash_key, *range_key = keys
            aws.dynamodb.Table(
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
                opts=regions.primary.options(self, protect=True),
            )
        self.register_outputs(
            {"state": names.state_table(consumer.name), "idempotency": names.idempotency_table(consumer.name)}
        )
