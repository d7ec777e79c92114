"""What decides failover: a health check over an alarm on EventBridge's own latency, and a heartbeat that feeds it."""

from collections.abc import Iterator
from typing import Any

from components.resource_types import ALARM, BUS, ENDPOINT, HEALTH_CHECK, RULE, SCHEDULE
from policies.rule import Finding, rule
from policies.rules.endpoint import endpoint_buses
from policies.view import StackView, json_document
from signals.recording.iam import as_list
from signals.recording.resources import Declared

# Metric names are case-sensitive, and AWS's own pages spell this one in two ways; accounts publish this one.
METRIC = ("AWS/Events", "IngestionToInvocationStartLatency")
_STATISTICS = ("Average", "Minimum", "Maximum", "Sum", "SampleCount")
# What the check says without data must be what the alarm says (CloudFormation template of the User Guide).
_WITHOUT_DATA = {"breaching": "Unhealthy", "missing": "LastKnownStatus"}


def _checks(stack: StackView) -> Iterator[tuple[Declared, Declared | None, Declared | None]]:
    """Each endpoint, the health check that decides its failover, and the alarm that the check watches."""
    for endpoint in stack.of(ENDPOINT):
        check = stack.refer(endpoint.get("routingConfig.failoverConfig.primary.healthCheck"), HEALTH_CHECK)
        name, region = (check.get("cloudwatchAlarmName"), check.get("cloudwatchAlarmRegion")) if check else (None, None)
        yield endpoint, check, stack.refer(name, ALARM, region) if name else None


def _alarms(stack: StackView) -> Iterator[tuple[Declared, Declared, Declared]]:
    return ((e, check, alarm) for e, check, alarm in _checks(stack) if check and alarm)


@rule(
    "EB-HEALTH-CHECK",
    why="An endpoint fails over when its health check says so: one that watches anything but an alarm on the service "
    "itself fails over for reasons of its own, or never.",
    source="EventBridge User Guide, eb-ge-best-practices, eb-ge-cfn",
    remedy="use a CLOUDWATCH_METRIC health check over the latency alarm in the endpoint's own Region",
)
def watches_an_alarm(stack: StackView) -> Iterator[Finding]:
    for endpoint, check, alarm in _checks(stack):
        if check is None:
            yield endpoint, "its health check is none of this stack's"
        elif check.get("type") != "CLOUDWATCH_METRIC":
            yield check, f"its type is {check.get('type')}"
        elif alarm is None or alarm.region != endpoint.region:
            yield check, f"it watches no alarm of this stack in {endpoint.region}"


@rule(
    "EB-HEALTH-METRIC",
    why="The failover decision is about EventBridge in the Region, which only the metric without dimensions tells: "
    "with bus and rule as dimensions it has been seen to stop while events flowed, and a subscriber's metric fails "
    "over for a slow target.",
    source="EventBridge User Guide, eb-ge-cfn, eb-ge-best-practices",
    remedy="alarm on AWS/Events IngestionToInvocationStartLatency without dimensions",
)
def watches_the_service(stack: StackView) -> Iterator[Finding]:
    for _, _, alarm in _alarms(stack):
        if alarm.get("dimensions"):
            yield alarm, f"it has dimensions: {', '.join(sorted(alarm.inputs['dimensions']))}"
        elif (alarm.get("namespace"), alarm.get("metricName")) != METRIC:
            yield alarm, f"it watches {alarm.get('namespace')} {alarm.get('metricName')}"


@rule(
    "EB-HEALTH-ALARM-FORM",
    why="Route 53 reads the metric itself with settings copied from the alarm, and cannot copy metric math, "
    "percentiles, M out of N or periods below a minute: it would decide by other rules than the alarm shows.",
    source="Route 53 Developer Guide, health-checks-creating-values",
    remedy="use one standard-resolution metric, a plain statistic, and datapointsToAlarm equal to evaluationPeriods",
)
def route_53_can_watch_it(stack: StackView) -> Iterator[Finding]:
    for _, _, alarm in _alarms(stack):
        points = alarm.get("datapointsToAlarm")
        if alarm.get("metricQueries"):
            yield alarm, "it uses metric math"
        elif alarm.get("extendedStatistic") or alarm.get("statistic") not in _STATISTICS:
            yield alarm, f"its statistic is {alarm.get('extendedStatistic') or alarm.get('statistic')}"
        elif points and points != alarm.get("evaluationPeriods"):
            yield alarm, f"it wants {points} of {alarm.get('evaluationPeriods')} data points"
        elif (alarm.get("period") or 0) < 60:
            yield alarm, f"its period is {alarm.get('period')} s"


@rule(
    "EB-HEALTH-TRACKS-ALARM",
    why="Route 53 copies the alarm's settings when the check is made: a later change of the alarm reaches the failover "
    "decision only if the check is updated too.",
    source="Route 53 Developer Guide, health-checks-creating-values ('Health checks that monitor CloudWatch alarms')",
    remedy="put threshold, evaluationPeriods and treatMissingData of the alarm into the check's triggers",
)
def check_tracks_the_alarm(stack: StackView) -> Iterator[Finding]:
    for _, check, alarm in _alarms(stack):
        told = {_text(value) for value in (check.get("triggers") or {}).values()}
        untold = [
            key for key in ("threshold", "evaluationPeriods", "treatMissingData") if _text(alarm.get(key)) not in told
        ]
        if untold:
            yield check, f"its triggers do not say the alarm's {', '.join(untold)}"


def _text(value: Any) -> str:
    """A value as text, the same for a number and its text."""
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return str(value)


@rule(
    "EB-HEALTH-MISSING-DATA",
    why="An EventBridge that takes nothing emits no latency: missing data is the outage itself. The check must say "
    "about it what the alarm says, in one of the two pairs that AWS's template knows.",
    source="EventBridge User Guide, eb-ge-cfn (TreatMissingData and InsufficientDataHealthStatus)",
    remedy="pair breaching with Unhealthy, or missing with LastKnownStatus",
)
def missing_data_means_one_thing(stack: StackView) -> Iterator[Finding]:
    for _, check, alarm in _alarms(stack):
        missing, status = alarm.get("treatMissingData") or "missing", check.get("insufficientDataHealthStatus")
        if _WITHOUT_DATA.get(missing) != status:
            yield check, f"the alarm treats missing data as {missing}, the check as {status}"


@rule(
    "EB-HEALTH-HELD",
    "advisory",
    why="An inverted or disabled check answers what it was told and not what it sees: right in a drill or a failover "
    "held by hand, an outage of one's own making when forgotten.",
    source="Route 53 Developer Guide, health-checks-creating-values ('Invert health check status', 'Disabled')",
    remedy="end the failover with `signals failover stop`",
)
def is_not_held(stack: StackView) -> Iterator[Finding]:
    for _, check, _ in _checks(stack):
        for switch, state in (("invertHealthcheck", "inverted"), ("disabled", "disabled")):
            if check and check.get(switch):
                yield check, f"it is {state}"


@rule(
    "EB-HEARTBEAT",
    why="Where missing data breaches, a quiet night looks like an outage, and the endpoint leaves for a Region that "
    "may process nothing. Through the endpoint a heartbeat would leave with it and never see the primary recover.",
    source="EventBridge User Guide, eb-ge-create-endpoint (note on missing data); "
    "mavi888/eventbridge-global-endpoints-cdk README",
    remedy="schedule an event a minute to the primary's own bus, and a rule there that matches it",
)
def a_heartbeat_beats(stack: StackView) -> Iterator[Finding]:
    for endpoint, check, alarm in _checks(stack):
        if not check or not alarm or alarm.get("treatMissingData") != "breaching":
            continue
        buses = [bus for bus in endpoint_buses(stack, endpoint) if bus.region == endpoint.region]
        beats = [s for s in stack.of(SCHEDULE) if stack.refer(s.get("target.arn"), BUS) in buses]
        if not beats:
            yield alarm, "missing data is a breach, and nothing is scheduled onto the primary's bus"
            continue
        schedule = beats[0]
        if schedule.get("state") == "DISABLED" or schedule.get("scheduleExpression") != "rate(1 minute)":
            yield schedule, f"it runs {schedule.get('scheduleExpression')}, {schedule.get('state') or 'ENABLED'}"
        source = schedule.get("target.eventbridgeParameters.source")
        patterns = [json_document(r.inputs["eventPattern"]) for r in stack.naming(RULE, "eventBusName", buses[0])]
        if not any(source in as_list(pattern.get("source")) for pattern in patterns):
            yield schedule, f"no rule on {buses[0].name} matches {source}: without an invocation there is no latency"
