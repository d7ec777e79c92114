"""What tests ask the terraform CLI that a deployment does not."""

from typing import Any

from signals.terraform.engine import Terraform


def planned(terraform: Terraform) -> list[str]:
    """Addresses of the resources that an apply would change."""
    events: list[dict[str, Any]] = []
    Terraform(terraform.directory, events.append, environment=terraform.environment).run("plan")
    changes = [event["change"] for event in events if event["type"] == "planned_change"]
    return sorted(change["resource"]["addr"] for change in changes if change["action"] not in ("noop", "read"))
