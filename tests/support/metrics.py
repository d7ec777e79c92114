"""AWS's metrics that alarms and dashboards look at, and whether a recorded stack has what sends one.

CloudWatch takes an alarm or a graph on a metric that nobody sends, and says nothing for ever. So each metric is listed
here with all its dimensions, as AWS's pages have them, and every dimension must name something of the recording.

Sources: EventBridge User Guide, "Monitoring Amazon EventBridge" (on a custom bus EventBusName and RuleName together);
SQS Developer Guide, "Available CloudWatch metrics"; Lambda Developer Guide, "Types of metrics for Lambda functions";
Firehose Developer Guide, "Monitoring with CloudWatch metrics"; API Gateway Developer Guide, "Monitor CloudWatch metrics
for HTTP APIs"; Route 53 Developer Guide, "Monitoring health checks using CloudWatch" (in us-east-1 alone); DynamoDB
Developer Guide, "DynamoDB metrics and dimensions".
"""

import re
from collections.abc import Mapping
from pathlib import Path

from components import resource_types as types
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording, Resource

ROOT = Path(__file__).parents[2]
_BY_DIMENSION = {
    "QueueName": types.QUEUE,
    "FunctionName": types.FUNCTION,
    "DeliveryStreamName": types.STREAM,
    "TableName": types.TABLE,
    "ApiId": types.API,
    "HealthCheckId": types.HEALTH_CHECK,
}
_RULE = frozenset({"EventBusName", "RuleName"})
_ACCOUNT: frozenset[str] = frozenset()
# By namespace and dimensions: the metrics.
METRICS: Mapping[tuple[str, frozenset[str]], frozenset[str]] = {
    ("AWS/Events", _ACCOUNT): frozenset(
        {
            *("IngestionToInvocationStartLatency", "InvocationsCreated", "ThrottledRules"),
            *("PutEventsApproximateCallCount", "PutEventsApproximateThrottledCount", "PutEventsEntriesCount"),
        }
    ),
    ("AWS/Events", _RULE): frozenset(
        {*("Invocations", "FailedInvocations", "InvocationsSentToDlq"), "InvocationsFailedToBeSentToDlq"}
    ),
    ("AWS/SQS", frozenset({"QueueName"})): frozenset(
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}
    ),
    ("AWS/Lambda", _ACCOUNT): frozenset({"ConcurrentExecutions"}),
    ("AWS/Lambda", frozenset({"FunctionName"})): frozenset(
        {
            *("Errors", "Invocations", "Throttles", "ConcurrentExecutions", "AsyncEventAge", "AsyncEventsDropped"),
            "DestinationDeliveryFailures",
        }
    ),
    ("AWS/Firehose", frozenset({"DeliveryStreamName"})): frozenset(
        {*("DeliveryToS3.DataFreshness", "ThrottledRecords", "IncomingBytes", "BytesPerSecondLimit")}
    ),
    ("AWS/ApiGateway", frozenset({"ApiId"})): frozenset({"Count", "4xx", "5xx"}),
    ("AWS/Route53", frozenset({"HealthCheckId"})): frozenset({"HealthCheckStatus"}),
    ("AWS/DynamoDB", frozenset({"TableName"})): frozenset({"ConsumedWriteCapacityUnits", "WriteThrottleEvents"}),
}


class Senders:
    """What of a stack sends metrics."""

    def __init__(self, recording: Recording) -> None:
        self._recording, self._resolver = recording, Resolver(recording.all)

    def problem(self, region: str | None, namespace: str, metric: str, dimensions: Mapping[str, str]) -> str | None:
        """Why nobody sends a metric; None for one that is sent. References in dimensions are resolved."""
        dimensions = {name: str(self._resolver.resolve(value)) for name, value in dimensions.items()}
        if namespace == "Signals":
            return self._own(region, metric, dimensions)
        if metric not in METRICS.get((namespace, frozenset(dimensions)), ()):
            return f"{namespace} has no {metric} with {sorted(dimensions)}"
        if namespace == "AWS/Route53" and region != "us-east-1":
            return f"Route 53 sends {metric} in us-east-1 alone"
        if dimensions.keys() == _RULE:
            rules = {
                (rule.region, bus, name)
                for rule in self._recording.resources(types.RULE)
                for bus, name in [(self._input(rule, "eventBusName"), self._input(rule, "name"))]
            }
            wanted = region, dimensions["EventBusName"], dimensions["RuleName"]
            return None if wanted in rules else f"there is no rule {wanted}"
        for name, value in dimensions.items():
            if value not in self._named(_BY_DIMENSION[name], region):
                return f"there is no {name} {value} in {region}"
        return None

    def _own(self, region: str | None, metric: str, dimensions: Mapping[str, str]) -> str | None:
        """A count of a function: its code must speak of it."""
        function = self._named(types.FUNCTION, region).get(dimensions.get("FunctionName", ""))
        if function is None or dimensions.keys() != {"FunctionName"}:
            return f"no function in {region} counts {metric} by {dict(dimensions)}"
        folder = ROOT / "handlers" / function.inputs["handler"].split(".")[1]
        code = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
        # What only forwards counts in what it shares with others.
        shared = (ROOT / "handlers/shared" / f"{name}.py" for name in re.findall(r"from handlers\.shared\.(\w+)", code))
        if any(f'"{metric}"' in text for text in (code, *(file.read_text("utf-8") for file in shared))):
            return None
        return f"handlers/{folder.name} counts no {metric}"

    def _named(self, type_: str, region: str | None) -> dict[str, Resource]:
        """By name, or by the id that AWS gives, the resources of a type in a Region; health checks are everywhere."""
        found = {}
        for resource in self._recording.resources(type_):
            places = {resource.region, *(replica["regionName"] for replica in resource.inputs.get("replicas") or ())}
            if region in places or type_ == types.HEALTH_CHECK:
                by_id = type_ in (types.API, types.HEALTH_CHECK)
                found[resource.name if by_id else self._input(resource, "name")] = resource
        return found

    def _input(self, resource: Resource, name: str) -> str:
        return str(self._resolver.inputs(resource)[name])
