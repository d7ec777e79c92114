"""The two engines that can deploy a stack, behind one protocol, and which of them is used."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import StrEnum
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


class Engine(Protocol):
    """Deploys one stack."""

    @property
    def name(self) -> str:
        """Its name for people."""

    def preview(self, progress: Progress) -> list[str]:
        """What a deployment would change, one line for each resource."""

    def deploy(self, progress: Progress) -> None:
        """Make the stack what its program says."""

    def destroy(self, progress: Progress) -> None:
        """Remove all that was deployed."""


@dataclass(frozen=True)
class EngineChoice:
    """What the user said about the engine, usually nothing: which, and where Terraform keeps an AWS stack's state.

    Args:
        engine: The engine.
        bucket, region, key: An S3 object for the state; without a bucket it is in the stack's own folder.
    """

    engine: EngineName | None = None
    bucket: str | None = None
    region: str | None = None
    key: str | None = None

    def backend(self, stack: Stack) -> Backend | None:
        """Where Terraform keeps the state; None for the stack's folder."""
        if self.bucket is None:
            if self.region or self.key:
                raise Misuse("--backend-region and --backend-key need --backend-bucket")
            return None
        if stack.local:
            raise Misuse("the state of a local stack stays on this machine: leave --backend-bucket out")
        from signals.terraform.emit import Backend

        return Backend(self.bucket, self.key or f"signals/{stack.name}.tfstate", self.region or stack.primary)


def choose_engine(stack: Stack, choice: EngineChoice) -> Engine:
    """The engine that was asked for, else the pulumi CLI if it is installed, else terraform.

    The engine keeps its files and, unless told otherwise, its state in the stack's folder.

    Raises:
        Failed: When it, or each of them, is not installed.
    """
    backend = choice.backend(stack)
    engine = choice.engine or next((name for name in EngineName if shutil.which(name)), None)
    if engine is None:
        raise Failed(
            "neither the pulumi nor the terraform CLI was found: install one "
            f"({' or '.join(INSTALL_AT.values())}) and run this again"
        )
    if not shutil.which(engine):
        raise Failed(f"the {engine} CLI was not found: install it ({INSTALL_AT[engine]}), or leave --engine out")
    if engine is EngineName.PULUMI:
        if backend:
            raise Misuse(
                "--backend-bucket is for Terraform's state: add --engine terraform, or log pulumi in to a backend"
            )
        from signals.deploy.engine_pulumi import LocalPulumi, Pulumi

        return LocalPulumi(stack, stack.aws.folder / "pulumi") if stack.local else Pulumi(stack)
    from signals.deploy.engine_terraform import TerraformEngine

    return TerraformEngine(stack, stack.aws.folder / "terraform", backend)
