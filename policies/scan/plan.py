"""A Terraform plan of a stack without an account: what scanners read.

In a real plan a policy that names a resource not yet created is "known after apply", and scanners skip it. Here
unknown values are filled in with what AWS would return, so that every document is checked.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signals.recording.resolve import Resolver, resolved
from signals.recording.resources import Recording
from signals.terraform.emit import emit, write
from signals.terraform.engine import MAIN, Terraform

_OFFLINE = {
    "access_key": "scan",
    "secret_key": "scan",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
}

# Parts of a resource's body that are Terraform's own.
_NO_VALUES = ("//", "provider", "lifecycle", "depends_on")


def plan(recording: Recording, folder: Path) -> Path:
    """Plan a stack in a folder and return the plan as JSON, whole.

    Raises:
        TerraformError: If the configuration cannot be planned.
    """
    write(recording, folder)
    main = folder / MAIN
    document = json.loads(main.read_text("utf-8"))
    for provider in document["provider"]["aws"]:
        # Without an account to ask, it cannot be the wrong one.
        provider.pop("allowed_account_ids", None)
        provider.update(_OFFLINE)
    main.write_text(json.dumps(document), "utf-8")
    terraform = Terraform(folder)
    terraform.init()
    terraform.text("plan", "-input=false", "-lock=false", "-refresh=false", "-out=stack.tfplan")
    planned = json.loads(terraform.text("show", "-json", "stack.tfplan"))
    _fill(planned, _bodies(recording))
    out = folder / "plan.json"
    out.write_text(json.dumps(planned), "utf-8")
    return out


def _bodies(recording: Recording) -> dict[str, Any]:
    """Every resource by address as it would be once it is there, with the names that AWS gives it."""
    resolver = Resolver(recording.all)
    by_urn = {resource.urn: resource for resource in recording.all}
    bodies = {}
    for group in emit(resolved(recording)).document["resource"]:
        for type_, labels in group.items():
            for label, body in labels.items():
                resource = by_urn[body["//"]]
                outputs = resolver.outputs(resource)
                bodies[f"{type_}.{label}"] = {"id": outputs["id"], "arn": outputs["arn"], **body}
    return bodies


def _fill(planned: dict[str, Any], bodies: Mapping[str, Any]) -> None:
    for resource in planned["planned_values"]["root_module"]["resources"]:
        resource["values"] = _merged(resource.get("values", {}), bodies.get(resource["address"]))
    for change in planned["resource_changes"]:
        change["change"]["after"] = _merged(change["change"]["after"], bodies.get(change["address"]))
        change["change"]["after_unknown"] = {}


def _merged(value: Any, answer: Any) -> Any:
    """What is planned, with answers where it is silent; a block is a list of one in both."""
    if isinstance(value, dict) and isinstance(answer, dict):
        return {**value, **{k: _merged(value.get(k), item) for k, item in answer.items() if k not in _NO_VALUES}}
    if isinstance(value, list) and isinstance(answer, list) and len(value) == len(answer):
        return [_merged(one, other) for one, other in zip(value, answer, strict=True)]
    return answer if value in (None, []) else value
