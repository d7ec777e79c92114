"""Everything a team may decide about a stack, as one validated value: `signals:settings` in Pulumi.<stack>.yaml."""

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from components.aws_names import check_tags
from components.errors import SettingsError
from components.names import Names
from components.resource_types import TOPIC, arn
from components.setting_groups import (
    Archive,
    Consumer,
    Domain,
    Failover,
    Functions,
    FunctionSize,
    Ingest,
    Lake,
    Regions,
    Settings,
    Source,
    SourceName,
    Tables,
    checked,
    matching,
)

StackName = Annotated[
    str, matching(r"[a-z][a-z0-9-]{1,22}[a-z0-9]", "3 to 24 of a-z, 0-9 and -, a letter first, no hyphen last")
]
TopicArn = Annotated[
    str,
    # SNS API reference, CreateTopic: 256 of these, ".fifo" included.
    matching(
        arn(TOPIC, region=r"[a-z0-9-]+", account=r"[0-9]{12}", name=r"(?!.{257})[A-Za-z0-9_-]+(\.fifo)?"),
        f"the ARN of an SNS topic, like {arn(TOPIC, region='us-west-2', account='111122223333', name='pager')}",
    ),
]
AccountId = Annotated[str, matching(r"\d{12}", 'the 12 digits of an AWS account, in quotes ("123456789012")')]


def _none_is_said_aloud(value: object) -> object:
    if value is None:
        raise ValueError("write none if alarms are to tell nobody, or a mapping of Regions to ARNs of SNS topics")
    return None if value == "none" else value


# None: the stack says that its alarms tell nobody; an empty mapping says nothing.
AlarmTopics = Annotated[dict[str, TopicArn] | None, BeforeValidator(_none_is_said_aloud)]


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = url.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
        return (
            parts.scheme in ("http", "https")
            and plain
            and parts.port != 0
            and IPv4Address(parts.hostname or "").is_loopback
        )
    except ValueError:
        return False


def _unique(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what} {', '.join(twice)} appears more than once: give each its own")


class PlatformSettings(Settings):
    """One stack of the customer signal platform."""

    name: StackName = Field(description="First part of every physical name.")
    account_id: AccountId = Field(description="The only account that this stack may touch.")
    regions: Regions = Field(description="Where the platform runs.")
    domain: Domain | None = Field(None, description="The name clients use; unset: each Region's API by its own URL.")
    archive: Archive = Field(Archive(), description="How long signals can be replayed.")
    failover: Failover = Field(Failover(), description="When the global endpoint leaves the primary Region.")
    functions: Functions = Field(Functions(), description="What all functions share.")
    ingest: Ingest = Field(Ingest(), description="The HTTP API and the function behind it.")
    enrichment: FunctionSize = Field(FunctionSize(timeout_seconds=60), description="Size of the enrichment function.")
    republish: FunctionSize = Field(
        FunctionSize(timeout_seconds=60), description="Size of the functions that drain the spool and the return path."
    )
    consumer_functions: FunctionSize = Field(FunctionSize(), description="Size of every function consumer.")
    tables: Tables = Field(Tables(), description="What the tables of function consumers take from the start.")
    lake: Lake = Field(Lake(), description="How the data lake buffers and keeps signals.")
    sources: dict[SourceName, Source] = Field(min_length=1, description="The registered producers, by name.")
    consumers: tuple[Consumer, ...] = Field(min_length=1, description="Who receives signals.")
    protection: bool = Field(False, description="Refuse to delete what holds data.")
    tags: Annotated[dict[str, str], checked(check_tags)] = Field(
        default_factory=dict, description="Put on everything that takes tags."
    )
    alarm_topics: AlarmTopics = Field(
        default_factory=dict, description="SNS topic that alarms notify, by Region; `none`: nobody is told."
    )
    aws_endpoint: str | None = Field(None, description="Loopback URL of the embedded AWS; unset: AWS itself.")

    @cached_property
    def names(self) -> Names:
        """The physical names of the stack."""
        return Names(
            prefix=self.name,
            account_id=self.account_id,
            regions=self.regions,
            consumers=self.consumers,
            archives_primary=self.archive.primary,
            heartbeats=self.failover.heartbeat,
            checked=self.domain is not None,
        )

    @property
    def active_active(self) -> tuple[Consumer, ...]:
        return tuple(c for c in self.consumers if c.mode == "active-active")

    def alarm_actions(self, region: str) -> list[str]:
        """What an alarm in `region` notifies."""
        topics = self.alarm_topics or {}
        return [topics[region]] if region in topics else []

    @model_validator(mode="after")
    def _alarm_topics_are_regional(self) -> Self:
        here = (self.regions.primary, self.regions.secondary)
        for region, topic in (self.alarm_topics or {}).items():
            if region not in here or topic.split(":")[3] != region:
                raise ValueError(
                    f"alarm_topics.{region} is {topic!r}: name an SNS topic in that same Region, {here[0]} or {here[1]}"
                )
        if self.protection and self.alarm_topics is not None:
            for region in here:
                if region not in self.alarm_topics:
                    raise ValueError(
                        f"protection is on, and alarms in {region} would tell nobody: set alarm_topics.{region} to the "
                        "ARN of an SNS topic there, or write alarm_topics: none if nobody is to be told"
                    )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        _unique("consumers: the name", [c.name for c in self.consumers])
        _unique("sources: the write key", [key for source in self.sources.values() for key in source.write_keys])
        lakes = [repr(c.name) for c in self.consumers if c.kind == "lake"]
        if len(lakes) > 1:
            raise ValueError(f"consumers {' and '.join(lakes)} are both a lake, and a stack has one: keep one of them")
        self.names.check()
        return self

    @model_validator(mode="after")
    def _only_the_embedded_aws_is_on_this_machine(self) -> Self:
        if self.aws_endpoint is None and "host" in (self.functions.runtime, self.functions.architecture):
            raise ValueError(
                "functions.runtime and functions.architecture may be 'host' only with aws_endpoint: "
                "name a Lambda runtime (python3.13) and CPU (arm64)"
            )
        if self.aws_endpoint is not None and not _is_loopback(self.aws_endpoint):
            raise ValueError(
                f"aws_endpoint is {self.aws_endpoint!r}: it may only name a loopback address (http://127.0.0.1:4566)"
            )
        return self

    @model_validator(mode="after")
    def _snap_start_needs_3_12(self) -> Self:
        if self.ingest.snap_start and self.functions.lambda_runtime == "python3.11":
            raise ValueError(
                "ingest.snap_start needs functions.runtime python3.12 or newer: raise it or switch snap_start off"
            )
        return self


def load_settings(raw: Mapping[str, Any]) -> PlatformSettings:
    """Validate a stack's settings.

    Args:
        raw: The mapping under `signals:settings` of a Pulumi.<stack>.yaml.

    Raises:
        SettingsError: With a line for each setting that is refused, saying what to do.
    """
    try:
        return PlatformSettings.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        places = {problem["loc"] for problem in problems}
        lines = []
        for problem in problems:
            # A list whose only item was refused is also "too short": the item's own line says it better.
            if problem["type"] == "too_short" and any(p[: len(problem["loc"])] == problem["loc"] != p for p in places):
                continue
            where = ".".join(str(part) for part in problem["loc"])
            what = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                what = "there is no such setting: remove it or correct its spelling"
            elif problem["type"] == "missing":
                what = "must be set"
            lines.append(f"signals:settings {where}: {what}" if where else f"signals:settings: {what}")
        raise SettingsError("\n".join(lines)) from None
