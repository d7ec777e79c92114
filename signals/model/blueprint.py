"""The deployed platform as the model needs it: plain values, read from the recording of the real program.

AWS refuses to create what uses a role that its service may not assume: a function ("The role defined for the function
cannot be assumed by Lambda"), a schedule (aws/aws-sdk-js-v3#6494), an endpoint or a target
(hashicorp/terraform-provider-aws#25846), a stream; and a mapping whose function may not read the queue
(functionalone/serverless-iam-roles-per-function#21, aws/aws-cdk#6770).
"""

import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from components import resource_types as types
from components.resource_types import arn
from signals.errors import Failed
from signals.model.event import Pattern
from signals.model.iam import Policy
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording
from signals.stack_files import stack_settings

# EventBridge User Guide, "Retry policy".
DEFAULT_AGE_S, DEFAULT_ATTEMPTS = 86_400.0, 185
# Lambda Developer Guide, "Using Lambda with Amazon SQS".
_POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# Firehose Developer Guide, "Grant Firehose access to an Amazon S3 destination".
_OF_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_OF_OBJECT = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
_MANAGING = ("events:PutRule", "events:PutTargets", "events:DeleteRule", "events:RemoveTargets")
_MANAGED_RULE = "GlobalEndpointManagedRule-1"


class CannotDeployError(Failed):
    """AWS would refuse to create this; the message says what and why."""


class _Plan(BaseModel):
    """What a resource's inputs say, by their aliases; other fields are given by the reader."""

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
    """A rule on a bus; one that is not enabled matches nothing."""

    arn: str
    region: str
    bus: str = Field(alias="eventBusName")
    name: str
    pattern: Annotated[Pattern, BeforeValidator(Pattern)] = Field(alias="eventPattern")
    state: str = "ENABLED"
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
    reserved_concurrency: int = Field(-1, alias="reservedConcurrentExecutions")
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
    enabled: bool = True


class SchedulePlan(_Plan):
    """What EventBridge Scheduler does every minute: put an event on a bus, or invoke a function."""

    region: str
    arn: str = Field(validation_alias=AliasPath("target", "arn"))
    source: str | None = Field(None, validation_alias=AliasPath("target", "eventbridgeParameters", "source"))
    detail_type: str | None = Field(None, validation_alias=AliasPath("target", "eventbridgeParameters", "detailType"))
    role: Policy


class StreamPlan(_Plan):
    """A Firehose stream into a bucket.

    Args:
        arn: Its own.
        may_write: Whether its role has what Firehose needs to write there.
        kept_days: After how many days the bucket deletes what it wrote; None: never.
        promised_days: After how many days the settings say so.
    """

    arn: str
    may_write: bool
    kept_days: int | None
    promised_days: int | None

    @property
    def keeps(self) -> bool:
        """Whether what it wrote is there for as long as the settings say."""
        return self.kept_days is None or (self.promised_days is not None and self.kept_days >= self.promised_days)


class ApiPlan(_Plan):
    """An HTTP API: what it invokes with signals that are posted, and on whose behalf."""

    region: str
    function_arn: str
    source_arn: str


class TablePlan(_Plan):
    """A table, and the Regions that have it."""

    name: str
    regions: frozenset[str]


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
class Blueprint:
    """Everything that the model runs; `api_check_s` is None without a domain, whose health checks those are (s)."""

    account: str
    buses: frozenset[str]
    rules: tuple[RulePlan, ...]
    archives: tuple[ArchivePlan, ...]
    queues: tuple[QueuePlan, ...]
    functions: tuple[FunctionPlan, ...]
    mappings: tuple[MappingPlan, ...]
    streams: Mapping[str, StreamPlan]
    apis: tuple[ApiPlan, ...]
    tables: tuple[TablePlan, ...]
    endpoint: EndpointPlan
    schedules: tuple[SchedulePlan, ...]
    api_check_s: float | None

    def bus_arn(self, region: str, name: str) -> str:
        return arn(types.BUS, region=region, account=self.account, name=name)

    def rules_on(self, region: str, bus: str) -> tuple[RulePlan, ...]:
        """The enabled rules of a bus."""
        return self._rules_by_bus.get((region, bus), ())

    @cached_property
    def consumers(self) -> Mapping[str, str]:
        """Who gets signals, by the ARN of what a rule of a data bus sends them to; a name may be there twice."""
        rules = [rule for rule in self.rules if rule.bus != self.endpoint.bus]
        return {target.arn: rule.name for rule in rules for target in rule.targets}

    @cached_property
    def consumer_queues(self) -> Mapping[str, str]:
        """Those of them that are queues which no function of the stack reads."""
        read = {mapping.queue_arn for mapping in self.mappings}
        return {arn: name for arn, name in self.consumers.items() if arn.split(":")[2] == "sqs" and arn not in read}

    @cached_property
    def _rules_by_bus(self) -> Mapping[tuple[str, str], tuple[RulePlan, ...]]:
        keys = {(rule.region, rule.bus) for rule in self.rules}
        enabled = [rule for rule in self.rules if rule.state == "ENABLED"]
        return {key: tuple(rule for rule in enabled if (rule.region, rule.bus) == key) for key in keys}


def read(recording: Recording) -> Blueprint:
    """Read a stack's recording.

    Raises:
        CannotDeployError: For a stack that AWS would not take.
    """
    return _Reader(recording).blueprint()


class _Reader:
    def __init__(self, recording: Recording) -> None:
        self._recording, self._resolver = recording, Resolver(recording.all)
        self._account = str(next(bus.account for bus in self._recording.resources(types.BUS)))
        self._trusted = {i["name"]: Policy.of_trust(i["assumeRolePolicy"]) for i in self._of_type(types.ROLE)}
        self._policies: defaultdict[str, Policy] = defaultdict(Policy)
        for i in self._of_type(types.ROLE_POLICY):
            self._policies[i["role"]] += Policy.of(i["policy"])

    def blueprint(self) -> Blueprint:
        checks = [i for i in self._of_type(types.HEALTH_CHECK) if i["type"] == "HTTPS"]
        return Blueprint(
            account=self._account,
            buses=frozenset(i["arn"] for i in self._of_type(types.BUS)),
            rules=tuple(self._rules()),
            archives=tuple(
                ArchivePlan(bus=_last(i["eventSourceArn"]), pattern=Pattern(i.get("eventPattern")), **i)
                for i in self._of_type(types.ARCHIVE)
            ),
            queues=tuple(self._queues()),
            functions=(functions := tuple(self._functions())),
            mappings=tuple(self._mappings({function.arn: function for function in functions})),
            streams={stream.arn: stream for stream in self._streams()},
            apis=tuple(self._apis()),
            tables=tuple(self._tables()),
            endpoint=self._endpoint(),
            schedules=tuple(
                SchedulePlan(role=self._role(i["target"]["roleArn"], "scheduler"), **i)
                for i in self._of_type(types.SCHEDULE)
                if (i.get("state", "ENABLED"), i["scheduleExpression"]) == ("ENABLED", "rate(1 minute)")
            ),
            api_check_s=max((float(i["requestInterval"] * i["failureThreshold"]) for i in checks), default=None),
        )

    def _of_type(self, type: str) -> Iterator[dict[str, Any]]:
        """Inputs and outputs of the resources of a type, as AWS would have them, and their Region."""
        for r in self._recording.resources(type):
            yield {**self._resolver.outputs(r), **self._resolver.inputs(r), "region": r.region}

    def _role(self, arn: str | None, service: str) -> Policy:
        """What a service may do with a role.

        Raises:
            CannotDeployError: It may not assume it.
        """
        if not arn:
            return Policy()
        name, principal = _last(arn), f"{service}.amazonaws.com"
        # Only Scheduler is known to say for which account it acts, and only its roles ask.
        context = {"aws:SourceAccount": self._account} if service == "scheduler" else {}
        trusted = self._trusted.get(name, Policy())
        if not trusted.allows("sts:AssumeRole", arn, context, principal):
            raise CannotDeployError(f"the role {name} cannot be assumed by {principal}")
        return self._policies[name]

    def _rules(self) -> Iterator[RulePlan]:
        targets = defaultdict(list)
        for i in self._of_type(types.TARGET):
            key = i["region"], i["eventBusName"], i["rule"]
            targets[key].append(TargetPlan(role=self._role(i.get("roleArn"), "events"), **i))
        for i in self._of_type(types.RULE):
            yield RulePlan(targets=targets[i["region"], i["eventBusName"], i["name"]], **i)

    def _queues(self) -> Iterator[QueuePlan]:
        policies = {i["queueUrl"]: Policy.of(i["policy"]) for i in self._of_type(types.QUEUE_POLICY)}
        alarms = [i for i in self._of_type(types.ALARM) if i["metricName"] == "ApproximateNumberOfMessagesVisible"]
        alarmed = {(i["region"], (i.get("dimensions") or {}).get("QueueName")) for i in alarms}
        for i in self._of_type(types.QUEUE):
            yield QueuePlan(
                policy=policies.get(i["url"], Policy()),
                alarmed=(i["region"], i["name"]) in alarmed,
                **json.loads(i.get("redrivePolicy") or "{}"),
                **i,
            )

    def _functions(self) -> Iterator[FunctionPlan]:
        functions = {(i["region"], i["name"]): i for i in self._of_type(types.FUNCTION)}
        configs = {(i["region"], i["functionName"], i["qualifier"]): i for i in self._of_type(types.ASYNC_CONFIG)}
        permissions = defaultdict(list)
        for i in self._of_type(types.PERMISSION):
            permissions[i["region"], i["function"], i["qualifier"]].append(i)
        for alias in self._of_type(types.ALIAS):
            key, region, arn = (alias["region"], alias["functionName"], alias["name"]), alias["region"], alias["arn"]
            i = functions[key[:2]]
            own = {
                "arn": arn,
                "folder": i["handler"].split(".")[1],
                "environment": {**i["environment"]["variables"], "AWS_REGION": region},
                "role": self._role(i["role"], "lambda"),
                "policy": Policy(tuple(_invocation(permission, arn) for permission in permissions[key])),
                "sources": _sources(i["code"]),
            }
            yield FunctionPlan(**{**configs.get(key, {}), **i, **own})

    def _mappings(self, functions: Mapping[str, FunctionPlan]) -> Iterator[MappingPlan]:
        visible_s = {i["arn"]: i["visibilityTimeoutSeconds"] for i in self._of_type(types.QUEUE)}
        for i in self._of_type(types.MAPPING):
            plan = MappingPlan(**i)
            function = functions.get(plan.function_arn)
            if function is None or plan.queue_arn not in visible_s:
                raise CannotDeployError(f"a mapping needs the queue {plan.queue_arn} and {plan.function_arn}")
            for action in _POLLING:
                if not function.role.allows(action, plan.queue_arn):
                    raise CannotDeployError(f"{function.name} may not call {action} on {plan.queue_arn}")
            if visible_s[plan.queue_arn] < function.timeout_s:
                # API reference, CreateEventSourceMapping; Lambda Developer Guide, "Configuring an SQS event source".
                raise CannotDeployError(f"the visibility timeout of {plan.queue_arn} is less than {function.name}'s")
            yield plan

    def _streams(self) -> Iterator[StreamPlan]:
        buckets = {i["arn"]: i["bucket"] for i in self._of_type(types.BUCKET)}
        policies = {i["bucket"]: Policy.of(i["policy"]) for i in self._of_type(types.BUCKET_POLICY)}
        lives = {i["bucket"]: i["rules"] for i in self._of_type(types.BUCKET_LIFECYCLE)}
        for i in self._of_type(types.STREAM):
            to = i["extendedS3Configuration"]
            arn, prefix, role = to["bucketArn"], to.get("prefix") or "", self._role(to["roleArn"], "firehose")
            bucket = buckets.get(arn, "")
            policy = policies.get(bucket, Policy())
            wanted = [(action, arn) for action in _OF_BUCKET]
            wanted += [(action, f"{arn}/{prefix}") for action in _OF_OBJECT]
            yield StreamPlan(
                arn=i["arn"],
                may_write=bool(bucket) and all(role.allows(*each) and not policy.denies(*each) for each in wanted),
                kept_days=min(_expiries(lives.get(bucket, ()), prefix), default=None),
                promised_days=(stack_settings(self._recording.stack).get("lake") or {}).get("expire_after_days"),
            )

    def _apis(self) -> Iterator[ApiPlan]:
        apis = {i["id"]: i["executionArn"] for i in self._of_type(types.API)}
        integrations = {f"integrations/{i['id']}": i["integrationUri"] for i in self._of_type(types.INTEGRATION)}
        stages = {i["apiId"]: i["id"] for i in self._of_type(types.STAGE)}
        for i in self._of_type(types.ROUTE):
            method, _, path = i["routeKey"].partition(" ")
            if (method, path) == ("POST", "/v1/signals") and i["apiId"] in stages:
                uri = integrations[i["target"]]
                yield ApiPlan(
                    region=i["region"],
                    function_arn=uri.partition("/functions/")[2].removesuffix("/invocations"),
                    source_arn=f"{apis[i['apiId']]}/{stages[i['apiId']]}/{method}{path}",
                )

    def _tables(self) -> Iterator[TablePlan]:
        for i in self._of_type(types.TABLE):
            regions = {i["region"], *(replica["regionName"] for replica in i.get("replicas") or ())}
            yield TablePlan(name=i["name"], regions=frozenset(regions))

    def _endpoint(self) -> EndpointPlan:
        i = next(self._of_type(types.ENDPOINT))
        arns = [bus["eventBusArn"] for bus in i["eventBuses"]]
        names = {_last(arn) for arn in arns}
        failover = i["routingConfig"]["failoverConfig"]
        secondary = failover["secondary"]["route"]
        if len(arns) != 2 or len(names) != 1 or {a.split(":")[3] for a in arns} != {i["region"], secondary}:
            # API reference, CreateEndpoint; User Guide: "the event buses must have the same name".
            raise CannotDeployError(f"a global endpoint takes two event buses of one name, not {', '.join(arns)}")
        checks = {check["arn"]: check for check in self._of_type(types.HEALTH_CHECK)}
        check = checks[failover["primary"]["healthCheck"]]
        alarms = {(alarm["name"], alarm["region"]): alarm for alarm in self._of_type(types.ALARM)}
        bus, role = names.pop(), self._role(i.get("roleArn"), "events")
        replicates = (i.get("replicationConfig") or {}).get("state", "ENABLED") == "ENABLED"
        for region in (i["region"], secondary) if replicates else ():
            # The role with which EventBridge keeps its own rule on each bus (aws-samples and the provider's own tests).
            rule = arn(types.RULE, region=region, account=self._account, eventBusName=bus, name=_MANAGED_RULE)
            if denied := [action for action in _MANAGING if not role.allows(action, rule)]:
                raise CannotDeployError(f"the endpoint's role may not call {', '.join(denied)} on {rule}")
        return EndpointPlan(
            id=f"{i['name']}.veo",
            arn=i["arn"],
            bus=bus,
            primary=i["region"],
            secondary=secondary,
            replicates=replicates,
            role=role,
            health_check=check,
            alarm=alarms[check["cloudwatchAlarmName"], check["cloudwatchAlarmRegion"]],
        )


def _last(arn: str) -> str:
    """The name at the end of an ARN."""
    return arn.rpartition("/")[2]


def _expiries(rules: Iterable[Mapping[str, Any]], prefix: str) -> Iterator[int]:
    """After how many days each rule of a bucket's life cycle deletes objects below a prefix, if it does."""
    folder = prefix.partition("!{")[0]
    for rule in rules:
        days = (rule.get("expiration") or {}).get("days")
        wanted = (rule.get("filter") or {}).get("prefix") or ""
        if days and rule["status"] == "Enabled" and (folder.startswith(wanted) or wanted.startswith(folder)):
            yield days


def _invocation(permission: Mapping[str, Any], arn: str) -> Mapping[str, Any]:
    """A function's permission as the statement that Lambda makes of it."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": permission["principal"]},
        "Action": permission["action"],
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": permission["sourceArn"]}},
    }


def _sources(code: Any) -> tuple[str, ...]:
    """The registered producers in a function's archive."""
    with zipfile.ZipFile(code.path) as archive:
        return tuple(json.loads(archive.read("sources.json"))) if "sources.json" in archive.namelist() else ()
