"""Manual failover and back: the endpoint's health check is held unhealthy, and a probe shows when that has worked.

Held means inverted *and* disabled. Inverted alone would invert whatever the metric says: once the primary really
fails, the inverted check would be healthy and the endpoint would go back to it. A disabled check is always healthy,
and "in disabled state, you can also invert the status" (Route 53 API reference, UpdateHealthCheck, Disabled): the
metric does not count until `stop`. SetAlarmState would do nothing: the check reads the metric, not the alarm.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from signals.errors import Failed
from signals.observe.health import EndpointStatus, deployed_endpoint
from signals.recover import storage
from signals.recover.probe import Sighting, probe
from signals.stack import Stack

# EventBridge User Guide, "Making applications Regional-fault tolerant": recovery time, including detection. A manual
# failover has nothing to detect, so it takes less.
EXPECTED_S, MAXIMUM_S = 360, 420
NOTE = "failover"
_HISTORY = 50


# Called with what happens; without a text, only because the command still waits.
OnEvent = Callable[[str], None]


@dataclass(frozen=True)
class Situation:
    """Where the endpoint sends, where it should, and why.

    Args:
        region: The Region whose bus a probe entered; None when none arrived.
        intended: The Region that the health check calls for.
        held: Whether the check is held unhealthy (`start`).
        healthy: What Route 53 says of the check; None when no checker has reported.
        inverted: Whether it is inverted, held or not.
        seconds: Since this failover was asked for; None when none is going on.
        way_back: The command that ends it; None when there is nothing to end.
    """

    stack: str
    region: str | None
    intended: str
    held: bool
    healthy: bool | None
    inverted: bool
    why: str
    probe: Sighting
    seconds: float | None
    way_back: str | None

    @property
    def settled(self) -> bool:
        """Whether signals go where the health check wants them."""
        return self.region == self.intended

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "settled": self.settled, "expected_s": EXPECTED_S, "maximum_s": MAXIMUM_S}


def ignore(_: str) -> None:
    """For callers that show no progress."""


def start(
    stack: Stack, *, wait: bool = True, on_event: OnEvent = ignore, limit_s: float = MAXIMUM_S, by: str = "operator"
) -> Situation:
    """Send signals to the secondary until `stop`. Safe to run again.

    Args:
        stack: The stack.
        wait: Return only when probes enter at the secondary.
        on_event: Called with everything that happens.
        limit_s: Longest wait (s).
        by: Who asked; it is noted.

    Raises:
        Failed: When the endpoint is not deployed, or does not move within the limit; the check stays held.
    """
    return _move(stack, held=True, wait=wait, on_event=on_event, limit_s=limit_s, by=by)


def stop(stack: Stack, *, wait: bool = True, on_event: OnEvent = ignore, by: str = "operator") -> Situation:
    """Let the metric decide again, however the check was changed. Safe to run again.

    While the primary is really failing the endpoint stays in the secondary, which is not an error.
    """
    return _move(stack, held=False, wait=wait, on_event=on_event, limit_s=MAXIMUM_S, by=by)


def status(stack: Stack) -> Situation:
    """Where the endpoint sends now; waits for a probe's copy in both Regions, so that broken replication shows too."""
    return _situation(stack, deployed_endpoint(stack), probe(stack, everywhere=True))


def _move(stack: Stack, *, held: bool, wait: bool, on_event: OnEvent, limit_s: float, by: str) -> Situation:
    began = time.monotonic()
    found = deployed_endpoint(stack)
    check, state = found.health_check, "held unhealthy" if held else "left to the metric"
    if (check.inverted, check.disabled) == (held, held):
        on_event(f"health check {check.id} is {state} already")
    else:
        stack.aws.client("route53", stack.primary).update_health_check(
            HealthCheckId=check.id, Inverted=held, Disabled=held
        )
        _note(stack, check.id, held=held, by=by)
        on_event(f"health check {check.id} is now {state}")
    last = None
    while True:
        situation = _situation(stack, deployed_endpoint(stack), probe(stack))
        seen = situation.region or f"nowhere ({situation.probe.problem})"
        if seen != last:
            on_event(f"a probe entered at {seen}")
            last = seen
        if not wait or situation.settled:
            break
        if time.monotonic() - began >= limit_s:
            raise Failed(
                f"after {limit_s:.0f} s probes go to {seen}, not to {situation.intended} (AWS: {EXPECTED_S} s expected,"
                f" {MAXIMUM_S} s at most): look with `signals failover status --stack {stack.name}`"
                + (f"; go back with `{situation.way_back}`" if situation.way_back else "")
            )
        on_event("")
        time.sleep(stack.aws.failover_poll_s)
    if situation.settled:
        _note_routed(stack, held=held)
        on_event(f"signals go to {situation.region}: {situation.why}")
    return situation


def _situation(stack: Stack, found: EndpointStatus, sighting: Sighting) -> Situation:
    check = found.health_check
    held = check.inverted and check.disabled
    if held:
        why = "the check is held unhealthy (`signals failover start`)"
    elif check.inverted:
        why = "the check is inverted but not held: if the primary fails, the endpoint goes back to it"
    elif check.disabled:
        why = "the check is disabled: no outage moves the endpoint"
    elif check.healthy is False:
        why = "the metric says that the primary is failing: the endpoint has failed over by itself"
    else:
        why = "the health check reports the primary as healthy"
    by_hand = check.inverted or check.disabled
    return Situation(
        stack=stack.name,
        region=sighting.region,
        intended=found.active_region,
        held=held,
        healthy=check.healthy,
        inverted=check.inverted,
        why=why,
        probe=sighting,
        seconds=_seconds_since_start(stack, check.id) if by_hand else None,
        way_back=f"signals failover stop --stack {stack.name}" if by_hand else None,
    )


def manual_failovers(stack: Stack) -> list[dict[str, Any]]:
    """Failovers that were asked for on this machine, oldest first: check, from, routed, to, by (times ISO 8601)."""
    found = storage.load(stack, NOTE).get("failovers", [])
    return [entry for entry in found if isinstance(entry, dict)]


def _seconds_since_start(stack: Stack, check_id: str) -> float | None:
    last = next(
        (entry for entry in reversed(manual_failovers(stack)) if entry["check"] == check_id and not entry["to"]), None
    )
    return (datetime.now(UTC) - datetime.fromisoformat(last["from"])).total_seconds() if last else None


def _note(stack: Stack, check_id: str, *, held: bool, by: str) -> None:
    now, found = datetime.now(UTC).isoformat(timespec="seconds"), manual_failovers(stack)
    if held:
        found.append({"check": check_id, "from": now, "routed": None, "to": None, "by": by})
    elif found and not found[-1]["to"]:
        found[-1]["to"] = now
    storage.save(stack, NOTE, {"failovers": found[-_HISTORY:]})


def _note_routed(stack: Stack, *, held: bool) -> None:
    found = manual_failovers(stack)
    if held and found and not found[-1]["routed"]:
        found[-1]["routed"] = datetime.now(UTC).isoformat(timespec="seconds")
        storage.save(stack, NOTE, {"failovers": found})
