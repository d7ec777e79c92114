"""The table of resource types: every type exists, ARNs are as AWS writes them, and no other module repeats either."""

import re
from pathlib import Path

import pytest

from components import resource_types as types
from components.resource_types import KNOWN, arn
from signals.recording.answers import input_names, resource_class

ROOT = Path(__file__).parents[2]
DECLARABLE = [token for token in KNOWN if token.startswith("aws:")]
WHERE = {"region": "us-west-2", "account": "444455556666"}


@pytest.mark.parametrize("token", DECLARABLE)
def test_a_type_is_one_of_pulumi_aws_and_its_properties_too(token: str) -> None:
    inputs = input_names(resource_class(token))
    named = {part for part in KNOWN[token].policy.split("/") if part}
    named |= set(re.findall(r"\{(\w+)\}", KNOWN[token].arn)) - {"region", "account", "id"}
    assert named <= inputs


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (arn(types.QUEUE, **WHERE, name="orders"), "arn:aws:sqs:us-west-2:444455556666:orders"),
        (arn(types.ROLE, **WHERE, name="orders"), "arn:aws:iam::444455556666:role/orders"),
        (arn(types.BUCKET, bucket="lake"), "arn:aws:s3:::lake"),
        (
            arn(types.RULE, **WHERE, eventBusName="bus", name="rule"),
            "arn:aws:events:us-west-2:444455556666:rule/bus/rule",
        ),
        (
            arn(types.ALIAS, **WHERE, functionName="f", name="live"),
            "arn:aws:lambda:us-west-2:444455556666:function:f:live",
        ),
    ],
)
def test_an_arn_has_the_form_of_its_type(made: str, expected: str) -> None:
    assert made == expected


def test_an_arn_without_one_of_its_parts_is_an_error() -> None:
    with pytest.raises(KeyError, match="eventBusName"):
        arn(types.RULE, **WHERE, name="rule")


def test_tokens_and_arns_stand_in_the_table_alone() -> None:
    literal = re.compile(r'"arn:aws|"aws:[a-z0-9]+/\w+:\w+')
    folders = ("bootstrap", "components", "handlers", "policies", "signals")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path.name != "resource_types.py"]
    assert [str(path) for path in files if literal.search(path.read_text("utf-8"))] == []
