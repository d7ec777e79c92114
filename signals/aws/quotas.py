"""AWS's default quotas that bound how fast signals are processed and brought back, with their sources."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from signals.errors import Misuse


@dataclass(frozen=True)
class Quota:
    """One quota.

    Attributes:
        about: What is counted.
        source: Where AWS says so.
        regions: The default by Region.
        grows: Whether the service raises it by itself where it is exceeded; what is throttled until then is retried.
        default: That of every Region; None where it is documented by Region, or not at all.
    """

    about: str
    source: str
    regions: Mapping[str, int] = field(default_factory=dict)
    default: int | None = None
    grows: bool = False


@cache
def table() -> Mapping[str, Quota]:
    """Every quota by its name."""
    raw = yaml.safe_load(Path(__file__).with_name("quotas.yaml").read_text("utf-8"))
    return {name: Quota(**fields) for name, fields in raw.items()}


def defaults(region: str) -> dict[str, float]:
    """The default of each quota that is documented for a Region."""
    found = {name: quota.regions.get(region, quota.default) for name, quota in table().items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def overridden(region: str, given: Iterable[str]) -> dict[str, float]:
    """The defaults of a Region, and over them what an account really has, as `name=value`.

    Raises:
        Misuse: No such quota, or not a number above zero.
    """
    found = defaults(region)
    for text in given:
        name, _, value = text.partition("=")
        if name not in table():
            raise Misuse(
                f"there is no quota {name!r}: choose one of {', '.join(table())}, as {name or 'put_events'}=20000"
            )
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = 0
        if not found[name] > 0:
            raise Misuse(f"{text!r} is not a quota: write {name}= and a number above zero")
    return found
