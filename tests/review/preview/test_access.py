"""Access that a change gives or takes."""

from typing import Any

import pulumi
import pulumi_aws as aws

from signals.review.preview.access import AccessChange, compare
from tests.review.preview.programs import bus, changes, document, queue, role, snapshot

BUS = "arn:aws:events:us-west-2:111122223333:event-bus/orders"


def put(resource: Any = BUS, action: Any = "events:PutEvents", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def difference(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[AccessChange]:
    return compare(snapshot(lambda: role(before)), snapshot(lambda: role(after)))


def test_an_action_more_widens_and_an_action_less_narrows() -> None:
    both = [put(action=["events:PutEvents", "events:DeleteRule"])]
    (found,) = difference([put()], both)
    assert (found.subject, found.kind) == ("worker", "role")
    assert [grant.action for grant in found.widened] == ["events:DeleteRule"]
    assert found.narrowed == ()
    (found,) = difference(both, [put()])
    assert [grant.action for grant in found.narrowed] == ["events:DeleteRule"]
    assert found.widened == ()


def test_a_wildcard_in_the_place_of_an_action_or_resource_widens_and_narrows_nothing() -> None:
    for wide in (put(action="events:*"), put(action="*"), put(BUS.replace("orders", "*")), put("*")):
        (found,) = difference([put()], [wide])
        assert found.widened
        assert not found.narrowed, "what was allowed is allowed still"


def test_what_a_wildcard_covered_already_is_no_change_of_access() -> None:
    assert difference([put(action="events:*")], [put(action="events:*"), put()]) == []
    assert difference([put()], [put([BUS])]) == [], "a text is a list of one"
    assert difference([put(action="Events:putevents")], [put()]) == [], "actions know no case"


def test_a_question_mark_does_not_cover_an_asterisk() -> None:
    (found,) = difference([put(f"{BUS}-?")], [put(f"{BUS}-*")])
    assert found.widened


def _named(resource: pulumi.Input[str]) -> None:
    aws.iam.RolePolicy("policy", role="worker", policy=pulumi.Output.json_dumps({"Statement": [put(resource)]}))
    aws.sqs.Queue("q", name=resource)


def test_a_name_taken_from_its_resource_is_the_one_that_was_written_out() -> None:
    prefix = BUS.removesuffix("orders")

    def written(name: str) -> None:
        bus(name)
        _named(f"{prefix}orders")

    def taken(name: str) -> None:
        _named(pulumi.Output.concat(prefix, bus(name).name))

    one, other = snapshot(lambda: written("orders")), snapshot(lambda: taken("orders"))
    assert compare(one, other) == compare(other, one) == []
    assert changes(lambda: written("orders"), lambda: taken("orders")) == {}
    # Another name is another bus.
    (found,) = compare(one, snapshot(lambda: taken("bills")))
    assert found.widened
    assert found.narrowed
    assert {"policy", "q"} <= changes(lambda: written("orders"), lambda: taken("bills")).keys()


def test_a_condition_removed_widens_and_one_added_narrows() -> None:
    bound = put(Condition={"StringEquals": {"events:source": "signals"}})
    (found,) = difference([bound], [put()])
    assert found.widened
    assert not found.narrowed
    (found,) = difference([put()], [bound])
    assert found.narrowed
    assert not found.widened


def test_a_deny_works_the_other_way_round() -> None:
    deny = put("*", Effect="Deny")
    (found,) = difference([put(), deny], [put()])
    assert [grant.effect for grant in found.widened] == ["Deny"]
    (found,) = difference([put()], [put(), deny])
    assert [grant.effect for grant in found.narrowed] == ["Deny"]


def test_who_may_assume_a_role_counts() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    everyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    before, after = snapshot(lambda: role([put()], [trust])), snapshot(lambda: role([put()], [trust, everyone]))
    (found,) = compare(before, after)
    assert (found.kind, found.widened[0].principal) == ("trust", "*")


def test_a_policy_of_a_queue_and_a_permission_of_a_function_count() -> None:
    def program(service: str) -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": "*"}
        aws.sqs.QueuePolicy("policy", queue_url=queue().url, policy=document([statement]))
        aws.lambda_.Permission("permission", function="ingest", action="lambda:InvokeFunction", principal=service)

    found = compare(snapshot(lambda: program("events.amazonaws.com")), snapshot(lambda: program("sns.amazonaws.com")))
    assert {(change.kind, change.subject) for change in found} == {("resource", "queue"), ("resource", "ingest")}
    assert all(change.widened and change.narrowed for change in found)


def test_a_not_element_is_left_to_a_person() -> None:
    (found,) = difference([put()], [put(), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}])
    assert found.uncompared
