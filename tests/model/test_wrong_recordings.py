"""What the model reads of the recording, changed in one place at a time: AWS refuses it, or signals suffer.

The changes are made up from the recording itself where it has many of a kind.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components import resource_types as types
from signals.model.blueprint import CannotDeployError, read
from signals.recording.iam import as_list
from signals.recording.resources import Recording
from tests.model import harm
from tests.model.support import PRIMARY, SECONDARY, changed, recorded, without

LAKE = f"processing-{PRIMARY}-lake"
OTHER = {PRIMARY: SECONDARY, SECONDARY: PRIMARY}


def names(type: str) -> list[str]:
    """Logical names of the recorded resources of a type."""
    return [resource.name for resource in recorded().resources(type)]


def without_action(policy: str, action: str) -> Recording:
    """The recording where no statement of a role's policy allows an action."""

    def drop(inputs: dict[str, Any]) -> None:
        document = json.loads(inputs["policy"])
        for statement in document["Statement"]:
            statement["Action"] = [each for each in as_list(statement["Action"]) if each != action]
        inputs["policy"] = json.dumps(document)

    assert action in recorded().resource(types.ROLE_POLICY, policy).inputs["policy"]
    return changed(types.ROLE_POLICY, policy, drop)


def test_nothing_is_wrong_with_the_recording_as_it_is() -> None:
    assert harm.in_quiet() == ""
    assert harm.of(recorded()) == ""


@pytest.mark.parametrize("role", names(types.ROLE))
def test_a_role_that_trusts_another_service_cannot_be_deployed(role: str) -> None:
    def glue(inputs: dict[str, Any]) -> None:
        inputs["assumeRolePolicy"] = json.dumps(
            {
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ]
            }
        )

    with pytest.raises(CannotDeployError, match="cannot be assumed by"):
        read(changed(types.ROLE, role, glue))


def test_a_schedules_role_that_asks_for_another_account_cannot_be_deployed() -> None:
    def elsewhere(inputs: dict[str, Any]) -> None:
        inputs["assumeRolePolicy"] = inputs["assumeRolePolicy"].replace("444455556666", "111122223333")

    with pytest.raises(CannotDeployError, match="cannot be assumed by scheduler"):
        read(changed(types.ROLE, "heartbeat-role", elsewhere))


POLLERS = {
    f"spool-{PRIMARY}-republish-role-policy": f"spool-{PRIMARY}-queue-queue",
    f"spool-{SECONDARY}-republish-role-policy": f"spool-{SECONDARY}-queue-queue",
    "return-return-path-role-policy": "return-queue-queue",
}


@pytest.mark.parametrize("action", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
@pytest.mark.parametrize("policy", POLLERS)
def test_a_poller_that_lacks_a_permission_cannot_be_deployed(policy: str, action: str) -> None:
    with pytest.raises(CannotDeployError, match=f"may not call {action}"):
        read(without_action(policy, action))


@pytest.mark.parametrize("queue", POLLERS.values())
def test_a_queue_that_hides_messages_for_less_than_the_functions_timeout_cannot_be_deployed(queue: str) -> None:
    with pytest.raises(CannotDeployError, match="visibility timeout"):
        read(changed(types.QUEUE, queue, lambda i: i.update(visibilityTimeoutSeconds=1)))


@pytest.mark.parametrize("action", ["PutRule", "PutTargets", "DeleteRule", "RemoveTargets"])
def test_an_endpoint_whose_role_may_not_keep_its_rules_cannot_be_deployed(action: str) -> None:
    with pytest.raises(CannotDeployError, match=f"may not call events:{action}"):
        read(without_action("ingress-replication-policy", f"events:{action}"))


def _lake_expires(rule: int, days: int = 1) -> Callable[[dict[str, Any]], None]:
    return lambda inputs: inputs["rules"][rule].update(expiration={"days": days})


def _elsewhere(function: str) -> Recording:
    """A function with its queue's URL in the other Region."""
    here = PRIMARY if PRIMARY in function else SECONDARY

    def move(inputs: dict[str, Any]) -> None:
        variables = inputs["environment"]["variables"]
        for name in variables:
            if name.endswith("QUEUE_URL"):
                variables[name] = (
                    f"https://sqs.{OTHER[here]}.amazonaws.com/444455556666/"
                    + {
                        "SPOOL_QUEUE_URL": "signals-prod-spool",
                        "QUARANTINE_QUEUE_URL": "signals-prod-quarantine",
                    }[name]
                )

    return changed(types.FUNCTION, function, move)


def _refusing_tls(type: str, name: str) -> Recording:
    """A resource whose policy refuses TLS, and not its absence."""
    return changed(type, name, lambda i: i.update(policy=json.dumps(_inverted(i["policy"]))))


def _inverted(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    for statement in document["Statement"]:
        if statement["Effect"] == "Deny":
            statement["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}
    return document


S3 = ["GetBucketLocation", "ListBucket", "ListBucketMultipartUploads", "PutObject", "GetObject", "AbortMultipartUpload"]
HARMFUL: dict[str, Callable[[], Recording]] = {
    **{
        f"a rule is disabled: {name}": lambda name=name: changed(  # type: ignore[misc]
            types.RULE, name, lambda i: i.update(state="DISABLED")
        )
        for name in names(types.RULE)
        if "active-active" not in name
    },
    **{
        f"a mapping is disabled: {name}": lambda name=name: changed(  # type: ignore[misc]
            types.MAPPING, name, lambda i: i.update(enabled=False)
        )
        for name in names(types.MAPPING)
    },
    **{
        f"Firehose lacks s3:{action}": lambda action=action: without_action(  # type: ignore[misc]
            f"{LAKE}-role-policy", f"s3:{action}"
        )
        for action in S3
    },
    "the rule may not put records": lambda: without_action(f"{LAKE}-delivery-policy", "firehose:PutRecord"),
    "the lake's bucket refuses TLS": lambda: _refusing_tls(types.BUCKET_POLICY, f"{LAKE}-policy"),
    "the spool refuses TLS": lambda: _refusing_tls(types.QUEUE_POLICY, f"spool-{PRIMARY}-queue-policy"),
    "signals expire after a day": lambda: changed(types.BUCKET_LIFECYCLE, f"{LAKE}-lifecycle", _lake_expires(0)),
    "everything expires after a day": lambda: changed(types.BUCKET_LIFECYCLE, f"{LAKE}-lifecycle", _lake_expires(2)),
    "the profile may not write": lambda: without_action(
        f"processing-{PRIMARY}-profile-role-policy", "dynamodb:PutItem"
    ),
    "the profile may not see what it has done": lambda: without_action(
        f"processing-{PRIMARY}-profile-role-policy", "dynamodb:Query"
    ),
    "there is no table for profiles": lambda: without((types.TABLE, "profile-tables-state")),
    "the profile's tables are in the primary alone": lambda: changed(
        types.TABLE, "profile-tables-state", lambda i: i.pop("replicas")
    ),
    "the API may not invoke ingest": lambda: without((types.PERMISSION, f"api-{PRIMARY}-ingest-invoked-by-api")),
    "there is no route for signals": lambda: without((types.ROUTE, f"api-{PRIMARY}-route-signals")),
    "ingest may not publish": lambda: without_action(f"api-{PRIMARY}-ingest-role-policy", "events:PutEvents"),
    "ingest may not spool": lambda: without_action(f"api-{PRIMARY}-ingest-role-policy", "sqs:SendMessage"),
    "ingest spools into the other Region": lambda: _elsewhere(f"api-{PRIMARY}-ingest-function"),
    "a consumer's queue keeps messages a minute": lambda: changed(
        types.QUEUE, f"processing-{PRIMARY}-orders-queue-queue", lambda i: i.update(messageRetentionSeconds=60)
    ),
    "enrichment has no concurrency": lambda: changed(
        types.FUNCTION,
        f"processing-{PRIMARY}-enrichment-function",
        lambda i: i.update(reservedConcurrentExecutions=0),
    ),
    **{
        f"{function} has {timeout} s": lambda function=function, timeout=timeout: changed(  # type: ignore[misc]
            types.FUNCTION, function, lambda i: i.update(timeout=timeout)
        )
        for function, timeout in {
            f"processing-{PRIMARY}-enrichment-function": 8,
            f"api-{PRIMARY}-ingest-function": 3,
            f"spool-{PRIMARY}-republish-function": 2,
            "return-return-path-function": 2,
        }.items()
    },
    "the heartbeat is disabled": lambda: changed(
        types.SCHEDULE, "heartbeat-schedule", lambda i: i.update(state="DISABLED")
    ),
    "the canary is disabled": lambda: changed(types.SCHEDULE, "probe-schedule", lambda i: i.update(state="DISABLED")),
    "the schedule may not invoke the canary": lambda: without_action(
        "probe-schedule-role-policy", "lambda:InvokeFunction"
    ),
    "the canary may not publish": lambda: without_action("probe-canary-role-policy", "events:PutEvents"),
}


@pytest.mark.parametrize("change", HARMFUL.values(), ids=HARMFUL)
def test_it_does_harm(change: Callable[[], Recording]) -> None:
    assert harm.of(change()) != ""


@pytest.mark.parametrize(
    "change",
    [
        lambda: changed(types.BUCKET_LIFECYCLE, f"{LAKE}-lifecycle", _lake_expires(1)),
        lambda: changed(types.QUEUE, f"processing-{PRIMARY}-orders-queue-queue", lambda i: i.update(tags={"a": "b"})),
    ],
    ids=["results of queries expire after a day", "a tag"],
)
def test_it_does_none(change: Callable[[], Recording]) -> None:
    assert harm.in_quiet(change()) == ""
