"""The evaluation of policies, held against `@cloud-copilot/iam-simulate` over generated policies and requests."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signals.local.authorization import decide, parsed, service_may

ORACLE = Path(__file__).parent / "iam-simulate"
ACCOUNT, CASES = "123456789012", 3000
ROLE, SESSION = f"arn:aws:iam::{ACCOUNT}:role/r", f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"
RULE = f"arn:aws:events:us-west-2:{ACCOUNT}:rule/b/r"
REQUESTS = {
    "sqs:SendMessage": f"arn:aws:sqs:us-west-2:{ACCOUNT}:q",
    "sqs:ReceiveMessage": f"arn:aws:sqs:us-west-2:{ACCOUNT}:q",
    "events:PutEvents": f"arn:aws:events:us-west-2:{ACCOUNT}:event-bus/b",
    "s3:PutObject": "arn:aws:s3:::bucket/a/b.gz",
    "lambda:InvokeFunction": f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:f:live",
    "iam:PassRole": ROLE,
}
SERVICES = ("events.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com")
# Global keys that any request may carry, and what a condition may want of each.
STRINGS = {
    "aws:SourceAccount": [ACCOUNT, "210987654321", "1234*"],
    "aws:SourceVpc": ["vpc-1", "vpc-2", "vpc-?", "VPC-1"],
}
ARNS = {"aws:SourceArn": [RULE, RULE.replace("/r", "/*"), RULE.replace("us-west-2", "*"), RULE + "2", "arn:aws:s3:::b"]}
LISTS = {"aws:TagKeys": ["team", "cost", "te*"]}
NUMBERS = {"aws:MultiFactorAuthAge": ["5", "10", "20"]}
BOOLEANS = {"aws:SecureTransport": ["true", "false"], "aws:ViaAWSService": ["true", "false"]}
OPERATORS = [
    (STRINGS, [f"String{no}{o}" for no in ("", "Not") for o in ("Equals", "EqualsIgnoreCase", "Like")]),
    (ARNS, ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringEquals"]),
    (LISTS, [f"{q}:String{o}" for q in ("ForAnyValue", "ForAllValues") for o in ("Equals", "Like", "NotEquals")]),
    (NUMBERS, [f"Numeric{o}" for o in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan")]),
    (BOOLEANS, ["Bool"]),
]  # fmt: skip


def generated(chance: random.Random) -> dict[str, Any]:
    """A request and the policies that decide on it, as the simulator takes them; half are made by services."""
    action = chance.choice([*REQUESTS, "sts:AssumeRole"])
    resource = REQUESTS.get(action, ROLE)
    service = None if action not in ("sqs:SendMessage", "lambda:InvokeFunction", "sts:AssumeRole") else chance.choice(
        [None, *SERVICES] if action != "sts:AssumeRole" else SERVICES
    )  # fmt: skip
    trust = action == "sts:AssumeRole"

    def policy(*, of_resource: bool = False) -> dict[str, Any]:
        statements = [statement(of_resource=of_resource) for _ in range(chance.choice([1, 1, 2, 3]))]
        return {"Version": "2012-10-17", "Statement": statements}

    def statement(*, of_resource: bool) -> dict[str, Any]:
        prefix, name = action.split(":")
        wanted = [action, f"{prefix}:{name[:4]}*", f"{prefix}:*", "*", action.upper().replace(prefix.upper(), prefix)]
        found: dict[str, Any] = {"Effect": chance.choice(["Allow", "Allow", "Allow", "Deny"])}
        odd = f"{prefix}:Other" if chance.random() < 0.3 else None
        found[chance.choice(["Action"] * 5 + ["NotAction"])] = odd or chance.choice(wanted)
        if not trust:
            near = [resource, resource[:-1] + "*", resource[:-1] + "?", "*", resource + "x", resource.upper()]
            chosen = chance.choice(near)
            found[chance.choice(["Resource"] * 5 + ["NotResource"])] = chosen if chosen != resource.upper() else "*"
        if of_resource:
            people: list[Any] = [] if trust else ["*", {"AWS": ROLE}, {"AWS": SESSION}, {"AWS": ACCOUNT}, {"AWS": "*"}]
            found["Principal"] = chance.choice(
                [*people, *({"Service": s} for s in SERVICES), {"Service": list(SERVICES)}]
            )
        if chance.random() < 0.6:
            found["Condition"] = condition()
        return found

    def condition() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(chance.choice([1, 1, 2])):
            keys, operators = chance.choice(OPERATORS)
            key = chance.choice(list(keys))
            if chance.random() < 0.1:
                found.setdefault("Null", {})[key] = chance.choice(["true", "false"])
                continue
            operator = chance.choice(operators)
            if not operator.startswith("ForAnyValue"):  # where such a key is absent the two differ, and AWS is silent
                operator += chance.choice(["", "", "IfExists"])
            patterns = "Like" in operator or "Arn" in operator
            values = [v for v in keys[key] if patterns or ("*" not in v and "?" not in v)]
            count = 1 if keys in (NUMBERS, BOOLEANS) else chance.choice([1, 2])
            found.setdefault(operator, {})[chance.choice([key, key.lower()])] = chance.sample(values, count)
        return found

    keys: dict[str, Any] = {"aws:SecureTransport": "true", "aws:PrincipalArn": ROLE}
    for group in (STRINGS, ARNS, NUMBERS, BOOLEANS):
        for key, values in group.items():
            if key not in keys and chance.random() < 0.7:
                keys[key] = chance.choice([v for v in values if "*" not in v and "?" not in v])
    if chance.random() < 0.7:
        keys["aws:TagKeys"] = chance.sample(["team", "cost", "other"], chance.choice([1, 2]))
    has_policy = action in ("sqs:SendMessage", "sqs:ReceiveMessage", "lambda:InvokeFunction", "s3:PutObject")
    simulation: dict[str, Any] = {
        "request": {
            "principal": service or SESSION,
            "action": action,
            "resource": {"resource": resource, "accountId": ACCOUNT},
            "contextVariables": keys,
        },
        "identityPolicies": []
        if service
        else [{"name": "p", "policy": policy()} for _ in range(chance.choice([0, 1, 2]))],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if service or (has_policy and chance.random() < 0.5):
        simulation["resourcePolicy"] = policy(of_resource=True)
    elif not service and chance.random() < 0.3:  # with a resource policy they differ: for whom it names is disputed
        simulation["permissionBoundaryPolicies"] = [{"name": "b", "policy": policy()}]
    return simulation


def decided(simulation: dict[str, Any]) -> str:
    """What the platform's evaluator says, in the simulator's words."""
    request = simulation["request"]
    asked = (request["action"], request["resource"]["resource"], request["contextVariables"])
    if request["principal"] != SESSION:
        return (
            "Allowed" if service_may(simulation["resourcePolicy"], *asked, service=request["principal"]) else "Denied"
        )
    policies = parsed([each["policy"] for each in simulation["identityPolicies"]])
    own = simulation.get("resourcePolicy")
    limits = [parsed([each["policy"]]) for each in simulation.get("permissionBoundaryPolicies", [])]
    answer = decide(
        policies,
        *asked,
        principal_arn=SESSION,
        boundaries=limits,
        resource_policy=(own, ACCOUNT) if own else None,
    )
    return {"Allow": "Allowed", "Deny": "ExplicitlyDenied", "ImplicitDeny": "ImplicitlyDenied"}[answer]


@pytest.fixture(scope="module")
def simulate() -> Callable[[list[dict[str, Any]]], list[Any]]:
    """What the simulator says of each request."""
    if not shutil.which("npm"):
        reason = "needs node and npm, for @cloud-copilot/iam-simulate"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    # As `make lint-workflows` installs what it needs; the lock file names each package's hash.
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", ORACLE], check=True)

    def simulations(asked: list[dict[str, Any]]) -> list[Any]:
        lines = "".join(f"{json.dumps(each)}\n" for each in asked)
        command = ["node", ORACLE / "simulate.mjs"]
        said = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in said.splitlines()]

    return simulations


@pytest.mark.slow
def test_the_evaluator_decides_as_the_simulator_does(simulate: Callable[[list[dict[str, Any]]], list[Any]]) -> None:
    chance = random.Random(1)
    asked = [generated(chance) for _ in range(CASES)]
    said = simulate(asked)
    assert len(said) == CASES
    known = [(each, answer) for each, answer in zip(asked, said, strict=True) if isinstance(answer, str)]
    assert len(known) == CASES, next(answer for answer in said if not isinstance(answer, str))
    assert min(said.count(each) for each in ("Allowed", "ExplicitlyDenied", "ImplicitlyDenied")) > CASES / 20
    for each, answer in known:
        ours = decided(each)
        assert ours == answer or (ours == "Denied" and answer.endswith("Denied")), json.dumps([ours, answer, each])


@pytest.mark.parametrize("actions", [{"Action": []}, {}])
def test_a_statement_without_an_action_says_nothing(actions: dict[str, Any]) -> None:
    resource = REQUESTS["sqs:SendMessage"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Resource": "*", **actions}]}
    assert decide(parsed([policy]), "sqs:SendMessage", resource, {}) == "ImplicitDeny"
    assert not service_may(policy, "sqs:SendMessage", resource, {}, service=SERVICES[0])
    policy["Statement"][0]["Action"] = ["sqs:SendMessage"]
    assert decide(parsed([policy]), "sqs:SendMessage", resource, {}) == "Allow"
    assert service_may(policy, "sqs:SendMessage", resource, {}, service=SERVICES[0])
