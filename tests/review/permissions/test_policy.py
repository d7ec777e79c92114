"""The least policies: bound to the stack, free of what it does not use, small enough for IAM."""

import re
from functools import cache
from typing import Any

import pulumi_aws as aws
import pytest

from components.resource_types import FUNCTION, KNOWN
from components.settings import load_settings
from signals.recording.iam import as_list
from signals.recording.record import record, record_program
from signals.recording.resources import Recording
from signals.review.permissions import actions, cloudformation
from signals.review.permissions.policy import MAX_CHARACTERS, MAX_POLICIES, characters, policies
from signals.stack_files import stack_settings

STACKS = ("prod", "dev", "local")


recorded = cache(record)


def statements(stack: str, *, read_only: bool = False) -> list[dict[str, Any]]:
    found = policies(recorded(stack), load_settings(stack_settings(stack)), read_only=read_only)
    return [statement for document in found.values() for statement in document["Statement"]]


def allowed(stack: str, *, read_only: bool = False) -> set[str]:
    return {action for statement in statements(stack, read_only=read_only) for action in as_list(statement["Action"])}


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("read_only", [False, True])
def test_each_policy_fits_iam_and_all_of_them_one_role(stack: str, read_only: bool) -> None:
    found = policies(recorded(stack), load_settings(stack_settings(stack)), read_only=read_only)
    assert 1 <= len(found) <= MAX_POLICIES
    for document in found.values():
        assert characters(document) <= MAX_CHARACTERS
        assert len({statement["Sid"] for statement in document["Statement"]}) == len(document["Statement"])


def test_no_action_has_a_wildcard_and_only_what_takes_no_resource_is_allowed_anywhere(stack: str) -> None:
    for statement in statements(stack):
        for action in as_list(statement["Action"]):
            assert "*" not in action
            if statement["Resource"] == "*":
                assert cloudformation.takes_resource(action) is False, action


def test_every_arn_names_the_account_or_the_stack_and_no_other_region(stack: str) -> None:
    settings = load_settings(stack_settings(stack))
    for statement in statements(stack):
        for arn in as_list(statement["Resource"]):
            if arn == "*":
                continue
            _, _, service, region, account, _ = arn.split(":", 5)
            assert region in ("", settings.regions.primary, settings.regions.secondary)
            assert account == settings.account_id or service in ("s3", "apigateway", "route53"), arn
            assert service != "s3" or f":{settings.name}-" in arn


def test_no_service_is_allowed_that_the_stack_does_not_use(stack: str) -> None:
    used = {actions.service(r.type) for r in recorded(stack).all if r.custom and not r.is_provider}
    assert {action.partition(":")[0] for action in allowed(stack)} == used
    assert "kms" not in used


def test_a_preview_can_change_nothing_and_read_no_data(stack: str) -> None:
    read = allowed(stack, read_only=True)
    assert read < allowed(stack)
    assert all(re.match(r"[\w-]+:(Get|List|Describe|GET$)", action) for action in read)
    assert not {"s3:GetObject", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query"} & read


def test_roles_may_be_passed_only_to_the_services_that_they_trust() -> None:
    (statement,) = [s for s in statements("prod") if s["Action"] == "iam:PassRole"]
    assert statement["Resource"] == "arn:aws:iam::444455556666:role/signals-prod-*"
    assert {"lambda.amazonaws.com", "events.amazonaws.com"} <= set(
        statement["Condition"]["StringEquals"]["iam:PassedToService"]
    )


def test_what_a_stack_lacks_its_policy_lacks() -> None:
    assert {action for action in allowed("prod") if action.startswith(("acm:", "route53:ChangeResource"))}
    assert not {
        action for action in allowed("dev") if action.startswith(("acm:", "route53:ChangeResource", "dynamodb:"))
    }


def test_a_feature_that_is_switched_on_brings_its_actions() -> None:
    def of(**inputs: Any) -> set[str]:
        return actions.actions(FUNCTION, inputs, read_only=False)

    assert "lambda:PutFunctionConcurrency" not in of()
    assert "lambda:PutFunctionConcurrency" in of(reservedConcurrentExecutions=5)


def test_a_type_that_is_not_known_is_refused_with_the_remedy() -> None:
    found: Recording = record_program(lambda: aws.ssm.Parameter("p", name="p", type="String", value="v"))
    with pytest.raises(actions.UnknownTypeError, match=r"aws:ssm/parameter:Parameter .*cloudformation\.py"):
        policies(found, load_settings(stack_settings("dev")))


def test_every_action_that_is_named_is_one_that_aws_knows(stack: str) -> None:
    assert {action for action in allowed(stack) if cloudformation.takes_resource(action) is None} == set()


def test_the_committed_table_says_where_it_comes_from() -> None:
    assert re.fullmatch(r"AWS's resource schemas \(cfn-lint \d+\.\d+\.\d+\)", cloudformation.SOURCE)
    assert cloudformation.TABLE["resources"].keys() == {*map(cloudformation.namespaced, KNOWN)} - {""}
