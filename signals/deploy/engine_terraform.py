"""Deploying with the terraform CLI: the configuration generated from the recorded program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signals.stack import Stack
from signals.terminal.progress import Progress
from signals.terraform.emit import Backend
from signals.terraform.engine import Command, Terraform

_SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "±"}


@dataclass(frozen=True)
class TerraformEngine:
    """A stack as Terraform.

    Args:
        stack: What to deploy.
        folder: Holds the configuration, the provider and, without a backend, the state.
        backend: Where the state of a stack on AWS is.
    """

    stack: Stack
    folder: Path
    backend: Backend | None
    name: str = "terraform"

    def preview(self, progress: Progress) -> list[str]:
        events: list[Mapping[str, Any]] = []
        self._run(progress, "plan", events.append)
        changes = [event["change"] for event in events if event.get("type") == "planned_change"]
        lines = [f"{_SIGNS[c['action']]} {c['resource']['addr']}" for c in changes if c["action"] in _SIGNS]
        return sorted(lines, key=lambda line: line[2:])

    def deploy(self, progress: Progress) -> None:
        self._run(progress, "apply", lambda event: follow(event, progress))

    def destroy(self, progress: Progress) -> None:
        self._run(progress, "destroy", lambda event: follow(event, progress))

    def _run(self, progress: Progress, command: Command, on_event: Callable[[Mapping[str, Any]], None]) -> None:
        from signals.recording.record import record
        from signals.terraform.emit import emit, write

        progress.phase("packaging the functions and writing the Terraform configuration")
        recording = record(self.stack.name, self.stack.raw)
        write(recording, self.folder, backend=self.backend)
        environment = {**emit(recording).environment, **self.stack.aws.engine_environment}
        terraform = Terraform(self.folder, on_event, environment=environment)
        progress.phase("terraform init")
        terraform.init()
        progress.phase(f"terraform {command}")
        terraform.run(command)


def follow(event: Mapping[str, Any], progress: Progress) -> None:
    """Show one event of `terraform -json`."""
    kind = event.get("type")
    if kind == "change_summary" and event["changes"]["operation"] == "plan":
        changes = event["changes"]
        progress.expect(changes["add"] + changes["change"] + changes["remove"])
    elif kind in ("apply_start", "apply_complete", "apply_errored"):
        hook = event["hook"]
        if hook["action"] in ("create", "delete", "update"):
            (progress.started if kind == "apply_start" else progress.finished)(hook["resource"]["addr"])
    progress.tick()
