"""What AWS lets an account do in a second, by default: each number with where AWS says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self


@dataclass(frozen=True)
class Quota:
    """A quota of one account and Region.

    Args:
        what: Its name, as AWS's console has it.
        unit: What is counted.
        elsewhere: Default of a Region that `regions` does not name.
        source: Where AWS says so.
        regions: Defaults by Region.
        adjustable: Whether AWS raises it on request.
    """

    what: str
    unit: str
    elsewhere: float
    source: str
    regions: Mapping[str, float] = field(default_factory=dict)
    adjustable: bool = True

    def of(self, region: str) -> float:
        """Its default in a Region."""
        return self.regions.get(region, self.elsewhere)

    def raised_to(self, value: float | None) -> Self:
        """The same with what an account really has; with None, itself."""
        return self if value is None else replace(self, elsewhere=value, regions={})


_LARGE = ("us-east-1", "us-west-2", "eu-west-1")

# Invocations beyond it are delayed, live ones too, and that is what the failover's alarm measures.
INVOCATIONS = Quota(
    "EventBridge's invocations throttle limit",
    "invocations a second",
    750,
    'EventBridge User Guide, "Quotas"',
    {
        **dict.fromkeys(_LARGE, 18_750.0),
        **dict.fromkeys(("us-east-2", "eu-central-1"), 4_500.0),
        **dict.fromkeys(("us-west-1", "ap-northeast-1", "ap-southeast-1", "ap-southeast-2"), 2_250.0),
    },
)
CONCURRENCY = Quota(
    "Lambda's concurrent executions", "executions at a time", 1_000, 'Lambda Developer Guide, "Lambda quotas"'
)
STREAM_BYTES = Quota(
    "the Firehose stream's throughput",
    "bytes a second",
    1_048_576,
    'Firehose Developer Guide, "Quota" (Direct PUT)',
    dict.fromkeys(_LARGE, 5 * 1_048_576.0),
)
# No other quota of SQS binds: a standard queue takes a nearly unlimited number of requests a second (SQS Developer
# Guide, "Amazon SQS message quotas").
MESSAGES_IN_FLIGHT = Quota(
    "messages in flight of one standard queue",
    "messages",
    120_000,
    'SQS Developer Guide, "Amazon SQS queue quotas"',
    adjustable=False,
)
