"""Deploying with the pulumi CLI: the program itself, run by the real engine."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from signals.errors import Failed
from signals.stack import Stack
from signals.stack_files import ROOT
from signals.terminal.progress import Progress

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent
    from pulumi.automation import Stack as AutomationStack

_CHANGES = ("create", "delete", "update", "replace")


@dataclass(frozen=True)
class Pulumi:
    """A stack on AWS: the CLI as a person would run it, with its own preview, question and display."""

    stack: Stack
    name = "pulumi"

    def preview(self, progress: Progress) -> list[str]:
        self._run(progress, "preview")
        return []

    def deploy(self, progress: Progress) -> None:
        self._run(progress, "up", "--skip-preview", "--yes")

    def destroy(self, progress: Progress) -> None:
        self._run(progress, "destroy", "--skip-preview", "--yes")

    def _run(self, progress: Progress, command: str, *options: str) -> None:
        arguments = ["pulumi", command, *options, "--stack", self.stack.name]
        with progress.paused():
            code = subprocess.run(arguments, cwd=ROOT, check=False).returncode
        if code != 0:
            raise Failed(f"`{' '.join(arguments)}` ended with {code}: see its output above")


@dataclass(frozen=True)
class LocalPulumi(Pulumi):
    """The local stack: its project file, config and state are in a folder, so that the repository is not changed.

    Args:
        stack: What to deploy; its settings name the port that the embedded AWS really has.
        folder: Where these copies are.
    """

    folder: Path

    def _run(self, progress: Progress, command: str, *_options: str) -> None:
        """Run it by Pulumi's automation API, which never asks."""
        from pulumi.automation import CommandError

        progress.phase(f"pulumi {command}")
        try:
            run = getattr(self._stack(), command)
            run(on_event=lambda event: follow(event, progress), color="never", suppress_progress=True)
        except CommandError as error:
            lines = [line for line in str(error).splitlines() if "error" in line.lower()]
            raise Failed("pulumi: " + ("\n".join(lines[:10]) or str(error))) from None

    def _stack(self) -> AutomationStack:
        from pulumi.automation import LocalWorkspaceOptions, create_or_select_stack

        self.folder.mkdir(parents=True, exist_ok=True)
        # The repository's project, with the path of the program and the Python that runs this.
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        project = {**yaml.safe_load((ROOT / "Pulumi.yaml").read_text()), "main": str(ROOT), "runtime": runtime}
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
        config = {"config": {"signals:settings": dict(self.stack.raw)}}
        (self.folder / f"Pulumi.{self.stack.name}.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        environment = {
            "PULUMI_BACKEND_URL": self.folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self.stack.aws.engine_environment,
        }
        return create_or_select_stack(
            stack_name=self.stack.name,
            work_dir=str(self.folder),
            opts=LocalWorkspaceOptions(env_vars=environment, secrets_provider="passphrase"),
        )


def follow(event: EngineEvent, progress: Progress) -> None:
    """Show one event of the engine; components are no resources of their own."""
    for part, show in ((event.resource_pre_event, progress.started), (event.res_outputs_event, progress.finished)):
        if part and str(part.metadata.op.value) in _CHANGES and part.metadata.type.startswith("aws:"):
            show(part.metadata.urn.rpartition("::")[2])
    progress.tick()
