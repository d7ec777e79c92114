"""AWS's default quotas that bound how fast signals are processed and brought back: each with where AWS says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import yaml


@dataclass(frozen=True)
class Quota:
    """A quota of one account and Region.

    Args:
        what: Its name, as AWS's console has it.
        unit: What is counted.
        source: Where AWS says so.
        regions: Defaults by Region.
        elsewhere: That of a Region that `regions` does not name; None where nothing is known of it.
        grows: Whether the service raises it by itself where it is exceeded; what is throttled until then is retried.
    """

    what: str
    unit: str
    source: str
    regions: Mapping[str, float] = field(default_factory=dict)
    elsewhere: float | None = None
    grows: bool = False

    def of(self, region: str) -> float:
        """Its default in a Region; without end where nothing is known of it."""
        found = self.regions.get(region, self.elsewhere)
        return float("inf") if found is None else float(found)

    def raised_to(self, value: float | None) -> Self:
        """The same with what an account really has; with None, itself."""
        return self if value is None else replace(self, elsewhere=value, regions={})


_TABLE = yaml.safe_load(Path(__file__).with_name("aws_quotas.yaml").read_text("utf-8"))
QUOTAS: Mapping[str, Quota] = {name: Quota(**fields) for name, fields in _TABLE.items()}
PUT_EVENTS, INVOCATIONS, CONCURRENCY, STREAM_BYTES, MESSAGES_IN_FLIGHT = QUOTAS.values()
