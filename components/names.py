"""The physical names of a stack, made here alone: components give them, commands look for them.

`Names.all` lists every name with its owner, so that settings that would give one name to two owners are refused before
anything is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal

from components import resource_types as types
from components.setting_groups import Consumer, Regions


@dataclass(frozen=True)
class Kind:
    """A kind of AWS resource with a name that must be unique.

    Attributes:
        word: What people call it.
        type: Pulumi's type token.
        form: Names that AWS accepts.
        unique_in: Where two of them may not share a name.
        name_property: The property that holds the name.
    """

    word: str
    type: str
    form: str
    unique_in: Literal["Region", "bus", "account"] = "Region"
    name_property: str = "name"


# Sources: the services' API references (PutRule, CreateRole, ...); S3 User Guide, "General purpose bucket naming
# rules"; EventBridge CreateEndpoint for buses, whose names it takes up to 64 characters; SQS User Guide, "Message
# quotas"; Lambda quotas ("Function name: 64"); Athena User Guide, "Name databases, tables, and columns".
BUS = Kind("event bus", types.BUS, r"[.\-\w]{1,64}")
ENDPOINT = Kind("global endpoint", types.ENDPOINT, r"[.\-\w]{1,64}")
ARCHIVE = Kind("event archive", types.ARCHIVE, r"[.\-\w]{1,48}")
RULE = Kind("EventBridge rule", types.RULE, r"[.\-\w]{1,64}", "bus")
SCHEDULE = Kind("schedule", types.SCHEDULE, r"[.\-\w]{1,64}")
ALARM = Kind("CloudWatch alarm", types.ALARM, r".{1,255}")
COMPOSITE_ALARM = Kind("composite alarm", types.COMPOSITE_ALARM, r".{1,255}", name_property="alarmName")
# CloudWatch API reference, PutDashboard: A-Z, a-z, 0-9, - and _.
DASHBOARD = Kind("dashboard", types.DASHBOARD, r"[-A-Za-z0-9_]{1,255}", "account", "dashboardName")
LOG_GROUP = Kind("log group", types.LOG_GROUP, r"(?!aws/)[.\-/#\w]{1,512}")
QUEUE = Kind("SQS queue", types.QUEUE, r"[-\w]{1,80}")
FUNCTION = Kind("Lambda function", types.FUNCTION, r"[-\w]{1,64}")
ROLE = Kind("IAM role", types.ROLE, r"[+=,.@\-\w]{1,64}", "account")
TABLE = Kind("DynamoDB table", types.TABLE, r"[.\-\w]{3,255}")
BUCKET = Kind(
    "S3 bucket",
    types.BUCKET,
    r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)(?<!--x-s3)",
    "account",
    "bucket",
)
STREAM = Kind("Firehose stream", types.STREAM, r"[.\-\w]{1,64}")
DATABASE = Kind("Glue database", types.DATABASE, r"[a-z0-9_]{1,255}")
WORKGROUP = Kind("Athena workgroup", types.WORKGROUP, r"[.\-\w]{1,128}")
# API Gateway takes one name twice; commands, which find an API by its name, could not tell the two apart.
API = Kind("HTTP API", types.API, r".{1,128}")
KINDS = (
    *(BUS, ENDPOINT, ARCHIVE, RULE, SCHEDULE, ALARM, COMPOSITE_ALARM, LOG_GROUP, QUEUE, FUNCTION, ROLE, TABLE, BUCKET),
    *(DASHBOARD, STREAM, DATABASE, WORKGROUP, API),
)


@dataclass(frozen=True)
class PhysicalName:
    """One name of one resource.

    Attributes:
        kind: What has it.
        region: Where, by the provider.
        text: The name.
        owner: What of the platform it belongs to, as a person would say it: `consumer 'orders'`.
        bus: For a rule: the bus it is on.
        purpose: For a queue: what its messages are.
    """

    kind: Kind
    region: str
    text: str
    owner: str
    bus: str = ""
    purpose: str = ""


def dead_letter_queue(name: str) -> str:
    """The queue of what a rule could not deliver, or of what nobody could process from the queue `name`."""
    return f"{name}-dlq"


def failed_queue(name: str) -> str:
    """The queue of what a function gave up on."""
    return f"{name}-failed"


def messages_alarm(queue: str) -> str:
    """The alarm on messages in a queue that should be empty."""
    return f"{queue}-holds-messages"


def age_alarm(queue: str) -> str:
    """The alarm on what waits in a queue for too long."""
    return f"{queue}-waits"


def undelivered_alarm(rule: str) -> str:
    """The alarm on what neither a rule's target nor its dead-letter queue took."""
    return f"{rule}-undelivered"


def throttled_alarm(function: str) -> str:
    """The alarm on invocations of a function that Lambda refuses."""
    return f"{function}-throttled"


def dropped_alarm(function: str) -> str:
    """The alarm on events that a function gave up on."""
    return f"{function}-dropped"


def destination_alarm(function: str) -> str:
    """The alarm on events that a function gave up on and whose failure queue refused them."""
    return f"{function}-lost"


def regional_role(name: str, region: str) -> str:
    """The role of what is called `name` in several Regions: roles belong to the account."""
    return f"{name}-{region}"


def log_group(service: str, name: str) -> str:
    """The log group that a service writes to for what is called `name`."""
    return f"/aws/{service}/{name}"


class _Name:
    """A name made of the stack's own and a suffix."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def __get__(self, names: Names, _owner: type[Names] | None = None) -> str:
        return f"{names.prefix}-{self._suffix}"


@dataclass(frozen=True, eq=False)
class Names:
    """Physical names of one stack.

    Args:
        prefix: The stack's name, first part of all others.
        account_id: Part of the names that are unique among all accounts.
        regions: The primary and the secondary.
        consumers: Every consumer of the settings.
        archives_primary: Whether the primary's bus is archived too.
        heartbeats: Whether there is a heartbeat.
        checked: Whether Route 53 checks the APIs: with a domain.
    """

    prefix: str
    account_id: str
    regions: Regions
    consumers: tuple[Consumer, ...]
    archives_primary: bool = False
    heartbeats: bool = True
    checked: bool = False

    ingress_bus = archive = _Name("ingress")
    data_bus = _Name("data")
    replication_role = _Name("replication")
    latency_alarm = _Name("ingress-latency")  # and the health check that watches it
    api = ingest = _Name("ingest")  # the HTTP API, and the function behind it
    # What answers health checks: longer than any consumer's name, so that none has it.
    health = _Name("ingest-healthcheck")
    spool = _Name("spool")
    republish = _Name("republish")  # the function that drains the spool
    enrichment = _Name("enrichment")  # rule and function
    quarantine = _Name("quarantine")
    heartbeat = _Name("heartbeat")  # schedule, its role, rule and queue
    probe = _Name("probe")  # rule and queue, in both Regions, that receive probes through the endpoint
    probe_alarm = _Name("probe-missing")
    canary = _Name("canary")  # schedule and the function that it invokes to send probes
    canary_schedule_role = _Name("canary-schedule")
    return_path = _Name("return")  # rule, queue and function in the secondary that return replays to the primary
    dashboard = _Name("overview")
    at_risk_alarm = _Name("signals-at-risk")
    unavailable_alarm = _Name("ingest-unavailable")
    lake_late_alarm = _Name("lake-late")
    lake_throttled_alarm = _Name("lake-throttled")
    lake = _Name("lake")  # Firehose stream and Athena workgroup
    queue_prefix = _Name("")

    @property
    def endpoint(self) -> str:
        return self.prefix

    @property
    def lake_database(self) -> str:
        return self.lake.replace("-", "_")

    def lake_bucket(self, region: str) -> str:
        return f"{self.lake}-{self.account_id}-{region}"

    def api_check(self, region: str) -> str:
        """The health check of one Region's API."""
        return f"{self.prefix}-api-{region}"

    def consumer(self, name: str) -> str:
        """A consumer's rule, and its queue or function."""
        return f"{self.prefix}-{name}"

    def delivery_role(self, consumer: str, region: str) -> str:
        """The role that delivers a rule's events to a lake."""
        return regional_role(f"{self.consumer(consumer)}-delivery", region)

    def state_table(self, consumer: str) -> str:
        return f"{self.consumer(consumer)}-state"

    def idempotency_table(self, consumer: str) -> str:
        return f"{self.consumer(consumer)}-idempotency"

    def functions(self) -> tuple[str, ...]:
        """Every function of the stack, in the order a signal meets them."""
        return tuple(dict.fromkeys(name.text for name in self.all if name.kind is FUNCTION))

    def is_queue(self, name: str) -> bool:
        """Whether a queue is this stack's: the stack `signals` must not count the queues of `signals-dev`."""
        return name in self._queue_purposes

    def is_failure_queue(self, queue: str) -> bool:
        """Whether a message in `queue` means that something went wrong."""
        return self.queue_kind(queue) in ("dlq", "quarantine")

    def queue_kind(self, queue: str) -> str:
        """What a queue is for, in a word: dlq, quarantine, spool, return, heartbeat, probe, or queue (a consumer's)."""
        return self._queue_purposes.get(queue, "queue")

    @cached_property
    def _queue_purposes(self) -> dict[str, str]:
        return {name.text: name.purpose for name in self.all if name.kind is QUEUE}

    @cached_property
    def all(self) -> tuple[PhysicalName, ...]:
        """Every name that the stack's resources have."""
        return tuple(chain(self._platform(), *map(self._of_consumer, self.consumers)))

    def _platform(self) -> Iterator[PhysicalName]:
        primary, secondary = self.regions.primary, self.regions.secondary
        both = any(consumer.mode == "active-active" for consumer in self.consumers)

        pair = "the active/archive pair"
        for region in (primary, secondary):
            yield PhysicalName(BUS, region, self.ingress_bus, pair)
            if region == secondary or self.archives_primary:
                yield PhysicalName(ARCHIVE, region, self.archive, pair)
            yield PhysicalName(API, region, self.api, "ingest")
            yield PhysicalName(LOG_GROUP, region, log_group("apigateway", self.api), "ingest")
            yield from _function("ingest", region, self.ingest)
            yield PhysicalName(ALARM, region, self.unavailable_alarm, "ingest")
            if self.checked:
                yield from _function("ingest", region, self.health, signals=False)
            yield PhysicalName(COMPOSITE_ALARM, region, self.at_risk_alarm, "the platform")
            if region == primary or both:
                yield PhysicalName(BUS, region, self.data_bus, "the data platform bus")
                yield from _function("enrichment", region, self.enrichment, asynchronous=True)
                yield from _rule("enrichment", region, self.ingress_bus, self.enrichment)
                yield from _queue("enrichment", region, self.quarantine, "quarantine")
            yield from _queue("the spool", region, self.spool, "spool", waits=True)
            yield from _queue("the spool", region, dead_letter_queue(self.spool), "dlq")
            yield from _function("the spool", region, self.republish)
            yield from _rule("the probe", region, self.ingress_bus, self.probe, signals=False)
            yield from _queue("the probe", region, self.probe, "probe", alarmed=False)
            yield PhysicalName(ALARM, region, self.probe_alarm, "the probe")
        yield PhysicalName(DASHBOARD, primary, self.dashboard, "the platform")
        yield PhysicalName(ENDPOINT, primary, self.endpoint, pair)
        yield PhysicalName(ROLE, primary, self.replication_role, pair)
        yield PhysicalName(ALARM, primary, self.latency_alarm, "failover")
        yield from _rule("the return path", secondary, self.ingress_bus, self.return_path)
        yield from _queue("the return path", secondary, self.return_path, "return", alarmed=False, waits=True)
        yield from _queue("the return path", secondary, failed_queue(self.return_path), "dlq")
        yield from _function("the return path", secondary, self.return_path)
        yield from _function("the probe", secondary, self.canary, asynchronous=True, signals=False)
        yield PhysicalName(SCHEDULE, secondary, self.canary, "the probe")
        yield PhysicalName(ROLE, secondary, self.canary_schedule_role, "the probe")
        if self.heartbeats:
            yield PhysicalName(SCHEDULE, primary, self.heartbeat, "the heartbeat")
            yield PhysicalName(ROLE, primary, self.heartbeat, "the heartbeat")
            yield from _rule("the heartbeat", primary, self.ingress_bus, self.heartbeat, signals=False)
            yield from _queue("the heartbeat", primary, self.heartbeat, "heartbeat", alarmed=False)

    def _of_consumer(self, consumer: Consumer) -> Iterator[PhysicalName]:
        owner, name = f"consumer {consumer.name!r}", self.consumer(consumer.name)
        everywhere = consumer.mode == "active-active"
        for region in (self.regions.primary, self.regions.secondary)[: 2 if everywhere else 1]:
            yield from _rule(owner, region, self.data_bus, name)
            match consumer.kind:
                case "queue":
                    yield from _queue(owner, region, name, "queue", alarmed=False, waits=True)
                case "function":
                    yield from _function(owner, region, name, asynchronous=True)
                    yield PhysicalName(TABLE, region, self.state_table(consumer.name), owner)
                    yield PhysicalName(TABLE, region, self.idempotency_table(consumer.name), owner)
                case "lake":
                    yield PhysicalName(ROLE, region, self.delivery_role(consumer.name, region), owner)
                    yield PhysicalName(STREAM, region, self.lake, owner)
                    yield PhysicalName(ALARM, region, self.lake_late_alarm, owner)
                    yield PhysicalName(ALARM, region, self.lake_throttled_alarm, owner)
                    yield PhysicalName(ROLE, region, regional_role(self.lake, region), owner)
                    yield PhysicalName(LOG_GROUP, region, log_group("kinesisfirehose", self.lake), owner)
                    yield PhysicalName(BUCKET, region, self.lake_bucket(region), owner)
                    yield PhysicalName(DATABASE, region, self.lake_database, owner)
                    yield PhysicalName(WORKGROUP, region, self.lake, owner)

    def check(self) -> None:
        """Refuse names that AWS does not accept and names that two owners would share.

        Two owners may not share the name of one kind of resource even in two Regions, where AWS would let them:
        commands go by the name. Different kinds may: a queue can have the name of a function.

        Raises:
            ValueError: Names both owners and says what to do, for each pair of them.
        """
        problems: dict[tuple[str, str], str] = {}
        taken: dict[tuple[str, str, str], PhysicalName] = {}
        for name in self.all:
            other = taken.setdefault((name.kind.word, name.bus, name.text.lower()), name)
            if other.owner != name.owner:
                problems.setdefault(
                    (other.owner, name.owner),
                    f"{name.owner} would have the {name.kind.word} {name.text}, as {other.owner} has: "
                    f"rename {name.owner}",
                )
            if not re.fullmatch(name.kind.form, name.text, re.ASCII):
                problems.setdefault(
                    (name.kind.word, name.owner),
                    f"AWS does not accept {name.text}, the {name.kind.word} of {name.owner}: change the name of the "
                    "stack or of the consumer",
                )
        if problems:
            raise ValueError("; ".join(problems.values()))


def _queue(
    owner: str, region: str, name: str, purpose: str, *, alarmed: bool = True, waits: bool = False
) -> Iterator[PhysicalName]:
    yield PhysicalName(QUEUE, region, name, owner, purpose=purpose)
    if alarmed:
        yield PhysicalName(ALARM, region, messages_alarm(name), owner)
    if waits:
        yield PhysicalName(ALARM, region, age_alarm(name), owner)


def _rule(owner: str, region: str, bus: str, name: str, *, signals: bool = True) -> Iterator[PhysicalName]:
    yield PhysicalName(RULE, region, name, owner, bus=bus)
    if signals:
        yield PhysicalName(ALARM, region, undelivered_alarm(name), owner)
    yield from _queue(owner, region, dead_letter_queue(name), "dlq")


def _function(
    owner: str, region: str, name: str, *, asynchronous: bool = False, signals: bool = True
) -> Iterator[PhysicalName]:
    yield PhysicalName(FUNCTION, region, name, owner)
    yield PhysicalName(LOG_GROUP, region, log_group("lambda", name), owner)
    yield PhysicalName(ROLE, region, regional_role(name, region), owner)
    if signals:
        yield PhysicalName(ALARM, region, throttled_alarm(name), owner)
    if asynchronous:
        yield from _queue(owner, region, failed_queue(name), "dlq")
    if asynchronous and signals:
        yield PhysicalName(ALARM, region, dropped_alarm(name), owner)
        yield PhysicalName(ALARM, region, destination_alarm(name), owner)
