"""The deployed platform as the model needs it: plain values, read from the recording by `reading`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from components.resource_types import BUS, arn
from signals.errors import Failed
from signals.model.event import Pattern
from signals.model.iam import Policy


class CannotDeployError(Failed):
    """AWS would refuse to create this; the message says what and why."""


@dataclass(frozen=True)
class TargetPlan:
    """What a rule invokes; times in seconds."""

    arn: str
    role: Policy
    input_path: str | None
    retry_age_s: float
    retry_attempts: int
    dead_letter_arn: str | None


@dataclass(frozen=True)
class RulePlan:
    """A rule on a bus."""

    arn: str
    region: str
    bus: str
    name: str
    pattern: Pattern
    targets: tuple[TargetPlan, ...]


@dataclass(frozen=True)
class ArchivePlan:
    """An archive of a bus; kept for so many days, 0 for ever."""

    region: str
    bus: str
    retention_days: int
    pattern: Pattern


@dataclass(frozen=True)
class QueuePlan:
    """A queue, and whether an alarm says that something lies in it; times in seconds."""

    name: str
    arn: str
    url: str
    region: str
    retention_s: float
    visibility_s: float
    policy: Policy
    dead_letter_arn: str | None
    max_receives: int
    alarmed: bool = False


@dataclass(frozen=True)
class FunctionPlan:
    """A function behind its alias; times in seconds."""

    name: str
    arn: str
    region: str
    folder: str
    environment: Mapping[str, str]
    role: Policy
    policy: Policy
    sources: tuple[str, ...]
    timeout_s: float
    retries: int = 2
    max_age_s: float = 21_600.0
    on_failure_arn: str | None = None


@dataclass(frozen=True)
class MappingPlan:
    """An event source mapping: a queue that invokes a function."""

    queue_arn: str
    function_arn: str
    batch_size: int
    partial_failures: bool
    concurrency: int


@dataclass(frozen=True)
class EndpointPlan:
    """The global endpoint."""

    id: str
    arn: str
    bus: str
    primary: str
    secondary: str
    replicates: bool
    role: Policy
    health_check: Mapping[str, Any]
    alarm: Mapping[str, Any]


@dataclass(frozen=True)
class SchedulePlan:
    """Something that EventBridge Scheduler puts on a bus every minute."""

    region: str
    bus_arn: str
    source: str
    detail_type: str
    role: Policy


@dataclass(frozen=True)
class Blueprint:
    """Everything that the model runs."""

    account: str
    buses: frozenset[str]
    rules: tuple[RulePlan, ...]
    archives: tuple[ArchivePlan, ...]
    queues: tuple[QueuePlan, ...]
    functions: tuple[FunctionPlan, ...]
    mappings: tuple[MappingPlan, ...]
    streams: Mapping[str, str]
    endpoint: EndpointPlan
    schedules: tuple[SchedulePlan, ...]
    has_domain: bool
    api_check_s: float = 30.0

    def bus_arn(self, region: str, name: str) -> str:
        return arn(BUS, region=region, account=self.account, name=name)

    def rules_on(self, region: str, bus: str) -> tuple[RulePlan, ...]:
        return self._rules_by_bus.get((region, bus), ())

    @cached_property
    def _rules_by_bus(self) -> Mapping[tuple[str, str], tuple[RulePlan, ...]]:
        keys = {(rule.region, rule.bus) for rule in self.rules}
        return {key: tuple(r for r in self.rules if (r.region, r.bus) == key) for key in keys}
