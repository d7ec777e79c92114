"""The rules, by what they are about."""

from policies.rules import (
    archive,
    delivery,
    endpoint,
    exposure,
    functions,
    health,
    names,
    publishers,
    quotas,
    roles,
    waiting,
)

__all__ = [
    "archive",
    "delivery",
    "endpoint",
    "exposure",
    "functions",
    "health",
    "names",
    "publishers",
    "quotas",
    "roles",
    "waiting",
]
