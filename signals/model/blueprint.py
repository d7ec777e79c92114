"""The deployed platform as the model needs it: plain values, read from the recording by `reading`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field

from components.resource_types import BUS, arn
from signals.errors import Failed
from signals.model.event import Pattern
from signals.model.iam import Policy

# EventBridge User Guide, "Retry policy".
DEFAULT_AGE_S, DEFAULT_ATTEMPTS = 86_400.0, 185


class CannotDeployError(Failed):
    """AWS would refuse to create this; the message says what and why."""


class _Plan(BaseModel):
    """One resource. Aliases are where its recorded inputs say it; what has none is worked out by `reading`."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)


class TargetPlan(_Plan):
    """What a rule invokes; times in seconds."""

    arn: str
    role: Policy
    input_path: str | None = Field(None, alias="inputPath")
    retry_age_s: float = Field(DEFAULT_AGE_S, validation_alias=AliasPath("retryPolicy", "maximumEventAgeInSeconds"))
    retry_attempts: int = Field(DEFAULT_ATTEMPTS, validation_alias=AliasPath("retryPolicy", "maximumRetryAttempts"))
    dead_letter_arn: str | None = Field(None, validation_alias=AliasPath("deadLetterConfig", "arn"))


class RulePlan(_Plan):
    """A rule on a bus."""

    arn: str
    region: str
    bus: str = Field(alias="eventBusName")
    name: str
    pattern: Pattern
    targets: tuple[TargetPlan, ...]


class ArchivePlan(_Plan):
    """An archive of a bus; kept for so many days, 0 for ever."""

    region: str
    bus: str
    retention_days: int = Field(0, alias="retentionDays")
    pattern: Pattern


class QueuePlan(_Plan):
    """A queue, and whether an alarm says that something lies in it; times in seconds."""

    name: str
    arn: str
    url: str
    region: str
    retention_s: float = Field(alias="messageRetentionSeconds")
    visibility_s: float = Field(alias="visibilityTimeoutSeconds")
    policy: Policy
    dead_letter_arn: str | None = Field(None, alias="deadLetterTargetArn")
    max_receives: int = Field(0, alias="maxReceiveCount")
    alarmed: bool


class FunctionPlan(_Plan):
    """A function behind its alias; times in seconds."""

    name: str
    arn: str
    region: str
    folder: str
    environment: Mapping[str, str]
    role: Policy
    policy: Policy
    sources: tuple[str, ...]
    timeout_s: float = Field(alias="timeout")
    retries: int = Field(2, alias="maximumRetryAttempts")
    max_age_s: float = Field(21_600.0, alias="maximumEventAgeInSeconds")
    on_failure_arn: str | None = Field(
        None, validation_alias=AliasPath("destinationConfig", "onFailure", "destination")
    )


class MappingPlan(_Plan):
    """An event source mapping: a queue that invokes a function."""

    queue_arn: str = Field(alias="eventSourceArn")
    function_arn: str = Field(alias="functionName")
    batch_size: int = Field(10, alias="batchSize")
    response_types: tuple[str, ...] = Field((), alias="functionResponseTypes")
    concurrency: int = Field(1000, validation_alias=AliasPath("scalingConfig", "maximumConcurrency"))


class EndpointPlan(_Plan):
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


class SchedulePlan(_Plan):
    """Something that EventBridge Scheduler puts on a bus every minute."""

    region: str
    bus_arn: str = Field(alias="arn")
    source: str
    detail_type: str = Field(alias="detailType")
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
