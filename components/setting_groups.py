"""The groups of a stack's settings, each valid by itself; `components.settings` puts them together."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from components import aws_names, event_pattern
from components.packaging.dependencies import host_architecture
from handlers.shared.contract import SIGNAL_SOURCE

HANDLERS = Path(__file__).parent.parent / "handlers"

# EventBridge User Guide, "Making applications Regional-fault tolerant": where global endpoints exist.
GLOBAL_ENDPOINT_REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
# CloudWatch Logs accepts only these (API reference, PutRetentionPolicy).
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 3653]
Runtime = Literal["python3.11", "python3.12", "python3.13", "python3.14"]
Architecture = Literal["arm64", "x86_64"]
# After so many minutes without a probe an alarm says so; the plan of a replay counts on it.
MISSED_PROBES = 5
# The most that the return path works at a time; `signals replay` lowers it while live signals need the quotas.
RETURN_PATH_CONCURRENCY = 50
# AWS's APIs know integers of 32 bits.
INT32_MAX = 2_147_483_647
T = TypeVar("T")


class Settings(BaseModel):
    """Base of every group of settings: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def matching(pattern: str, must_be: str) -> AfterValidator:
    """A string that matches a pattern; the error does not repeat the value, which may be a misplaced secret."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"must be {must_be}")
        return value

    return AfterValidator(check)


def checked(check: Callable[[T], object]) -> AfterValidator:
    """A value that a function may refuse with ValueError."""

    def same(value: T) -> T:
        check(value)
        return value

    return AfterValidator(same)


WriteKeyHash = Annotated[
    str,
    matching(
        r"[0-9a-f]{64}",
        'the SHA-256 of a write key in hex, never the key itself: make it with printf %s "$KEY" | sha256sum',
    ),
]
Origin = Annotated[str, checked(aws_names.check_origin)]
FolderName = Annotated[
    str,
    matching(r"[A-Za-z_]\w{0,63}", "the name of a folder in handlers/ that Python can import: letters, digits and _"),
]
SourceName = Annotated[str, matching(r"[a-z][a-z0-9-]{1,31}", "2 to 32 of a-z, 0-9 and -, a letter first")]


def _region(name: str) -> str:
    if name not in GLOBAL_ENDPOINT_REGIONS:
        raise ValueError(
            f"EventBridge global endpoints do not exist in {name!r}: choose one of {', '.join(GLOBAL_ENDPOINT_REGIONS)}"
        )
    return name


RegionName = Annotated[str, AfterValidator(_region)]


class Regions(Settings):
    """Where the platform runs."""

    primary: RegionName = Field(description="The active Region: its ingress bus is processed.")
    secondary: RegionName = Field(description="The archive Region: takes over when the primary fails.")

    @model_validator(mode="after")
    def _two_regions(self) -> Self:
        if self.primary == self.secondary:
            raise ValueError(f"primary and secondary are both {self.primary}: choose two different Regions")
        return self


class Domain(Settings):
    """The name clients use, answered by the nearest healthy Region."""

    name: Annotated[str, checked(aws_names.check_domain_name)] = Field(description="The domain name.")
    hosted_zone_id: Annotated[
        str, matching(r"Z[A-Z0-9]{1,31}", "the id of a Route 53 hosted zone, which starts with Z")
    ] = Field(description="Id of the public Route 53 zone that holds the name.")


class Archive(Settings):
    """How long the ingress buses keep what passed through them."""

    # Replication retries for 24 h: a shorter archive would forget events before they are given up.
    retention_days: int = Field(30, ge=2, le=INT32_MAX, description="Days that an archived event can be replayed.")
    primary: bool = Field(False, description="Archive the primary's bus too (the secondary's always is).")


class Failover(Settings):
    """When the global endpoint leaves the primary Region."""

    latency_threshold_ms: int = Field(
        30_000, gt=0, le=INT32_MAX, description="IngestionToInvocationStartLatency (ms) above which the alarm breaches."
    )
    evaluation_periods: int = Field(5, ge=1, le=60, description="Consecutive minutes that must breach.")
    missing_data: Literal["breaching", "missing"] = Field(
        "breaching", description="How minutes without data count: as a breach, or not at all."
    )
    heartbeat: bool = Field(True, description="Send one event a minute to the primary's bus, so that there is data.")
    inverted: bool | None = Field(
        None,
        description="Invert the health check by deployment, true or false; unset: `signals failover` inverts it.",
    )

    @model_validator(mode="after")
    def _missing_data_needs_a_heartbeat(self) -> Self:
        if not self.heartbeat and self.missing_data == "breaching":
            raise ValueError(
                "without a heartbeat a quiet night looks like an outage: set heartbeat: true or missing_data: missing"
            )
        return self


class Functions(Settings):
    """What all functions share. `host` means this machine's: for a stack on the embedded AWS only."""

    runtime: Runtime | Literal["host"] = Field("python3.13", description="Lambda's managed Python.")
    architecture: Architecture | Literal["host"] = Field("arm64", description="CPU that the archives are built for.")
    log_retention_days: LogRetentionDays = Field(30, description="Days that logs are kept.")
    tracing: bool = Field(False, description="AWS X-Ray active tracing, which is billed by trace.")
    platform_log_level: Literal["DEBUG", "INFO", "WARN"] = Field(
        "WARN", description="What Lambda logs of itself; at INFO a start and a report of every invocation."
    )

    @property
    def lambda_runtime(self) -> str:
        return f"python3.{sys.version_info.minor}" if self.runtime == "host" else self.runtime

    @property
    def lambda_architecture(self) -> Architecture:
        return host_architecture() if self.architecture == "host" else self.architecture


class FunctionSize(Settings):
    """How large one function is."""

    memory_mb: int = Field(512, ge=128, le=10_240, description="Memory (MB); CPU grows with it.")
    timeout_seconds: int = Field(30, ge=1, le=900, description="Time after which Lambda ends an invocation (s).")


class Ingest(FunctionSize):
    """The HTTP API and the function behind it."""

    memory_mb: int = Field(1024, ge=128, le=10_240, description="Memory (MB); CPU grows with it.")
    # HTTP API ends an integration after 30 s; the function must have answered before.
    timeout_seconds: int = Field(20, ge=5, le=29, description="Time after which Lambda ends an invocation (s).")
    snap_start: bool = Field(False, description="Start from a snapshot (Lambda SnapStart, charged).")
    # 0 would stop it (Lambda Developer Guide, "Configuring reserved concurrency"); Lambda keeps 100 for all others.
    reserved_concurrency: int | None = Field(
        None,
        ge=1,
        le=INT32_MAX,
        description="Executions at a time that are ingest's own in each Region, and its most; unset: no limit. "
        "With it `/health` has 10 of its own.",
    )
    requests_per_second: int = Field(
        1_000, ge=1, le=INT32_MAX, description="HTTP API throttle, steady rate per Region."
    )
    burst_requests: int = Field(500, ge=1, le=5_000, description="HTTP API throttle, burst per Region.")
    # What the endpoint refuses must fit one spool message, 256 KiB; an EventBridge entry may be larger.
    max_signal_bytes: int = Field(131_072, ge=1_024, le=240_000, description="Larger signals are refused with 413.")
    allowed_origins: tuple[Origin, ...] = Field((), description="Origins that browsers may send from (CORS), exact.")


class Tables(Settings):
    """What the tables of function consumers take from the start. AWS lowers neither, and bills what is above its own.

    With Terraform leave both unset: hashicorp/aws 5.100 does not know them.
    """

    # DynamoDB Developer Guide, "Understanding DynamoDB warm throughput": a new table on demand has 12,000 and 4,000.
    warm_reads_per_second: int | None = Field(
        None, ge=12_000, le=INT32_MAX, description="Reads a second that are never throttled; unset: 12,000 and growing."
    )
    warm_writes_per_second: int | None = Field(
        None, ge=4_000, le=INT32_MAX, description="Writes a second that are never throttled; unset: 4,000 and growing."
    )


class Lake(Settings):
    """Signals as newline-delimited, compressed objects in S3."""

    buffer_seconds: int = Field(60, ge=0, le=900, description="Longest wait before Firehose writes an object (s).")
    buffer_mb: int = Field(64, ge=1, le=128, description="Size at which Firehose writes an object (MB).")
    infrequent_access_after_days: int = Field(
        90, ge=30, le=INT32_MAX, description="Days until objects move to cheaper storage."
    )
    expire_after_days: int | None = Field(
        None, ge=1, le=INT32_MAX, description="Days until objects are deleted; unset: never."
    )

    @model_validator(mode="after")
    def _expires_after_it_moves(self) -> Self:
        if self.expire_after_days is not None and self.expire_after_days <= self.infrequent_access_after_days:
            raise ValueError(
                f"expire_after_days ({self.expire_after_days}) must be more than infrequent_access_after_days "
                f"({self.infrequent_access_after_days}): raise the first or lower the second"
            )
        return self


class Source(Settings):
    """A registered producer."""

    write_keys: tuple[WriteKeyHash, ...] = Field(
        min_length=1, description="SHA-256 of each write key, in hex; two while a key is being changed."
    )


class Consumer(Settings):
    """A named subscription of the data platform bus."""

    name: Annotated[str, matching(r"[a-z][a-z0-9-]{1,14}", "2 to 15 of a-z, 0-9 and -, a letter first")] = Field(
        description="Names its rule, queue or function; must not lead to a name that is already taken."
    )
    kind: Literal["lake", "queue", "function"] = Field(description="What receives the signals; one lake a stack.")
    mode: Literal["active-archive", "active-active"] = Field(
        "active-archive", description="Primary only, or both Regions at once."
    )
    pattern: dict[str, Any] = Field(
        default_factory=dict, description="EventBridge pattern on detail-type and detail; unset: all signals."
    )
    handler: FolderName | None = Field(None, description="For a function: its folder in handlers/.")

    @model_validator(mode="after")
    def _a_function_has_code(self) -> Self:
        if (self.kind == "function") != (self.handler is not None):
            raise ValueError(
                f"consumer {self.name!r} is a {self.kind}: "
                + ("set handler to its folder in handlers/" if self.kind == "function" else "remove handler")
            )
        if self.handler is not None and not (HANDLERS / self.handler / "handler.py").is_file():
            raise ValueError(f"consumer {self.name!r}: there is no handlers/{self.handler}/handler.py: write it")
        return self

    @property
    def rule_pattern(self) -> dict[str, Any]:
        """The event pattern of the consumer's rule."""
        return {"source": [SIGNAL_SOURCE], **self.pattern}

    @model_validator(mode="after")
    def _eventbridge_takes_the_pattern(self) -> Self:
        try:
            if self.pattern:
                event_pattern.check(self.pattern)
            characters = len(json.dumps(self.rule_pattern))
        except (TypeError, ValueError) as refused:
            raise ValueError(f"consumer {self.name!r}: pattern: {refused}") from None
        if _roots(self.pattern) - {"detail", "detail-type", "time", "resources"}:
            raise ValueError(
                f"consumer {self.name!r}: a pattern may look at detail-type and detail; the platform sets source itself"
            )
        if characters > event_pattern.MAX_CHARACTERS:
            raise ValueError(
                f"consumer {self.name!r}: its rule's pattern has {characters} characters, and EventBridge takes "
                f"{event_pattern.MAX_CHARACTERS}: say less, or look at more in the consumer"
            )
        return self


def _roots(pattern: Mapping[str, Any]) -> set[str]:
    """The parts of an event that a pattern looks at, `$or` or not."""
    return {
        root
        for name, value in pattern.items()
        for root in (set().union(*map(_roots, value)) if name == "$or" else {name})
    }
