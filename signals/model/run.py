"""One outage from end to end: traffic before, during and after, the faults, the operator, the verdict."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random
from typing import Any

from handlers.shared.times import timestamp
from signals.model.clock import HOUR_S
from signals.model.code import Collaborators
from signals.model.ledger import ids_in
from signals.model.operator import REPLICATION_TRIES_S, Operator
from signals.model.platform import Assumptions, Platform
from signals.model.reading import read
from signals.model.report import Report, Step
from signals.model.scenarios import SCENARIOS, seconds
from signals.model.traffic import Clients, signal
from signals.recording.resources import Recording

# Clients' batches fill an entry of the ingress bus with so many signals: `make bench` measures it.
SIGNALS_PER_EVENT = 25
_BEFORE_S, _AFTER_S = 1 * HOUR_S, 2 * HOUR_S
# `signals replay plan` takes what is almost 24 hours old to be given up too.
_MARGIN_S = 1 * HOUR_S
ASSUMPTIONS = (
    "EventBridge's managed replication rule takes what came in through the endpoint, and no replays",
    "the pauses between its retries grow to 488 s, so that 185 fill 24 hours",
    "what EventBridge accepted outlasts an ill Region and goes on afterwards",
    "clients of the endpoint follow its health check within a minute",
    "a replay brings 5,000 events a second, half the quota of PutEvents",
    f"an entry on the ingress bus holds {SIGNALS_PER_EVENT} signals, an invocation lasts 0.25 s",
)


def run(
    stack: str = "prod",
    outage: str = "30h",
    signals_per_day: float = 400e6,
    *,
    sample: int = 4_000,
    replay: bool = True,
    scenario: str = "eventbridge",
    seed: int = 0,
    recording: Recording | None = None,
    collaborators: Collaborators | None = None,
    assumptions: Assumptions | None = None,
) -> Report:
    """Take a stack through an outage.

    Args:
        stack: Name of the stack, whose recording is the platform.
        outage: How long it lasts (`45m`, `30h`, `35d`).
        signals_per_day: Load.
        sample: Signals of the model, which stand for all of them.
        replay: Whether the operator replays what replication cannot have delivered.
        scenario: What fails: a key of `scenarios.SCENARIOS`.
        seed: Of what is left to chance.
        recording: Instead of the stack's own.
        collaborators: What the functions work with.
        assumptions: How to read what AWS does not document.

    Raises:
        ValueError: No such scenario, or no duration.
        CannotDeployError: AWS would not take the stack.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"there is no scenario {scenario!r}: choose one of {', '.join(SCENARIOS)}")
    outage_s = seconds(outage)
    if recording is None:
        from signals.recording.record import record

        recording = record(stack)
    plan = read(recording)
    start_s = _BEFORE_S + Random(seed).uniform(0, 60)
    end_s, length_s = start_s + outage_s, _BEFORE_S + outage_s + _AFTER_S
    weight = max(1.0, signals_per_day * length_s / 86_400 / sample)
    regions = (plan.endpoint.primary, plan.endpoint.secondary)
    platform = Platform(
        plan,
        SCENARIOS[scenario](*regions, start_s, end_s),
        seed=seed,
        signal_weight=weight,
        signals_per_event=SIGNALS_PER_EVENT,
        collaborators=collaborators,
        assumptions=assumptions,
    )
    _send(platform, sample, length_s)
    platform.ledger.say(start_s, "outage", f"{scenario}: the outage begins")
    platform.ledger.say(end_s, "recovered", f"{scenario}: the outage ends")
    operator = Operator(platform)
    # What came in during the last 24 hours of the outage is still being replicated when it ends.
    missing_until_s = end_s - REPLICATION_TRIES_S + _MARGIN_S
    operator.recover(end_s, (start_s, missing_until_s) if replay and outage_s > REPLICATION_TRIES_S else None)
    verdict = _verdict(platform, start_s, end_s, weight)
    return Report(
        stack=stack,
        scenario=scenario,
        outage_s=outage_s,
        signals_per_day=signals_per_day,
        weight=weight,
        seed=seed,
        timeline=tuple(_timeline(platform, start_s)),
        operator=tuple(operator.steps),
        assumptions=ASSUMPTIONS,
        **verdict,
    )


def _send(platform: Platform, sample: int, length_s: float) -> None:
    clients, regions = Clients(platform), (platform.blueprint.endpoint.primary, platform.blueprint.endpoint.secondary)

    def send(number: int) -> None:
        clients.send(regions[number % 2], signal(number, timestamp(platform.clock.moment())))

    for number in range(sample):
        platform.clock.at(number * length_s / sample, partial(send, number))


def _verdict(platform: Platform, start_s: float, end_s: float, weight: float) -> dict[str, Any]:
    ledger, endpoint = platform.ledger, platform.blueprint.endpoint

    def many(count: int) -> int:
        return round(count * weight)

    def first(kind: str, from_s: float, since_s: float) -> float | None:
        return next((m.at_s - since_s for m in ledger.moments if m.kind == kind and m.at_s >= from_s), None)

    before = [ledger.arrived.get(identity, 0.0) for identity, at_s in ledger.acknowledged.items() if at_s < end_s]
    return {
        "acknowledged": many(len(ledger.acknowledged)),
        "delivered": many(len(ledger.acknowledged) - len(ledger.lost)),
        "duplicates": many(ledger.duplicates),
        "lost": many(len(ledger.lost)),
        "not_acknowledged": many(sum(ledger.unanswered.values())),
        "detected_s": first("alarm", start_s, start_s),
        "routed_s": first(f"routed to {endpoint.secondary}", start_s, start_s),
        "returned_s": first(f"routed to {endpoint.primary}", end_s, end_s),
        "complete_s": max(0.0, max(before, default=end_s) - end_s) if not ledger.lost else None,
        "lost_by": {why: many(count) for why, count in sorted(reasons(platform).items())},
        "observed": {what: many(count) for what, count in sorted(ledger.counts.items())},
    }


def reasons(platform: Platform) -> Counter[str]:
    """Why signals were lost: what the last copy of each perished of, or where one still waits."""
    waiting = {
        identity: f"waiting in {queue.plan.name} ({queue.plan.region})"
        for queue in platform.queues.values()
        for message in queue.waiting()
        for identity in ids_in(message.body)
    }
    archived = {
        identity: f"only in the archive in {archive.plan.region}"
        for archive in platform.archives
        for event in archive.held()
        for identity in ids_in(event.detail)
    }
    found: Counter[str] = Counter()
    for identity in platform.ledger.lost:
        perished = platform.ledger.perished.get(identity)
        why = perished[-1].why if perished else "never seen again"
        found[waiting.get(identity) or (f"{archived[identity]}: {why}" if identity in archived else why)] += 1
    return found


def _timeline(platform: Platform, start_s: float) -> list[Step]:
    return [
        Step(moment.at_s - start_s, moment.kind, moment.text)
        for moment in sorted(platform.ledger.moments, key=lambda moment: moment.at_s)
    ]
