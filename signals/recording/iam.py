"""IAM policy documents, in which a list of one may stand for itself (IAM User Guide, "Policy grammar")."""

from collections.abc import Mapping
from typing import Any


def as_list(value: Any) -> list[Any]:
    """A value that may be one or a list, as a list; None as an empty one."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A policy document's statements, their actions and resources always as lists."""
    listed = as_list(document.get("Statement"))
    return [{**s, "Action": as_list(s.get("Action")), "Resource": as_list(s.get("Resource"))} for s in listed]


def trusted_services(document: Mapping[str, Any]) -> list[str]:
    """The services that a trust policy lets assume its role."""
    allowed = [s for s in statements(document) if s["Effect"] == "Allow" and "sts:AssumeRole" in s["Action"]]
    return [service for s in allowed for service in as_list((s.get("Principal") or {}).get("Service"))]
