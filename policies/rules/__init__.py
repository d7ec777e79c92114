"""The rules, by what they are about."""

from policies.rules import archive, delivery, endpoint, exposure, functions, health, names, publishers, quotas

__all__ = ["archive", "delivery", "endpoint", "exposure", "functions", "health", "names", "publishers", "quotas"]
