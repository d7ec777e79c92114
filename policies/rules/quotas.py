"""What a failover finds on the other side."""

from collections import defaultdict
from collections.abc import Iterator

from components.resource_types import API, FUNCTION, STAGE
from policies.rule import Finding, rule
from policies.view import StackView
from signals.recording.resources import Declared

_FUNCTION_LIMITS = ("memorySize", "timeout", "reservedConcurrentExecutions", "architectures", "runtime")
_STAGE_LIMITS = ("defaultRouteSettings.throttlingRateLimit", "defaultRouteSettings.throttlingBurstLimit")


@rule(
    "QUOTAS-EQUAL",
    why="After a failover the secondary takes all traffic: where it is allowed less it throttles, and EventBridge "
    "delays. This compares what the stack itself sets (API throttling; memory, time-out, concurrency, CPU and runtime "
    "of functions); the accounts' own quotas (PutEvents, invocations, Lambda concurrency) are not in any stack: raise "
    "them alike by hand.",
    source="EventBridge User Guide, eb-ge-best-practices ('Keep service quotas equal'), eb-quota",
    remedy="set the same limit in both Regions",
)
def limits_are_equal(stack: StackView) -> Iterator[Finding]:
    same: dict[tuple[tuple[str, ...], str], list[Declared]] = defaultdict(list)
    for function in stack.of(FUNCTION):
        same[_FUNCTION_LIMITS, function.inputs["name"]].append(function)
    for stage in stack.of(STAGE):
        api = stack.refer(stage.inputs["apiId"], API, stage.region)
        same[_STAGE_LIMITS, api.inputs["name"] if api else stage.inputs["apiId"]].append(stage)
    for limits, name in sorted(same):
        views = same[limits, name]
        for limit in limits:
            values = {str(view.region): view.get(limit) for view in views}
            if len({str(value) for value in values.values()}) > 1:
                said = ", ".join(f"{value} in {region}" for region, value in sorted(values.items()))
                yield views[0], f"{limit.rpartition('.')[2]} is {said}"
