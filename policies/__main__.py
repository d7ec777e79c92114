"""The policy pack: `pulumi preview --policy-pack policies`."""

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

# Pulumi runs this folder as a program of its own: the project is its parent.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policies.pulumi_pack import policies

PolicyPack("event-backbone", policies())
