"""One outage from end to end: traffic before, during and after it, the faults, the operator, and the report."""

from collections import Counter
from dataclasses import replace
from functools import partial
from random import Random

from handlers.shared.times import timestamp
from signals.model.blueprint import read
from signals.model.clock import DAY_S, HOUR_S, parse_duration
from signals.model.ledger import ids_in
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.model.queues import READ_AFTER_S
from signals.model.report import DrillReport, MomentKind
from signals.model.scenarios import scenario_named
from signals.model.traffic import Clients, signal
from signals.recording.resources import Recording

# Clients' batches fill an entry of the ingress bus with so many signals: `make bench` measures it.
SIGNALS_PER_EVENT = 25
_BEFORE_S, _AFTER_S = 1 * HOUR_S, 2 * HOUR_S
ASSUMPTIONS = (
    "EventBridge's managed replication rule replicates what entered through the endpoint, and no replays",
    "its retries back off to 488 s, so that 185 of them take 24 hours",
    "events that EventBridge accepted survive a Regional outage and are delivered after it",
    "the endpoint's name follows its health check within a minute, and functions that name within another",
    "a replay delivers 5,000 events a second, half the quota of PutEvents",
    f"consumers read their queues within {READ_AFTER_S / DAY_S:g} days",
    f"an entry on the ingress bus holds {SIGNALS_PER_EVENT} signals, an invocation takes 0.25 s",
)


def run(
    stack: str = "prod",
    outage: str = "30h",
    signals_per_day: float = 400e6,
    *,
    sample: int = 4_000,
    replay: bool = True,
    scenario: str | None = None,
    seed: int = 0,
    recording: Recording | None = None,
) -> DrillReport:
    """Take a stack through an outage.

    Args:
        stack: Name of the stack whose recording is modelled.
        outage: How long it lasts (`45m`, `30h`, `35d`).
        signals_per_day: Load.
        sample: Signals of the model, which stand for all of them.
        replay: Whether the operator replays what replication cannot have delivered.
        scenario: What fails: a name or alias in `scenarios.SCENARIOS`; by default EventBridge in the primary.
        seed: Of everything random.
        recording: Instead of the stack's own.

    Raises:
        Misuse: No such scenario, or not a duration.
        CannotDeployError: AWS would refuse the stack.
    """
    chosen, outage_s = scenario_named(scenario), parse_duration(outage).total_seconds()
    if recording is None:
        from signals.recording.record import record

        recording = record(stack)
    plan = read(recording)
    start_s = _BEFORE_S + Random(seed).uniform(0, 60)
    end_s, length_s = start_s + outage_s, _BEFORE_S + outage_s + _AFTER_S
    weight = max(1.0, signals_per_day * length_s / 86_400 / sample)
    platform = Platform(
        plan,
        chosen.schedule(plan.endpoint.primary, plan.endpoint.secondary, start_s, end_s),
        seed=seed,
        signal_weight=weight,
        signals_per_event=SIGNALS_PER_EVENT,
    )
    _send(platform, sample, length_s)
    platform.ledger.note(start_s, "the outage begins", "fault")
    platform.ledger.note(end_s, "the outage ends", "healed")
    operator = Operator(platform)
    operator.recover(end_s, replay=replay)

    def after_start(kind: MomentKind, text: str = "") -> float | None:
        return next((m.seconds for m in moments if m.kind == kind and m.text.endswith(text) and m.seconds >= 0), None)

    ledger = platform.ledger
    moments = tuple(replace(m, seconds=m.seconds - start_s) for m in sorted(ledger.moments, key=lambda m: m.seconds))
    return DrillReport(
        stack=stack,
        scenario=chosen.name,
        about=f"{chosen.name} for {outage_s / HOUR_S:g} h at {signals_per_day:,.0f} signals a day",
        began=None,
        duration_s=max(moment.seconds for moment in moments),
        moments=moments,
        lanes=(),
        verdict=ledger.verdict(
            weight=weight,
            seconds_to_detect=after_start("detected"),
            seconds_to_route=after_start("routed", plan.endpoint.secondary),
            notes=(
                f"one signal in the model stands for {weight:,.0f}; seed {seed}",
                *(f"{round(n * weight):,} lost: {why}" for why, n in sorted(reasons(platform).items())),
                *(f"operator: {step}" for step in operator.steps),
                *(f"assumption: {assumption}" for assumption in ASSUMPTIONS),
            ),
        ),
        outage=(0.0, outage_s),
    )


def _send(platform: Platform, sample: int, length_s: float) -> None:
    clients, regions = Clients(platform), (platform.blueprint.endpoint.primary, platform.blueprint.endpoint.secondary)

    def send(number: int) -> None:
        clients.send(regions[number % 2], signal(number, timestamp(platform.clock.moment())))

    for number in range(sample):
        platform.clock.at(number * length_s / sample, partial(send, number))


def reasons(platform: Platform) -> Counter[str]:
    """Why signals were lost: why the last copy of each was dropped, or where one still waits."""
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
        dropped = platform.ledger.dropped.get(identity)
        why = dropped[-1].why if dropped else "never seen again"
        found[waiting.get(identity) or (f"{archived[identity]}: {why}" if identity in archived else why)] += 1
    return found
