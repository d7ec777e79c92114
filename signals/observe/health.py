"""Where the global endpoint points: its description, and what Route 53 says of the health check in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signals.aws.reading import or_none
from signals.errors import Failed
from signals.stack import Stack

# Route 53 sends its metrics there alone (Developer Guide, "Monitoring health checks using CloudWatch").
_METRICS_REGION = "us-east-1"
# Metrics come once a minute, and late.
_RECENT = timedelta(minutes=10)


@dataclass(frozen=True)
class HealthCheckStatus:
    """The check that decides failover. `healthy` is None when nothing has been reported yet."""

    id: str
    healthy: bool | None
    inverted: bool
    reports: tuple[str, ...]
    disabled: bool = False


@dataclass(frozen=True)
class EndpointStatus:
    """The global endpoint, and the Region that it sends signals to now."""

    name: str
    id: str
    url: str
    state: str
    replication: str
    active_region: str
    health_check: HealthCheckStatus


def endpoint(stack: Stack) -> EndpointStatus | None:
    """The stack's global endpoint; None when it is not deployed.

    EventBridge does not say where its endpoint points, only which health check decides: healthy is the primary
    (EventBridge User Guide, "Making applications Regional-fault tolerant"). A check that has not reported yet counts
    as healthy (Route 53 Developer Guide, "How Route 53 determines the status of health checks that monitor CloudWatch
    alarms").
    """
    found = or_none(stack.aws.client("events", stack.primary).describe_endpoint, Name=stack.names.endpoint)
    if found is None:
        return None
    failover = found["RoutingConfig"]["FailoverConfig"]
    check = health_check(stack, failover["Primary"]["HealthCheck"].rsplit("/", 1)[-1])
    return EndpointStatus(
        name=found["Name"],
        id=found.get("EndpointId", ""),
        url=found.get("EndpointUrl", ""),
        state=found.get("State", ""),
        replication=(found.get("ReplicationConfig") or {}).get("State", "ENABLED"),
        active_region=failover["Secondary"]["Route"] if check.healthy is False else stack.primary,
        health_check=check,
    )


def deployed_endpoint(stack: Stack) -> EndpointStatus:
    """The stack's global endpoint.

    Raises:
        Failed: When it is not deployed.
    """
    found = endpoint(stack)
    if found is None:
        raise Failed(f"stack {stack.name!r} is not deployed: run `signals up --stack {stack.name}` first")
    return found


def health_check(stack: Stack, check_id: str) -> HealthCheckStatus:
    """One health check and what Route 53 last reported of it, in the metric that it sends once a minute.

    GetHealthCheckStatus is "intended for use during development" (Route 53 API reference). AWS does not document
    whether an inverted check's metric is inverted too: it is taken as it is, as the embedded AWS sends it.
    """
    route53 = stack.aws.client("route53", stack.primary)
    config = route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]["HealthCheckConfig"]
    now = datetime.now(UTC)
    points = stack.aws.client("cloudwatch", _METRICS_REGION).get_metric_statistics(
        Namespace="AWS/Route53",
        MetricName="HealthCheckStatus",
        Dimensions=[{"Name": "HealthCheckId", "Value": check_id}],
        StartTime=now - _RECENT,
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Minimum"],
    )["Datapoints"]
    reported, reports = last_report([(point["Timestamp"], point["Minimum"]) for point in points])
    inverted, disabled = bool(config.get("Inverted")), bool(config.get("Disabled"))
    # A disabled check is no longer evaluated: it is healthy, or unhealthy if inverted (API reference,
    # UpdateHealthCheck), whatever was reported last.
    return HealthCheckStatus(check_id, not inverted if disabled else reported, inverted, reports, disabled)


def last_report(points: Sequence[tuple[datetime, float]]) -> tuple[bool | None, tuple[str, ...]]:
    """Whether the last of these values of HealthCheckStatus says healthy, and in words; None and nothing for none.

    Args:
        points: When a minute began, and the lowest value in it: 1 is healthy, 0 is not (Route 53 Developer Guide,
            "Monitoring health checks using CloudWatch").
    """
    if not points:
        return None, ()
    at, value = max(points)
    healthy = value >= 1
    return healthy, (f"{'Success' if healthy else 'Failure'}: HealthCheckStatus was {value:g} at {at:%H:%M} UTC",)
