"""What a failover finds on the other side."""

from collections.abc import Iterator
from typing import Any

from components.resource_types import API, FUNCTION, STAGE
from policies.rule import Finding, rule
from policies.view import ResourceView, StackView

_FUNCTION_LIMITS = ("memorySize", "timeout", "reservedConcurrentExecutions", "architectures", "runtime")
_STAGE_LIMITS = ("defaultRouteSettings.throttlingRateLimit", "defaultRouteSettings.throttlingBurstLimit")


@rule(
    "QUOTAS-EQUAL",
    "mandatory",
    why="After a failover the secondary takes all traffic: where it is allowed less it throttles, and EventBridge "
    "delays. This compares what the stack itself sets (API throttling; memory, time-out, concurrency, CPU and runtime "
    "of functions); the accounts' own quotas (PutEvents, invocations, Lambda concurrency) are not in any stack: raise "
    "them alike by hand.",
    source="EventBridge User Guide, eb-ge-best-practices ('Keep service quotas equal'), eb-quota",
    remedy="set the same limit in both Regions",
)
def limits_are_equal(stack: StackView) -> Iterator[Finding]:
    for pair in _pairs([(function.inputs["name"], function) for function in stack.of(FUNCTION)]):
        yield from _unequal(pair, _FUNCTION_LIMITS)
    stages = []
    for stage in stack.of(STAGE):
        api = stack.refer(stage.inputs["apiId"], API, stage.region)
        stages.append((api.inputs["name"] if api else stage.inputs["apiId"], stage))
    for pair in _pairs(stages):
        yield from _unequal(pair, _STAGE_LIMITS)


def _pairs(named: list[tuple[Any, ResourceView]]) -> Iterator[list[ResourceView]]:
    for name in sorted({name for name, _ in named}):
        of_one_name = [view for other, view in named if other == name]
        if len({view.region for view in of_one_name}) > 1:
            yield of_one_name


def _unequal(pair: list[ResourceView], limits: tuple[str, ...]) -> Iterator[Finding]:
    for limit in limits:
        values = {str(view.region): view.get(limit) for view in pair}
        if len({str(value) for value in values.values()}) > 1:
            said = ", ".join(f"{value} in {region}" for region, value in sorted(values.items()))
            yield pair[0], f"{limit.rpartition('.')[2]} is {said}"
