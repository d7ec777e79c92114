"""What waits is kept, and what should work it off does: queues, mappings, rules, time-outs, the lake."""

from collections.abc import Iterator, Mapping
from typing import Any

from components import resource_types as types
from handlers.enrichment.wiring import QUARANTINE_RESERVE_S
from handlers.ingest.wiring import SPOOL_RESERVE_S
from handlers.shared.clients import REQUEST_S
from handlers.shared.forwarding import RESERVE_S
from policies.rule import Finding, rule
from policies.rules.delivery import rule_of
from policies.rules.publishers import sources_put
from policies.rules.roles import tables_of
from policies.view import StackView, json_document
from signals.recording.iam import as_list
from signals.recording.resources import Declared

_DAY_S = 86_400
_LONGEST_RETENTION_S = 14 * _DAY_S
# SQS keeps a message 4 days where nothing is said, and hides a received one for 30 s.
_DEFAULT_RETENTION_S, _DEFAULT_VISIBILITY_S = 4 * _DAY_S, 30
_VISIBILITY_TIMEOUTS = 6
# The time that each function's code keeps for what comes after its first request (s).
_RESERVES_S = {
    "ingest": SPOOL_RESERVE_S,
    "enrichment": QUARANTINE_RESERVE_S,
    "republish": RESERVE_S,
    "return_path": RESERVE_S,
    "canary": REQUEST_S + 1.0,
}


@rule(
    "SQS-RETENTION",
    why="A queue may hold the only copy of a signal: what is not fetched in its retention is deleted without a trace, "
    "and a shorter one costs no less.",
    source="SQS API reference, SetQueueAttributes (MessageRetentionPeriod); SQS pricing",
    remedy="set messageRetentionSeconds to 1209600 (14 days); only queues of heartbeats and probes may keep less",
)
def queues_keep_signals(stack: StackView) -> Iterator[Finding]:
    for queue in stack.of(types.QUEUE):
        seconds = queue.get("messageRetentionSeconds") or _DEFAULT_RETENTION_S
        if seconds < _LONGEST_RETENTION_S and not _takes_no_signals(stack, queue):
            yield queue, f"it keeps a message for {seconds:g} s"


def _takes_no_signals(stack: StackView, queue: Declared) -> bool:
    """Whether rules feed the queue, and all of them with events of other sources than a signal can have."""
    targets = stack.naming(types.TARGET, "arn", queue)
    if not targets or any(stack.naming(types.TARGET, "deadLetterConfig.arn", queue)):
        return False
    scheduled = [stack.function(schedule.get("target.arn"), schedule.region) for schedule in stack.of(types.SCHEDULE)]
    carriers = [function for function in stack.of(types.FUNCTION) if function not in scheduled]
    signals = {source for function in carriers for source in sources_put(stack, function)}
    sources = [_sources(rule_of(stack, target)) for target in targets]
    return all(named and not signals & set(named) for named in sources)


def _sources(rule_: Declared | None) -> list[str]:
    """The sources that a rule names; none if it does not name them one by one."""
    named = as_list(json_document(rule_.inputs["eventPattern"]).get("source")) if rule_ else []
    return named if all(isinstance(source, str) for source in named) else []


@rule(
    "LAMBDA-MAPPING",
    why="A mapping that is disabled leaves signals in their queue until they expire; one that does not report single "
    "failures deletes what its function could not pass on.",
    source="Lambda API reference, CreateEventSourceMapping (Enabled, FunctionResponseTypes); Developer Guide, "
    "services-sqs-errorhandling",
    remedy="leave enabled true, and set functionResponseTypes to ReportBatchItemFailures",
)
def mappings_work(stack: StackView) -> Iterator[Finding]:
    for mapping in stack.of(types.MAPPING):
        if mapping.get("enabled") is False:
            yield mapping, "it is disabled"
        if "ReportBatchItemFailures" not in as_list(mapping.get("functionResponseTypes")):
            yield mapping, "it does not report which messages failed"


@rule(
    "SQS-REDRIVE",
    why="What a function cannot pass on is received again: with too few receives for a day's outage all of it becomes "
    "dead letters, and without a dead-letter queue a message that can never pass is received until it expires.",
    source="SQS Developer Guide, sqs-dead-letter-queues; Lambda Developer Guide, services-sqs-configure (visibility "
    "timeout of six times the function's)",
    remedy="give the queue a redrive policy with maxReceiveCount times visibility timeout a day or more, and a "
    "visibility timeout of six times the function's timeout",
)
def polled_queues_are_retried_for_a_day(stack: StackView) -> Iterator[Finding]:
    for mapping in stack.of(types.MAPPING):
        queue = stack.refer(mapping.inputs["eventSourceArn"], types.QUEUE)
        function = stack.function(mapping.inputs["functionName"], mapping.region)
        if queue is None:
            continue
        redrive = json_document(queue.inputs["redrivePolicy"]) if queue.get("redrivePolicy") else {}
        visible_s = queue.get("visibilityTimeoutSeconds") or _DEFAULT_VISIBILITY_S
        receives = int(redrive.get("maxReceiveCount") or 0)
        dead_letters = stack.refer(redrive.get("deadLetterTargetArn"), types.QUEUE)
        if dead_letters is None or dead_letters is queue or dead_letters.region != queue.region:
            yield queue, "it has no dead-letter queue of this stack in its Region"
        elif receives * visible_s < _DAY_S:
            yield queue, f"a message is received {receives} times, {visible_s:g} s apart: less than a day"
        elif function and visible_s < _VISIBILITY_TIMEOUTS * (function.get("timeout") or 3):
            yield queue, f"a message is hidden for {visible_s:g} s, the function may take {function.get('timeout')} s"


@rule(
    "EB-RULE-WORKS",
    why="A rule that is disabled, or has no target, drops what it matches without a metric.",
    source="EventBridge User Guide, eb-rules; API reference, PutRule (State)",
    remedy="enable the rule and give it a target, or remove it",
)
def rules_deliver(stack: StackView) -> Iterator[Finding]:
    targets = stack.of(types.TARGET)
    fed = [rule_of(stack, target) for target in targets]
    # Two rules of one name are NAMES-UNIQUE's to see: here each has the other's targets.
    named = {(target.region, str(target.inputs["rule"])) for target in targets}
    for rule_ in stack.of(types.RULE):
        if rule_.get("state") == "DISABLED" or rule_.get("isEnabled") is False:
            yield rule_, "it is disabled"
        elif rule_ not in fed and (rule_.region, rule_.inputs["name"]) not in named:
            yield rule_, "it has no target"


@rule(
    "LAMBDA-TIMEOUT",
    why="Each function keeps time for what comes after its first request: for the spool, the quarantine, the answer. "
    "With a time-out below that it turns away what it had time for.",
    source="handlers/ingest/wiring.py, handlers/enrichment/wiring.py, handlers/shared/forwarding.py (the reserves)",
    remedy="raise timeout_seconds of the function above its reserve",
)
def functions_have_more_time_than_they_keep(stack: StackView) -> Iterator[Finding]:
    for function in stack.of(types.FUNCTION):
        folder = str(function.get("handler")).removeprefix("handlers.").partition(".")[0]
        reserve_s, timeout_s = _RESERVES_S.get(folder, 0.0), function.get("timeout") or 3
        if timeout_s <= reserve_s:
            yield function, f"its time-out is {timeout_s:g} s, and it keeps {reserve_s:g} s of that"


@rule(
    "LAMBDA-RESERVED",
    why="A function with no concurrency is throttled for ever: what invokes it retries until it gives up.",
    source="Lambda Developer Guide, configuration-concurrency (a reserved concurrency of 0 stops a function)",
    remedy="leave reservedConcurrentExecutions out, or set it to what the load needs",
)
def functions_may_run(stack: StackView) -> Iterator[Finding]:
    for function in stack.of(types.FUNCTION):
        if function.get("reservedConcurrentExecutions") == 0:
            yield function, "its reserved concurrency is 0"


@rule(
    "LAMBDA-ENVIRONMENT",
    why="A function that is told of a queue, a table or a bus of the other Region works until that Region fails, "
    "which is when it is needed.",
    source="EventBridge User Guide, eb-ge-best-practices; the functions' own environments (handlers/*/wiring.py)",
    remedy="name the queue, table and bus of the function's own Region, and as PRIMARY_REGION the endpoint's",
)
def functions_use_their_own_regions_resources(stack: StackView) -> Iterator[Finding]:
    primaries = {endpoint.region for endpoint in stack.of(types.ENDPOINT)}
    for function in stack.of(types.FUNCTION):
        variables = function.get("environment.variables") or {}
        for name, value in sorted(variables.items()):
            if name.endswith("_QUEUE_URL"):
                queue = stack.refer(value, types.QUEUE)
                if queue is None or queue.region != function.region:
                    yield function, f"{name} is {value}, which is no queue of this stack in {function.region}"
            elif name.endswith("_TABLE"):
                if not any(function.region in _regions_of(table) for table in tables_of(stack, value)):
                    yield function, f"{name} is {value}, which is no table of this stack in {function.region}"
            elif name == "PRIMARY_REGION" and value not in primaries:
                yield function, f"{name} is {value}, and the endpoint is in {', '.join(sorted(map(str, primaries)))}"


def _regions_of(table: Declared) -> list[Any]:
    return [table.region, *(replica["regionName"] for replica in table.get("replicas") or ())]


@rule(
    "LAKE-LIFECYCLE",
    why="The lake is where a signal stays: a life cycle that deletes what the stream writes, before it has even moved "
    "to cheaper storage or together with everything else, deletes by mistake.",
    source="S3 User Guide, lifecycle-configuration-examples, intro-lifecycle-rules",
    remedy="let only the rule that moves signals expire them, later than it moves them (lake.expire_after_days)",
)
def the_lake_keeps_signals(stack: StackView) -> Iterator[Finding]:
    for stream in stack.of(types.STREAM):
        bucket = stack.refer(stream.get("extendedS3Configuration.bucketArn"), types.BUCKET)
        prefix = str(stream.get("extendedS3Configuration.prefix") or "").partition("!")[0]
        for lifecycle in stack.naming(types.BUCKET_LIFECYCLE, "bucket", bucket) if bucket else ():
            for each in lifecycle.inputs["rules"]:
                if each.get("status") == "Enabled" and _expires_too_soon(each, prefix):
                    yield lifecycle, f"the rule {each.get('id')} deletes what is in {prefix}"


def _expires_too_soon(rule_: Mapping[str, Any], prefix: str) -> bool:
    where = str((rule_.get("filter") or {}).get("prefix") or rule_.get("prefix") or "")
    if not rule_.get("expiration") or not (prefix.startswith(where) or where.startswith(prefix)):
        return False
    days = rule_["expiration"].get("days") or 0
    moved = max((transition.get("days") or 0 for transition in rule_.get("transitions") or ()), default=None)
    return moved is None or days <= moved
