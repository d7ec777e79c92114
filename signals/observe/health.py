"""Where the global endpoint points: its description, and what Route 53 says of the health check in it."""

from dataclasses import dataclass

from signals.aws.reading import or_none
from signals.errors import Failed
from signals.stack import Stack


@dataclass(frozen=True)
class HealthCheckStatus:
    """The check that decides failover. `healthy` is None when no checker has reported yet."""

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
    """One health check and what its checkers report: the majority decides, and a tie is healthy.

    A report begins with Success or Failure. AWS documents neither that nor whether an inverted check's reports are
    inverted too: they are taken as they are, as the embedded AWS reports them.
    """
    route53 = stack.aws.client("route53", stack.primary)
    config = route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]["HealthCheckConfig"]
    observations = route53.get_health_check_status(HealthCheckId=check_id)["HealthCheckObservations"]
    reports = tuple(observation["StatusReport"]["Status"] for observation in observations)
    inverted, disabled = bool(config.get("Inverted")), bool(config.get("Disabled"))
    # A disabled check is no longer evaluated: it is healthy, or unhealthy if inverted (API reference,
    # UpdateHealthCheck), whatever was reported last.
    healthy = not inverted if disabled else majority(reports)
    return HealthCheckStatus(check_id, healthy, inverted, tuple(dict.fromkeys(reports)), disabled)


def majority(reports: tuple[str, ...]) -> bool | None:
    """Whether at least half of the checkers that have reported saw success; None when none has."""
    known = [report.lower().startswith("success") for report in reports if report[:7].lower() in ("success", "failure")]
    return sum(known) * 2 >= len(known) if known else None
