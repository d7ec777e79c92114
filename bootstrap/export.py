"""The same as Terraform, without Pulumi: `python -m bootstrap.export --stack prod --repository OWNER/NAME`."""

import argparse
from pathlib import Path

import pulumi

from bootstrap.access import Access
from signals.recording.record import record, record_program
from signals.recording.resources import Recording
from signals.review.permissions.policy import policies
from signals.stack import load_stack
from signals.terraform.emit import write


def declare(stack: str, repository: str, oidc_provider_arn: str | None = None) -> None:
    """Declare what GitHub may do for a stack, and export it; a Pulumi program.

    Args:
        stack: As in Pulumi.<stack>.yaml.
        repository: OWNER/NAME on GitHub, or OWNER@ID/NAME@ID where GitHub's tokens say the ids too.
        oidc_provider_arn: The account's provider for GitHub, if it has one already.
    """
    platform, settings = record(stack), load_stack(stack).settings
    access = Access(
        "access",
        stack=stack,
        settings=settings,
        repository=repository,
        deploy=policies(platform, settings),
        preview=policies(platform, settings, read_only=True),
        oidc_provider_arn=oidc_provider_arn,
    )
    for name, value in access.outputs.items():
        pulumi.export(name, value)


def recorded(stack: str, repository: str, oidc_provider_arn: str | None = None) -> Recording:
    """A recording of `declare`."""
    return record_program(lambda: declare(stack, repository, oidc_provider_arn), stack=stack, project="signals-access")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stack", required=True)
    options.add_argument("--repository", required=True, help="OWNER/NAME on GitHub, or OWNER@ID/NAME@ID")
    options.add_argument("--oidc-provider-arn", help="the account's provider for GitHub, if it has one already")
    options.add_argument("--out", type=Path, required=True, help="folder to write to")
    chosen = options.parse_args()
    write(recorded(chosen.stack, chosen.repository, chosen.oidc_provider_arn), chosen.out)
    print(f"wrote {chosen.out}: next, `terraform init` and `terraform apply` there")


if __name__ == "__main__":
    main()
