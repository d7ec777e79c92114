"""What `bootstrap/` gives to GitHub: no more than a job of one environment needs, and nothing that widens itself."""

import json
import runpy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from bootstrap.export import recorded
from components.resource_types import (
    BUCKET,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS,
    BUCKET_VERSIONING,
    MANAGED_POLICY,
    OIDC_PROVIDER,
    ROLE,
    ROLE_POLICY,
)
from signals.errors import RecordError, TerraformError
from signals.recording.iam import as_list
from signals.recording.record import record_program
from signals.recording.resources import Recording
from signals.terraform.emit import write
from signals.terraform.engine import Terraform
from tests.support.recordings import ROOT

SUBJECT = "token.actions.githubusercontent.com:sub"


@pytest.fixture(scope="module")
def prod() -> Recording:
    return recorded("prod", "acme/signals")


def statements(recording: Recording, purpose: str) -> list[dict[str, Any]]:
    policies = [r for r in recording.resources(MANAGED_POLICY) if r.name.startswith(f"access-{purpose}-")]
    policies += [r for r in recording.resources(ROLE_POLICY) if r.name.startswith(f"access-{purpose}-")]
    return [statement for r in policies for statement in json.loads(r.inputs["policy"])["Statement"]]


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com",
        "arn:aws:iam::444455556666:oidc-provider/gitlab.com",
        "token.actions.githubusercontent.com",
        "",
    ],
)
def test_a_provider_that_is_not_the_accounts_own_for_github_is_refused(arn: str) -> None:
    with pytest.raises(RecordError, match="name the one that account 444455556666 has"):
        recorded("prod", "acme/signals", arn)


# As GitHub's tokens name a repository, before 15 July 2026 and since ("Immutable subject claims").
@pytest.mark.parametrize("repository", ["acme/signals", "acme@123456/signals@456789"])
def test_a_role_can_be_taken_only_by_jobs_of_its_own_environment(repository: str) -> None:
    subjects = {}
    for role in recorded("prod", repository).resources(ROLE):
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert trust["Condition"].keys() == {"StringEquals"}, "a StringLike could match more than one"
        subjects[role.name] = trust["Condition"]["StringEquals"][SUBJECT]
    assert subjects == {
        "access-preview": f"repo:{repository}:environment:preview-prod",
        "access-deploy": f"repo:{repository}:environment:prod",
    }


def test_the_preview_role_reads_and_no_more(prod: Recording) -> None:
    actions = {action for statement in statements(prod, "preview") for action in as_list(statement["Action"])}
    assert all(action.partition(":")[2].startswith(("Get", "List", "Describe", "GET")) for action in actions)
    assert "s3:PutObject" not in actions
    assert "iam:PassRole" not in actions


def test_the_deploy_role_cannot_change_itself_its_policies_or_the_state_bucket_itself(prod: Recording) -> None:
    names = [r.inputs["name"] for r in prod.all if r.type in (ROLE, MANAGED_POLICY)]
    names += [r.inputs["bucket"] for r in prod.resources(BUCKET)]
    arns = {arn for statement in statements(prod, "deploy") for arn in as_list(statement["Resource"])}
    for name in names:
        for arn in (f"arn:aws:iam::444455556666:{kind}/{name}" for kind in ("role", "policy")):
            assert not any(fnmatchcase(arn, pattern) for pattern in arns if ":iam:" in pattern)
        assert not any(
            fnmatchcase(f"arn:aws:s3:::{name}", pattern)
            for pattern in arns
            if "<<" not in pattern and ":s3:" in pattern
        )


def test_the_state_is_versioned_protected_and_closed(prod: Recording) -> None:
    (bucket,) = prod.resources(BUCKET)
    assert bucket.options["protect"]
    (versioning,) = prod.resources(BUCKET_VERSIONING)
    assert versioning.inputs["versioningConfiguration"]["status"] == "Enabled"
    (policy,) = prod.resources(BUCKET_POLICY)
    assert "aws:SecureTransport" in policy.inputs["policy"]


def test_an_account_that_has_a_provider_keeps_it() -> None:
    arn = "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com"
    found = recorded("prod", "acme/signals", arn)
    assert not found.resources(OIDC_PROVIDER)
    assert arn in found.resource(ROLE, "access-deploy").inputs["assumeRolePolicy"]


@pytest.mark.parametrize(
    "repository",
    [
        *("acme/*", "acme", "acme/signals/x", "acme/signals:ref", "repo:acme/signals", "acme/signals\n"),
        *("acme@1/signals", "acme/signals@1", "acme@/signals@2", "acme@x/signals@2", "acme@*/signals@*", ""),
    ],
)
def test_what_no_repository_of_github_is_called_is_refused(repository: str) -> None:
    with pytest.raises(RecordError, match="OWNER/NAME, or OWNER@ID/NAME@ID with both ids, without a wildcard"):
        recorded("dev", repository)


def test_the_buckets_policy_waits_for_its_public_access_block(prod: Recording) -> None:
    """S3 answers OperationAborted to one of two concurrent changes of a bucket's access."""
    (policy,), (block,) = prod.resources(BUCKET_POLICY), prod.resources(BUCKET_PUBLIC_ACCESS)
    assert block.urn in policy.dependencies.explicit


def test_the_pulumi_program_declares_the_same(prod: Recording) -> None:
    found = record_program(
        lambda: runpy.run_path(str(ROOT / "bootstrap/__main__.py"), run_name="__main__"),
        stack="prod",
        project="signals-access",
        config={"signals-access:repository": "acme/signals"},
    )
    assert [r.to_json() for r in found.all] == [r.to_json() for r in prod.all]
    assert found.outputs.keys() == {"preview_role_arn", "deploy_role_arn", "backend_url"}


@pytest.mark.slow
def test_its_terraform_is_valid(prod: Recording, tmp_path: Path) -> None:
    write(prod, tmp_path)
    try:
        terraform = Terraform(tmp_path)
        terraform.init()
    except TerraformError as error:
        pytest.skip(str(error))
    terraform.text("validate")
