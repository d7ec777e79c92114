"""The Pulumi program, once for each account: `pulumi -C bootstrap up --stack prod` (docs/deploy.md)."""

import sys
from pathlib import Path

import pulumi

# The program uses this project's packages, in the folder above.
sys.path.insert(0, str(Path(__file__).parent.parent))

from bootstrap.export import declare

config = pulumi.Config("signals-access")
# An account has one provider for GitHub: name it if something else made it.
declare(pulumi.get_stack(), config.require("repository"), config.get("oidcProviderArn"))
