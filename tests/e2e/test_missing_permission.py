"""The deployment with one permission taken away fails end to end, says which, and is whole again with it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from components.names import regional_role
from signals.recover import redrive
from signals.stack import Stack
from tests.e2e.test_signals import PRIMARY, arrival, look
from tests.support.deployed import Deployment, order, wait_for


@contextmanager
def without(stack: Stack, role: str, action: str) -> Iterator[None]:
    """A role without one of the actions that its policy allows."""
    iam, policy = stack.aws.client("iam", PRIMARY), {"RoleName": role, "PolicyName": "least-privilege"}
    found: Any = iam.get_role_policy(**policy)["PolicyDocument"]
    fewer = json.loads(json.dumps(found))
    for statement in fewer["Statement"]:
        listed = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = [each for each in listed if each != action] or ["none:None"]
    assert fewer != found
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(fewer))
    try:
        yield
    finally:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(found))


@pytest.mark.parametrize(
    ("role", "action", "queue"),
    [
        ("enrichment", "events:PutEvents", "enrichment-failed"),
        ("lake-delivery", "firehose:PutRecord", "lake-dlq"),
    ],
)
def test_a_signal_does_not_arrive_without_a_permission_and_is_recovered_with_it(
    deployment: Deployment, role: str, action: str, queue: str
) -> None:
    stack, name = deployment.stack, deployment.stack.settings.name
    role, queue, signal = regional_role(f"{name}-{role}", PRIMARY), f"{name}-{queue}", order()
    with without(stack, role, action):
        deployment.send(signal)
        [group] = wait_for(f"nothing in {queue}", lambda: redrive.groups(stack), seconds=90)
        assert group.queue == queue
        assert not look(deployment, signal).of("lake")
    said = json.dumps(json.loads(deployment.run("redrive", "show", queue, "--json").stdout))
    logged = (deployment.home / "server.log").read_text()
    assert any(f'"Action": "{action}"' in text.replace("\\", "") and role in text for text in (said, logged))
    deployment.run("redrive", "send", queue, "--json")
    arrival(deployment, signal, "lake")
    assert redrive.groups(stack) == []
