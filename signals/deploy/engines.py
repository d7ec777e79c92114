"""The two engines that can deploy a stack, as `up` and `down` use them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from signals.errors import Failed, Misuse
from signals.stack import Stack
from signals.terminal.progress import Progress

if TYPE_CHECKING:
    from signals.terraform.emit import Backend


class EngineName(StrEnum):
    """The CLIs that can deploy a stack, the preferred one first."""

    PULUMI = "pulumi"
    TERRAFORM = "terraform"


INSTALL_AT = {
    EngineName.PULUMI: "https://www.pulumi.com/docs/install/",
    EngineName.TERRAFORM: "https://developer.hashicorp.com/terraform/install",
}
INSTALL = (
    f"neither the pulumi nor the terraform CLI was found: install one ({' or '.join(INSTALL_AT.values())}) "
    "and run this again"
)


class Engine(Protocol):
    """Deploys one stack."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def preview(self, progress: Progress) -> list[str]:
        """What a deployment would change, a line a resource."""

    def deploy(self, progress: Progress) -> None:
        """Make the stack what its program says."""

    def destroy(self, progress: Progress) -> None:
        """Remove all that was deployed."""


@dataclass(frozen=True)
class BackendChoice:
    """Where Terraform keeps an AWS stack's state: an S3 bucket, or the stack's own folder when there is none."""

    bucket: str | None = None
    region: str | None = None
    key: str | None = None

    def for_stack(self, stack: Stack) -> Backend | None:
        from signals.terraform.emit import Backend

        if self.bucket is None:
            if self.region or self.key:
                raise Misuse("--backend-region and --backend-key say more about a bucket: give --backend-bucket too")
            return None
        if stack.local:
            raise Misuse("the state of a stack on this machine stays on it: leave --backend-bucket out")
        return Backend(self.bucket, self.key or f"signals/{stack.name}.tfstate", self.region or stack.primary)


@dataclass(frozen=True)
class Wanted:
    """What the user said about the engine; nothing, as a rule."""

    engine: EngineName | None = None
    backend: BackendChoice = BackendChoice()


def choose(stack: Stack, folder: Path, wanted: Wanted | None = None) -> Engine:
    """The pulumi CLI where it is installed, else terraform; or the one that is asked for.

    Args:
        stack: What to deploy.
        folder: Where the engine keeps the stack's files and, unless told otherwise, its state.
        wanted: What the user said about it.

    Raises:
        Failed: When it, or each of them, is not installed.
    """
    wanted = wanted or Wanted()
    backend = wanted.backend.for_stack(stack)
    engine = wanted.engine or next((name for name in EngineName if shutil.which(name)), None)
    if engine is None:
        raise Failed(INSTALL)
    if not shutil.which(engine):
        raise Failed(f"the {engine} CLI was not found: install it ({INSTALL_AT[engine]}), or leave --engine out")
    if engine is EngineName.PULUMI and backend:
        raise Misuse("--backend-bucket is for Terraform's state: add --engine terraform, or log pulumi in to a backend")
    if engine is EngineName.PULUMI:
        from signals.deploy.engine_pulumi import LocalPulumi, Pulumi

        return LocalPulumi(stack, folder / "pulumi") if stack.local else Pulumi(stack)
    from signals.deploy.engine_terraform import TerraformEngine

    return TerraformEngine(stack, folder / "terraform", backend)
