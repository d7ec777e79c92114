"""Nothing is dropped between a rule and what it feeds."""

from collections.abc import Iterator

from components import resource_types as types
from policies.rule import Finding, rule
from policies.view import StackView, conditions
from signals.recording.iam import as_list
from signals.recording.resources import Declared

# EventBridge's own defaults, and its limits (API reference, RetryPolicy).
_RETRY_AGE_SECONDS, _RETRY_ATTEMPTS = 86_400, 185


def rule_of(stack: StackView, target: Declared) -> Declared | None:
    """The rule that a target belongs to."""
    return stack.refer(target.inputs.get("rule"), types.RULE, target.region)


@rule(
    "EB-TARGET-RETRY",
    why="EventBridge drops an event that its target did not take in the time or tries set: less than the 24 hours and "
    "185 tries that replication itself is given turns a night's outage of one target into loss.",
    source="EventBridge User Guide, eb-rule-retry-policy",
    remedy="set retryPolicy to maximumEventAgeInSeconds 86400 and maximumRetryAttempts 185",
)
def targets_are_retried(stack: StackView) -> Iterator[Finding]:
    for target in stack.of(types.TARGET):
        age = target.get("retryPolicy.maximumEventAgeInSeconds")
        attempts = target.get("retryPolicy.maximumRetryAttempts")
        if age is None or attempts is None:
            yield target, "it states no retry policy"
        elif age < _RETRY_AGE_SECONDS or attempts < _RETRY_ATTEMPTS:
            yield target, f"it is retried for {age} s and {attempts} times"


@rule(
    "EB-TARGET-DLQ",
    why="Errors that EventBridge does not retry (no permission, no such target) and events whose retries ran out are "
    "dropped, unless a standard queue in the rule's own Region takes them.",
    source="EventBridge User Guide, eb-rule-dlq",
    remedy="set deadLetterConfig.arn to a standard SQS queue in the rule's Region",
)
def targets_have_a_dead_letter_queue(stack: StackView) -> Iterator[Finding]:
    for target in stack.of(types.TARGET):
        arn = target.get("deadLetterConfig.arn")
        queue = stack.refer(arn, types.QUEUE)
        if not arn:
            yield target, "it has no dead-letter queue"
        elif queue is None:
            yield target, f"its dead-letter queue {arn} is not in this stack"
        elif queue.get("fifoQueue") or queue.region != target.region:
            yield target, f"its dead-letter queue {queue.name} is FIFO or in another Region"


@rule(
    "EB-QUEUE-POLICY",
    why="Made through the API, a rule gets no permission on its queues: without it deliveries fail for good, "
    "and dead letters are dropped while the configuration looks complete.",
    source="EventBridge User Guide, eb-rule-dlq, eb-use-resource-based",
    remedy="in the queue's policy allow events.amazonaws.com sqs:SendMessage with aws:SourceArn the rule's ARN",
)
def rules_may_send_to_their_queues(stack: StackView) -> Iterator[Finding]:
    for target in stack.of(types.TARGET):
        rule_ = rule_of(stack, target)
        for arn in (target.inputs.get("arn"), target.get("deadLetterConfig.arn")):
            queue = stack.refer(arn, types.QUEUE) if arn else None
            if queue and rule_ and not _may_send(stack, queue, rule_):
                yield queue, f"rule {rule_.inputs['name']} in {rule_.region} may not send to it"


def _may_send(stack: StackView, queue: Declared, rule_: Declared) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and "sqs:SendMessage" in statement["Action"]
        and isinstance(statement.get("Principal"), dict)
        and "events.amazonaws.com" in as_list(statement["Principal"].get("Service"))
        and any(stack.refer(arn, types.RULE) is rule_ for arn in conditions(statement, "aws:SourceArn"))
        for statement in stack.policies_of(types.QUEUE_POLICY, "queueUrl", queue)
    )


@rule(
    "EB-INVOKE-PERMISSION",
    why="A function that does not let the rule invoke it gets nothing: missing permission is not retried, each event "
    "goes straight to the dead-letter queue.",
    source="EventBridge User Guide, eb-rule-dlq; Lambda Developer Guide, access-control-resource-based",
    remedy="add a lambda permission for events.amazonaws.com with sourceArn equal to the rule's ARN",
)
def rules_may_invoke_their_functions(stack: StackView) -> Iterator[Finding]:
    for target in stack.of(types.TARGET):
        function, rule_ = stack.function(target.inputs.get("arn")), rule_of(stack, target)
        if (
            function
            and rule_
            and not any(
                permission.inputs["principal"] == "events.amazonaws.com"
                and stack.refer(permission.inputs.get("sourceArn"), types.RULE) is rule_
                for permission in stack.naming(types.PERMISSION, "function", function)
            )
        ):
            yield function, f"rule {rule_.inputs['name']} may not invoke it"


@rule(
    "LAMBDA-FAILURE-DESTINATION",
    why="EventBridge, as its Scheduler, hands an event to Lambda's own queue: what the code fails on three times is "
    "discarded there, and never reaches the rule's dead-letter queue.",
    source="Lambda Developer Guide, invocation-async-error-handling; EventBridge User Guide, eb-targets",
    remedy="give the function an event invoke config with an onFailure destination that its role may send to",
)
def asynchronous_functions_have_a_failure_destination(stack: StackView) -> Iterator[Finding]:
    invoked = [stack.function(target.inputs.get("arn")) for target in stack.of(types.TARGET)]
    invoked += [stack.function(schedule.get("target.arn"), schedule.region) for schedule in stack.of(types.SCHEDULE)]
    for function in (f for f in stack.of(types.FUNCTION) if f in invoked):
        configs = stack.naming(types.ASYNC_CONFIG, "functionName", function)
        destinations = [d for c in configs if (d := c.get("destinationConfig.onFailure.destination"))]
        if not destinations:
            yield function, "events that it fails on are discarded"
            continue
        queue = stack.refer(destinations[0], types.QUEUE)
        sends = [r for s in stack.allowed(stack.role(function), "sqs:SendMessage") for r in s["Resource"]]
        if queue and not any(stack.refer(resource, types.QUEUE) is queue for resource in sends):
            yield function, f"its role may not send to its failure destination {queue.name}"


@rule(
    "EB-DEAD-LETTERS-ALARMED",
    why="A dead letter is a signal that waits for a person; after 14 days SQS deletes it, whether seen or not.",
    source="EventBridge User Guide, eb-monitoring; SQS Developer Guide, sqs-dead-letter-queues",
    remedy="alarm on ApproximateNumberOfMessagesVisible of each dead-letter queue and failure destination",
)
def dead_letters_are_alarmed(stack: StackView) -> Iterator[Finding]:
    named = [target.get("deadLetterConfig.arn") for target in stack.of(types.TARGET)]
    named += [config.get("destinationConfig.onFailure.destination") for config in stack.of(types.ASYNC_CONFIG)]
    letters = [stack.refer(value, types.QUEUE) for value in named]
    for queue in (queue for queue in stack.of(types.QUEUE) if queue in letters):
        alarms = stack.naming(types.ALARM, "dimensions.QueueName", queue)
        if not any(alarm.get("metricName") == "ApproximateNumberOfMessagesVisible" for alarm in alarms):
            yield queue, "no alarm watches it"


@rule(
    "EB-NO-BUS-CHAIN",
    why="An event that came from another bus, as replicated ones did, is not routed to a third: the chain works in "
    "a test of one Region and loses replicated and failed-over traffic.",
    source="EventBridge User Guide, eb-bus-to-bus; eb-rule-dlq (THIRD_REGION_HOP_DETECTED)",
    remedy="put a function or a queue between the buses, which puts the events again",
)
def no_bus_feeds_a_bus(stack: StackView) -> Iterator[Finding]:
    for target in stack.of(types.TARGET):
        arn = target.inputs.get("arn")
        if stack.refer(arn, types.BUS) or (isinstance(arn, str) and ":event-bus/" in arn):
            yield target, "its target is an event bus"
