"""What GitHub Actions may do in one account, as a component."""

import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.parts.iam import allow, document, tls_only
from components.settings import PlatformSettings

ISSUER = "token.actions.githubusercontent.com"
# `up` may take long (ACM waits for DNS, a global table for its replica); the workflow asks for 5,400.
DEPLOY_SECONDS = 7_200
_REPOSITORY = r"[A-Za-z0-9-]+/[\w.-]+|[A-Za-z0-9-]+@\d+/[\w.-]+@\d+"


class Access(pulumi.ComponentResource):
    """GitHub's OIDC provider, a role for previews, a role for deployments, and the bucket that holds the state.

    The roles' names begin with `github-` and the bucket's with `state-`: the deploy role may change what begins with
    the stack's name, so that nothing of what bounds it may.

    Args:
        name: Prefix of every child's logical name.
        stack: Name of the stack; the roles trust its environments `preview-STACK` and `STACK`.
        settings: The stack's settings.
        repository: OWNER/NAME on GitHub, or OWNER@ID/NAME@ID where GitHub's tokens say the ids too.
        deploy: Policy documents of the deploy role, by name.
        preview: The same of the preview role.
        oidc_provider_arn: The account's provider for GitHub, if it has one already.

    Source: GitHub, "Configuring OpenID Connect in Amazon Web Services"; "OpenID Connect reference": of a job in an
    environment the subject is `repo:OWNER/NAME:environment:ENVIRONMENT`, or, of repositories that were created, renamed
    or transferred since 15 July 2026 or have asked for it, `repo:OWNER@ID/NAME@ID:environment:ENVIRONMENT`
    ("Immutable subject claims").
    """

    def __init__(
        self,
        name: str,
        *,
        stack: str,
        settings: PlatformSettings,
        repository: str,
        deploy: Mapping[str, Mapping[str, Any]],
        preview: Mapping[str, Mapping[str, Any]],
        oidc_provider_arn: str | None = None,
    ):
        super().__init__("signals:index:Access", name)
        if not re.fullmatch(_REPOSITORY, repository, re.ASCII):
            raise pulumi.RunError(
                f"repository is {repository!r}: write OWNER/NAME, or OWNER@ID/NAME@ID with both ids, without a "
                "wildcard; `gh api repos/OWNER/NAME/actions/oidc/customization/sub --jq .sub_claim_prefix` says which"
            )
        own = ["iam", "", settings.account_id, f"oidc-provider/{ISSUER}"]
        if oidc_provider_arn is not None and oidc_provider_arn.split(":")[2:] != own:
            raise pulumi.RunError(
                f"the OIDC provider is {oidc_provider_arn!r}: name the one that account {settings.account_id} has for "
                f"{ISSUER}, or none, and it is made"
            )
        self._name, self._settings, self._repository = name, settings, repository
        region = settings.regions.primary
        self._provider = aws.Provider(
            f"aws-{region}",
            region=region,
            allowed_account_ids=[settings.account_id],
            default_tags=aws.ProviderDefaultTagsArgs(tags={"stack": f"{settings.name}-access"}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._child = pulumi.ResourceOptions(parent=self, provider=self._provider)
        self._issuer = oidc_provider_arn or self._oidc_provider()
        bucket = self._state_bucket()
        reads = [
            allow("s3:GetObject", pulumi.Output.concat(bucket.arn, "/*")),
            allow(["s3:GetBucketLocation", "s3:ListBucket"], bucket.arn),
        ]
        writes = [allow(["s3:DeleteObject", "s3:PutObject"], pulumi.Output.concat(bucket.arn, "/*"))]
        preview_role = self._role("preview", f"preview-{stack}", preview, reads, 3_600)
        deploy_role = self._role("deploy", stack, deploy, [*reads, *writes], DEPLOY_SECONDS)
        self.outputs = {
            "preview_role_arn": preview_role.arn,
            "deploy_role_arn": deploy_role.arn,
            "backend_url": pulumi.Output.concat("s3://", bucket.bucket, f"?region={region}"),
        }
        self.register_outputs(self.outputs)

    def _oidc_provider(self) -> pulumi.Output[str]:
        # AWS knows GitHub's certificate authority: no thumbprint is needed (IAM User Guide, "Obtain the thumbprint").
        return aws.iam.OpenIdConnectProvider(
            f"{self._name}-github", url=f"https://{ISSUER}", client_id_lists=["sts.amazonaws.com"], opts=self._child
        ).arn

    def _role(
        self,
        purpose: str,
        environment: str,
        policies: Mapping[str, Mapping[str, Any]],
        state: list[Mapping[str, Any]],
        seconds: int,
    ) -> aws.iam.Role:
        """A role that only jobs of one environment of one repository may take."""
        physical = f"github-{purpose}-{self._settings.name}"
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": self._issuer},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{ISSUER}:aud": "sts.amazonaws.com",
                    f"{ISSUER}:sub": f"repo:{self._repository}:environment:{environment}",
                }
            },
        }
        name = f"{self._name}-{purpose}"
        role = aws.iam.Role(
            name,
            name=physical,
            assume_role_policy=document([trust]),
            max_session_duration=seconds,
            opts=self._child,
        )
        aws.iam.RolePolicy(f"{name}-state", name="state", role=role.name, policy=document(state), opts=self._child)
        for number, policy in enumerate(policies.values(), start=1):
            made = aws.iam.Policy(
                f"{name}-{number}", name=f"{physical}-{number}", policy=document(policy["Statement"]), opts=self._child
            )
            aws.iam.RolePolicyAttachment(
                f"{name}-{number}-attachment", role=role.name, policy_arn=made.arn, opts=self._child
            )
        return role

    def _state_bucket(self) -> aws.s3.Bucket:
        """Versioned, so that a state can be had back; encrypted; closed to the world."""
        name = f"{self._name}-state"
        kept = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(protect=True))
        bucket = aws.s3.Bucket(name, bucket=f"state-{self._settings.name}-{self._settings.account_id}", opts=kept)
        aws.s3.BucketVersioning(
            f"{name}-versioning", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=self._child
        )
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        everything = [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")]
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=document([tls_only(everything, "s3")]),
            # S3 refuses two concurrent changes of a bucket's access.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[block])),
        )
        return bucket
