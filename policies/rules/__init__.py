"""The rules, by what they are about."""

from policies.rules import (
    alarms,
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
    "alarms",
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
