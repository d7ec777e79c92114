"""The Pulumi program, once for each account: `pulumi -C deploy up --stack prod` (docs/deploy.md)."""

from __future__ import annotations

import sys
from pathlib import Path

import pulumi

# The program uses this project's packages, which lie beside its folder.
sys.path.insert(0, str(Path(__file__).parent.parent))

from bootstrap.access import Access
from signals.recording.record import record
from signals.review.permissions.policy import policies
from signals.stack import load_stack

stack = pulumi.get_stack()
config = pulumi.Config("signals-access")
settings = load_stack(stack).settings
recording = record(stack)
access = Access(
    "access",
    stack=stack,
    settings=settings,
    repository=config.require("repository"),
    deploy=policies(recording, settings),
    preview=policies(recording, settings, read_only=True),
    # An account has one provider for GitHub: name it if something else made it.
    oidc_provider_arn=config.get("oidcProviderArn"),
)
for name, value in access.outputs.items():
    pulumi.export(name, value)
