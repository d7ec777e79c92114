"""ARNs of resources whose names are known but which may not exist yet."""

from __future__ import annotations


def arn(service: str, region: str, account_id: str, resource: str) -> str:
    """An ARN, or a pattern of ARNs where a part is `*`; IAM's have no Region."""
    return f"arn:aws:{service}:{region}:{account_id}:{resource}"
