"""Run each scanner in the scanners' own environment and return its findings."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.resource_types import known
from signals.errors import Failed
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording

ROOT = Path(__file__).resolve().parents[2]
# Where `make scan` installs them.
BIN = ROOT / ".local" / "scanners" / "bin"


class ScannerError(Failed):
    """A scanner, or the list of suppressions, could not be read."""


@dataclass(frozen=True, order=True)
class Finding:
    """One failed check of a scanner.

    Attributes:
        scanner: `checkov`, `tf-nag` or `parliament`.
        id: The scanner's id of the check.
        resource: Terraform address, or the logical name of what holds an IAM document.
        message: The scanner's explanation.
    """

    scanner: str
    id: str
    resource: str
    message: str


def checkov(plan: Path) -> list[Finding]:
    """Every failed check of checkov over a plan."""
    options = ["--framework", "terraform_plan", "--skip-download", "--compact", "--quiet", "-o", "json"]
    report = _run([str(BIN / "checkov"), "-f", str(plan), *options])
    if "results" not in report or report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
        raise ScannerError(f"checkov read nothing in {plan}")
    failed = report["results"]["failed_checks"]
    return [Finding("checkov", f["check_id"], f["resource"], f["check_name"]) for f in failed]


def tf_nag(plan: Path) -> list[Finding]:
    """Every finding of tf-nag over a plan, warnings included."""
    found = _run([str(BIN / "tf-nag"), "scan", "--plan-json", str(plan), "--format", "json", "--fail-on", "never"])
    return [Finding("tf-nag", f["rule_id"], f["address"], f["message"]) for f in found]


def parliament(recording: Recording) -> list[Finding]:
    """Every finding of parliament over the IAM documents of a recording."""
    resolver = Resolver(recording.all)
    documents = {}
    for resource in recording.all:
        key = known(resource.type).policy.partition("/")[0]
        if key in resource.inputs:
            document = json.loads(resolver.resolve(resource.inputs[key]))
            if key == "assumeRolePolicy":
                # A trust policy has no Resource: its role is implied. parliament reports one without.
                role = {"Resource": resolver.arn(resource)}
                document["Statement"] = [{**statement, **role} for statement in document["Statement"]]
            documents[f"{resource.name} ({key})"] = json.dumps(document)
    script = str(Path(__file__).with_name("lint_iam.py"))
    found = _run([str(BIN / "python"), script], json.dumps(documents))
    return [Finding("parliament", f["id"], f["resource"], f["message"]) for f in found]


def _run(command: Sequence[str], given: str | None = None) -> Any:
    """Run a scanner and return the JSON it prints; its exit code only says whether it found something."""
    environment = {**os.environ, "BC_SKIP_MAPPING": "TRUE", "LOG_LEVEL": "ERROR", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, env=environment, check=False, timeout=300
        )
    except FileNotFoundError:
        raise ScannerError(f"{command[0]} is not installed: run `make scan`") from None
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise ScannerError(f"{Path(command[0]).name} gave no answer: {said}") from None
