"""AWS's own resource schemas, cut down to what this project asks them: create-only properties, and permissions.

`signals/tools/cloudformation.py` makes `cloudformation.json` from the schemas that cfn-lint ships.

Sources: the schemas' `createOnlyProperties` and `handlers` (CloudFormation CLI user guide, "Resource type schema");
cfn-lint's copy of the Service Authorization Reference, which says on what kinds of resource an action can be allowed.
"""

import json
from pathlib import Path
from typing import Any

from components.resource_types import known

_HANDLERS = ("create", "read", "update", "delete")
TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("cloudformation.json").read_text("utf-8"))
# Where the facts come from, with the version.
SOURCE = f"AWS's resource schemas (cfn-lint {TABLE['cfn-lint']})"


def namespaced(pulumi_type: str) -> str:
    """AWS's own name of a type, such as `AWS::SQS::Queue`; empty if it has none or we do not know it."""
    name = known(pulumi_type).cloudformation
    return name and f"AWS::{name}"


def create_only(pulumi_type: str) -> frozenset[str]:
    """Paths (`BucketName`, `HealthCheckConfig/Type`) that only a new resource can have otherwise, where published.

    Args:
        pulumi_type: Type token, such as `aws:s3/bucket:Bucket`.
    """
    return frozenset(TABLE["resources"].get(namespaced(pulumi_type), {}).get("createOnly", ()))


def permissions(pulumi_type: str) -> frozenset[str]:
    """Actions that AWS's own handlers of a resource type need to create, read, update and delete: `sqs:CreateQueue`.

    Args:
        pulumi_type: Type token.

    Raises:
        KeyError: AWS publishes no schema for the type, or components/resource_types.py does not name it.
    """
    published = TABLE["resources"][namespaced(pulumi_type)]["handlers"]
    return frozenset(action for handler in _HANDLERS for action in published.get(handler, ()))


def takes_resource(action: str) -> bool | None:
    """Whether an action can be allowed on single resources; None if it is not in AWS's reference.

    Args:
        action: Such as `sqs:CreateQueue`.
    """
    known = TABLE["actions"].get(action.lower())
    return None if known is None else bool(known)
