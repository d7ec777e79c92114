"""Deploying with the terraform CLI: the configuration generated from the recorded program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signals.stack import Stack
from signals.terminal.progress import Progress
from signals.terraform.emit import Backend
from signals.terraform.engine import Terraform

_LOCAL_PARALLELISM = 60
_SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "±"}


@dataclass(frozen=True)
class TerraformEngine:
    """A stack as Terraform.

    Args:
        stack: What to deploy.
        folder: Holds the configuration, the provider and, without a backend, the state.
        backend: Where an AWS stack's state lies.
    """

    stack: Stack
    folder: Path
    backend: Backend | None
    name: str = "terraform"

    def preview(self, progress: Progress) -> list[str]:
        terraform = self._prepared(progress)
        changes: list[str] = []
        terraform.on_event = lambda event: changes.extend(_planned(event))
        progress.phase("terraform plan")
        terraform.plan()
        return sorted(changes, key=lambda line: line[2:])

    def deploy(self, progress: Progress) -> None:
        terraform = self._prepared(progress)
        terraform.on_event = lambda event: follow(event, progress)
        progress.phase("terraform apply")
        terraform.apply()

    def destroy(self, progress: Progress) -> None:
        terraform = self._prepared(progress)
        terraform.on_event = lambda event: follow(event, progress)
        progress.phase("terraform destroy")
        terraform.destroy()

    def _prepared(self, progress: Progress) -> Terraform:
        from signals.recording.record import record
        from signals.terraform.write import write

        progress.phase("packaging the functions and writing the Terraform configuration")
        recording = record(self.stack.name, self.stack.raw)
        write(recording, self.folder, backend=self.backend)
        terraform = Terraform(self.folder, environment=self._environment())
        progress.phase("terraform init")
        terraform.init()
        return terraform

    def _environment(self) -> dict[str, str]:
        if not self.stack.local:
            return {}
        # The embedded AWS limits no rate, and most of the time passes in waits of the provider's own.
        return {"TF_CLI_ARGS_apply": f"-parallelism={_LOCAL_PARALLELISM}", **self.stack.provider_environment}


def _planned(event: Mapping[str, Any]) -> list[str]:
    if event.get("type") != "planned_change" or event["change"]["action"] not in _SIGNS:
        return []
    return [f"{_SIGNS[event['change']['action']]} {event['change']['resource']['addr']}"]


def follow(event: Mapping[str, Any], progress: Progress) -> None:
    """Hand one event of `terraform -json` on to a display."""
    kind = event.get("type")
    if kind == "change_summary" and event["changes"]["operation"] == "plan":
        changes = event["changes"]
        progress.expect(changes["add"] + changes["change"] + changes["remove"])
    elif kind in ("apply_start", "apply_complete", "apply_errored"):
        hook = event["hook"]
        if hook["action"] in ("create", "delete", "update"):
            (progress.started if kind == "apply_start" else progress.finished)(hook["resource"]["addr"])
    progress.tick()
