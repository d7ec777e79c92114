"""What CloudWatch would have of a run of the model: each alarm's metric, minute by minute, and the alarm's state.

A metric that no service sends while it is zero has no value in that minute (EventBridge User Guide, "Monitoring Amazon
EventBridge"); a queue that is empty has an age of 0; SQS leaves out of a queue's age what was received three times (SQS
Developer Guide, "Available CloudWatch metrics").
"""

import operator
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from components.names import failed_queue
from components.resource_types import ALARM
from signals.model.clock import MINUTE_S
from signals.model.faults import FaultKind
from signals.model.platform import Platform
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording

Place = tuple[str, str]
_COMPARISONS = {"GreaterThanThreshold": operator.gt, "LessThanThreshold": operator.lt}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Average": lambda values: sum(values) / len(values),
}
# EventBridge's own latency while it works (ms), and where a stalled or a silent one has none.
_LATENCY_MS = 400.0


class CloudWatch:
    """Looks at a platform once a minute for as long as it runs."""

    def __init__(self, recording: Recording, platform: Platform, until_s: float) -> None:
        self._platform, resolver = platform, Resolver(recording.all)
        self.alarms = {
            (str(alarm.region), str(alarm.inputs["name"])): resolver.inputs(alarm)
            for alarm in recording.resources(ALARM)
        }
        self._values: defaultdict[Place, list[float | None]] = defaultdict(list)
        self._counted: Counter[Place] = Counter()
        for minute in range(1, int(until_s // MINUTE_S) + 1):
            platform.clock.at(minute * MINUTE_S, self._look)

    def in_alarm(self) -> dict[Place, int]:
        """Each alarm that was in ALARM, by Region and name, and in which minute first."""
        found = {place: self._first(place) for place in self.alarms}
        return {place: minute for place, minute in found.items() if minute is not None}

    def _first(self, place: Place) -> int | None:
        alarm, values = self.alarms[place], self._values[place]
        length, needed = alarm["period"] // 60, alarm["evaluationPeriods"]
        compare, statistic = _COMPARISONS[alarm["comparisonOperator"]], _STATISTICS[alarm["statistic"]]
        in_a_row = 0
        for end in range(length, len(values) + 1, length):
            known = [value for value in values[end - length : end] if value is not None]
            breaches = (
                compare(statistic(known), alarm["threshold"]) if known else alarm["treatMissingData"] == "breaching"
            )
            in_a_row = in_a_row + 1 if breaches else 0
            if in_a_row == needed:
                return end
        return None

    def _look(self) -> None:
        for place, alarm in self.alarms.items():
            self._values[place].append(self._value(place, alarm))

    def _value(self, place: Place, alarm: Mapping[str, Any]) -> float | None:
        platform, now, region = self._platform, self._platform.clock.now, place[0]
        dimensions = alarm.get("dimensions") or {}
        function = dimensions.get("FunctionName")
        match alarm["metricName"]:
            case "ApproximateNumberOfMessagesVisible":
                messages = self._queues[region, dimensions["QueueName"]].waiting()
                return sum(message.visible_s <= now for message in messages)
            case "ApproximateAgeOfOldestMessage":
                messages = self._queues[region, dimensions["QueueName"]].waiting()
                return max((now - message.sent_s for message in messages if message.receives < 3), default=0.0)
            case "Invocations":
                return 1.0 if platform.probes.arrives(region) else None
            case "IngestionToInvocationStartLatency":
                down = any(platform.faults.hits(k, region, now) for k in (FaultKind.EVENTBRIDGE, FaultKind.STALLED))
                return None if down else _LATENCY_MS
            case "InvocationsFailedToBeSentToDlq" | "DestinationDeliveryFailures":
                return self._more(place, sum(where == region for _, where in platform.undelivered))
            case "AsyncEventsDropped":
                queue = self._queues[region, failed_queue(str(function))]
                return self._more(place, queue.received)
            case "Throttles":
                folder = self._folders[region, str(function)]
                throttled = platform.faults.hits(FaultKind.THROTTLED, region, now, folder)
                return 1.0 if throttled else None
            case "UnavailableSignals":
                return self._more(place, platform.ledger.counts["answered 503"])
            case "DeliveryToS3.DataFreshness":
                return 0.0
            case "ThrottledRecords":
                return 1.0 if platform.faults.hits(FaultKind.LAKE, region, now) else None
        raise NotImplementedError(f"the model says nothing of {alarm['namespace']} {alarm['metricName']}")

    def _more(self, place: Place, total: int) -> float | None:
        """How many more of something there are than when the alarm last asked; None for none."""
        more, self._counted[place] = total - self._counted[place], total
        return float(more) or None

    @cached_property
    def _queues(self) -> dict[Place, Any]:
        return {(queue.plan.region, queue.plan.name): queue for queue in self._platform.queues.values()}

    @cached_property
    def _folders(self) -> dict[Place, str]:
        return {(plan.region, plan.name): plan.folder for plan in self._platform.blueprint.functions}
