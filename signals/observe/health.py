"""Where the global endpoint points: its description, and what Route 53 says of the health check in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from signals.stack import Stack


@dataclass(frozen=True)
class HealthCheck:
    """The check that decides failover. `healthy` is None when no checker has reported yet."""

    id: str
    healthy: bool | None
    inverted: bool
    reports: tuple[str, ...]
    disabled: bool = False


@dataclass(frozen=True)
class Endpoint:
    """The global endpoint, and the Region that it sends signals to now."""

    name: str
    id: str
    url: str
    state: str
    replication: str
    active_region: str
    health_check: HealthCheck

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def endpoint(stack: Stack) -> Endpoint | None:
    """The stack's global endpoint; None when it is not deployed.

    EventBridge does not say where its endpoint points, only which health check decides: healthy is the primary
    (EventBridge User Guide, "Making applications Regional-fault tolerant"). A check that has not reported yet counts
    as healthy (Route 53 Developer Guide, "How Route 53 determines the status of health checks that monitor CloudWatch
    alarms").
    """
    try:
        found = stack.client("events", stack.primary).describe_endpoint(Name=stack.names.endpoint)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    failover = found["RoutingConfig"]["FailoverConfig"]
    check = health_check(stack, failover["Primary"]["HealthCheck"].rsplit("/", 1)[-1])
    return Endpoint(
        name=found["Name"],
        id=found.get("EndpointId", ""),
        url=found.get("EndpointUrl", ""),
        state=found.get("State", ""),
        replication=(found.get("ReplicationConfig") or {}).get("State", "ENABLED"),
        active_region=failover["Secondary"]["Route"] if check.healthy is False else stack.primary,
        health_check=check,
    )


def health_check(stack: Stack, check_id: str) -> HealthCheck:
    """One health check and what its checkers report: the majority decides, and a tie is healthy.

    A report begins with Success or Failure. AWS documents neither that nor whether an inverted check's reports are
    turned round: here they are taken as they stand, as the embedded AWS gives them.
    """
    route53 = stack.client("route53", stack.primary)
    config = route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]["HealthCheckConfig"]
    observations = route53.get_health_check_status(HealthCheckId=check_id)["HealthCheckObservations"]
    reports = tuple(observation["StatusReport"]["Status"] for observation in observations)
    inverted, disabled = bool(config.get("Inverted")), bool(config.get("Disabled"))
    # A disabled check is not looked at any more: it is healthy, or unhealthy if inverted (API reference,
    # UpdateHealthCheck), whatever was reported last.
    healthy = not inverted if disabled else majority(reports)
    return HealthCheck(check_id, healthy, inverted, tuple(dict.fromkeys(reports)), disabled)


def majority(reports: tuple[str, ...]) -> bool | None:
    """Whether at least half of the checkers that know report success; None when none knows."""
    known = [report.lower().startswith("success") for report in reports if report[:7].lower() in ("success", "failure")]
    return sum(known) * 2 >= len(known) if known else None
