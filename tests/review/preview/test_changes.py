"""What a change does to resources: changed in place, replaced, renamed, moved; and why."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from tests.review.preview.programs import bus, changes, queue


def test_a_property_that_changes_in_place_shows_before_and_after() -> None:
    change = changes(lambda: queue(delay_seconds=1), lambda: queue(delay_seconds=2))["queue"]
    assert change.action == "changed"
    assert not change.replaced
    assert [(p.difference.where, p.difference.before, p.difference.after) for p in change.properties] == [
        ("delaySeconds", 1, 2)
    ]


def test_a_queue_of_another_name_is_replaced_and_its_messages_are_lost_with_both_sources_named() -> None:
    change = changes(queue, lambda: queue(name="bills"))["queue"]
    assert change.loses_data
    assert change.holds_data == "messages"
    assert "hashicorp/aws 5.100.0 and AWS's resource schemas (cfn-lint" in change.replaced[0]


def test_a_rule_whose_bus_is_replaced_is_replaced_too() -> None:
    def program(bus_name: str) -> None:
        made = bus(bus_name)
        aws.cloudwatch.EventArchive("archive", name="orders", event_source_arn=made.arn)
        aws.cloudwatch.EventRule("rule", name="orders", event_bus_name=made.name, event_pattern='{"source": ["shop"]}')

    found = changes(lambda: program("orders"), lambda: program("bills"))
    assert found["archive"].loses_data
    assert "`eventSourceArn` comes from bus, which is replaced" in found["archive"].replaced[0]
    assert "`eventBusName` comes from bus" in found["rule"].replaced[0]
    assert not found["rule"].loses_data


def test_what_takes_an_input_that_stays_is_not_replaced_with_its_resource() -> None:
    def program(fifo: bool) -> None:
        made = queue(name="orders", fifo_queue=fifo)
        aws.cloudwatch.LogStream("stream", name=made.name, log_group_name="logs")

    found = changes(lambda: program(False), lambda: program(True))
    assert found["queue"].replaced
    assert "stream" not in found


def test_what_only_mentions_a_replaced_resource_in_a_property_that_can_change_stays() -> None:
    def program(name: str) -> None:
        made = queue(name=name)
        aws.cloudwatch.MetricAlarm(
            "alarm",
            name="alarm",
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=1,
            dimensions={"QueueName": made.name},
        )

    assert "alarm" not in changes(lambda: program("orders"), lambda: program("bills"))


def test_the_same_resource_under_another_logical_name_is_renamed_and_replaced() -> None:
    change = changes(bus, lambda: bus(logical="orders-bus"))["orders-bus"]
    assert (change.action, change.former_name) == ("renamed", "bus")
    assert change.loses_data
    assert change.replaced == ("it was bus, and no alias covers it",)


def test_an_alias_keeps_what_was_renamed() -> None:
    def after() -> None:
        renamed = bus(logical="orders-bus", aliases=[pulumi.Alias(name="bus")])
        aws.cloudwatch.EventArchive("archive", name="orders", event_source_arn=renamed.arn)

    def before() -> None:
        aws.cloudwatch.EventArchive("archive", name="orders", event_source_arn=bus().arn)

    assert changes(before, after) == {}


class Shelf(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None):
        super().__init__("signals:index:Shelf", name, None, opts)
        queue(f"{name}-queue", opts={"parent": self})


def test_a_child_follows_its_aliased_component() -> None:
    aliased = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])
    assert changes(lambda: Shelf("old"), lambda: Shelf("new", aliased)) == {}
    assert changes(lambda: Shelf("old"), lambda: Shelf("new"))["new-queue"].action == "renamed"


class Cupboard(pulumi.ComponentResource):
    """A queue and its policy, two components down."""

    def __init__(self, kind: str, queue_name: str = "queue", aliases: list[pulumi.Alias] | None = None):
        super().__init__(f"signals:index:{kind}", "cupboard", None, pulumi.ResourceOptions(aliases=aliases))
        inner = pulumi.ComponentResource("signals:index:Box", "box", None, pulumi.ResourceOptions(parent=self))
        own = [pulumi.Alias(name="queue")] if queue_name != "queue" else []
        made = queue(queue_name, opts={"parent": inner, "aliases": own})
        aws.sqs.QueuePolicy("policy", queue_url=made.url, policy="{}", opts=pulumi.ResourceOptions(parent=inner))


TYPE_ALIAS = [pulumi.Alias(type_="signals:index:Cupboard")]


def test_what_is_below_a_component_whose_type_has_an_alias_stays_at_every_depth() -> None:
    assert changes(lambda: Cupboard("Cupboard"), lambda: Cupboard("Wardrobe", aliases=TYPE_ALIAS)) == {}
    moved = changes(lambda: Cupboard("Cupboard"), lambda: Cupboard("Wardrobe"))
    assert moved["queue"].loses_data
    assert "its parent is another component" in moved["queue"].replaced[0]


def test_an_alias_of_a_resource_and_one_of_the_component_above_it_hold_together() -> None:
    assert changes(lambda: Cupboard("Cupboard"), lambda: Cupboard("Wardrobe", "orders", TYPE_ALIAS)) == {}


def test_a_resource_that_moves_to_another_component_without_an_alias_is_replaced() -> None:
    change = changes(lambda: queue("shelf-queue"), lambda: Shelf("shelf"))["shelf-queue"]
    assert change.loses_data
    assert "its parent is another component" in change.replaced[0]


def test_a_resource_that_moves_to_another_region_is_replaced() -> None:
    def program(region: str) -> None:
        provider = aws.Provider("aws", region=region)
        queue(opts={"provider": provider})

    assert changes(lambda: program("us-west-2"), lambda: program("us-east-1"))["queue"].replaced == (
        "it moves from us-west-2 to us-east-1",
    )


def test_what_no_source_knows_is_unknown_and_not_a_guess() -> None:
    def program(key: str) -> None:
        aws.ssm.Parameter("parameter", name="p", type="String", value="v", description=key)

    change = changes(lambda: program("a"), lambda: program("b"))["parameter"]
    assert [p.verdict.kind for p in change.unknown] == ["unknown"]
    assert not change.replaced


def test_removed_data_is_lost_data_and_a_protected_resource_says_so() -> None:
    change = changes(lambda: queue(opts={"protect": True}), lambda: None)["queue"]
    assert (change.action, change.loses_data, change.protected) == ("removed", True, True)


def test_what_the_program_ignores_is_no_change_and_what_it_forces_is_a_replacement() -> None:
    ignored = {"ignore_changes": ["delaySeconds"]}
    forced = {"replace_on_changes": ["delaySeconds"]}
    assert changes(lambda: queue(delay_seconds=1), lambda: queue(delay_seconds=2, opts=ignored)) == {}
    change = changes(lambda: queue(delay_seconds=1), lambda: queue(delay_seconds=2, opts=forced))["queue"]
    assert "replaceOnChanges" in change.replaced[0]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"source": ["a", "b"]}, {"source": ["b", "a"]}, []),
        ({"source": ["a"]}, {"source": ["a", "b"]}, [("eventPattern.source[]", None, "b")]),
        (
            {"detail": {"total": [{"numeric": [">", 1]}]}},
            {"detail": {"total": [{"numeric": [">", 2]}]}},
            [("eventPattern.detail.total[0].numeric[]", 1, None), ("eventPattern.detail.total[0].numeric[]", None, 2)],
        ),
    ],
)
def test_patterns_are_compared_as_json(
    before: object, after: object, expected: list[tuple[str, object, object]]
) -> None:
    def program(pattern: object, indent: int | None) -> None:
        aws.cloudwatch.EventRule("rule", name="orders", event_pattern=json.dumps(pattern, indent=indent))

    found = changes(lambda: program(before, None), lambda: program(after, 2)).get("rule")
    properties = found.properties if found else ()
    assert [(p.difference.where, p.difference.before, p.difference.after) for p in properties] == expected
