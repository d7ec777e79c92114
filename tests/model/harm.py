"""What a changed recording does harm to: a quiet hour, or a signal in an outage that the stack as it is survives."""

from functools import cache

from handlers.shared.environment import BadEnvironmentError
from signals.model.blueprint import CannotDeployError
from signals.model.clock import HOUR_S
from signals.model.platform import Platform
from signals.recording.resources import Recording
from tests.model.support import PRIMARY, hours, platform_of
from tests.model.test_proof import WITNESSES, missing, run

_DAY_AND_MORE_S = 60 * 24 * HOUR_S


def in_quiet(recording: Recording | None = None) -> str:
    """What is wrong in an hour without faults and without an operator; empty for nothing."""
    platform = platform_of(recording, sent_s=hours(1, 2, 6), mixed=True)
    platform.clock.run(_DAY_AND_MORE_S)
    ledger = platform.ledger
    wrong = {
        "a signal was refused": ledger.refusals,
        "a consumer misses a signal": missing(platform),
        "a function failed": ledger.counts["function errors"],
        "a message is a dead letter": ledger.counts["dead letters"],
        "a signal is in the quarantine": [
            q for q in platform.queues if q.endswith("-quarantine") and platform.queues[q].messages
        ],
        "a copy was dropped": [why for drops in ledger.dropped.values() for why in drops],
        "an alarm went off": [m for m in ledger.moments if "alarm" in m.text],
        "the endpoint left the primary": platform.failover.active != PRIMARY,
    }
    return next((f"in quiet, {what}: {found}" for what, found in wrong.items() if found), "")


def in_outages(recording: Recording) -> str:
    """What a witness of the proof loses, or may not send at all, with this recording alone; empty for nothing."""
    for schedule, refused in zip(WITNESSES, _refused_as_it_is(), strict=True):
        platform, _ = run(schedule, recording)
        if lost := missing(platform):
            return f"in {schedule.faults}, a consumer misses a signal: {lost}"
        if platform.ledger.counts["time-outs"]:
            return f"in {schedule.faults}, a function timed out"
        if _refused(platform) > refused:
            return f"in {schedule.faults}, more signals were refused"
    return ""


def of(recording: Recording) -> str:
    """The first harm that a changed recording does; empty for none.

    A stack that AWS would not take does none: it is not there.
    """
    try:
        return in_quiet(recording) or in_outages(recording)
    except CannotDeployError as error:
        return f"cannot be deployed: {error}"
    except BadEnvironmentError as error:
        return f"does not start: {error}"


@cache
def _refused_as_it_is() -> list[int]:
    return [_refused(run(schedule)[0]) for schedule in WITNESSES]


def _refused(platform: Platform) -> int:
    return sum(count for _, count in platform.ledger.refusals)
