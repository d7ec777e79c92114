"""One outage from end to end: traffic before, during and after it, the faults, the operator, and the report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from components.aws_quotas import Quota
from handlers.shared.contract import SIGNAL_SOURCE
from handlers.shared.times import timestamp
from signals.aws.quotas import overridden
from signals.model.blueprint import Blueprint, RulePlan, TargetPlan, read
from signals.model.capacity import Limits
from signals.model.clock import DAY_S, EPOCH, HOUR_S, parse_duration, parse_outages
from signals.model.functions import drain_rate
from signals.model.ledger import ids_in
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.model.queues import READ_AFTER_S
from signals.model.report import DrillReport, MomentKind
from signals.model.scenarios import scenario_named
from signals.model.traffic import Clients, signal
from signals.recording.resources import Recording
from signals.recover.speed import SIGNALS_PER_EVENT, Load, Speed, recovery_speed

_BEFORE_S, _AFTER_S = 1 * HOUR_S, 2 * HOUR_S
ASSUMPTIONS = (
    "EventBridge's managed replication rule replicates what entered through the endpoint, and no replays",
    "its retries back off to 488 s, so that 185 of them take 24 hours",
    "events that EventBridge accepted survive a Regional outage and are delivered after it",
    "the endpoint's name follows its health check within a minute, and functions that name within another",
    "invocations beyond EventBridge's quota are started in the order in which they were created",
    "a replay delivers 5,000 events a second, half the quota of PutEvents",
    f"consumers read their queues within {READ_AFTER_S / DAY_S:g} days",
    f"an entry on the ingress bus holds {SIGNALS_PER_EVENT} signals, an invocation takes 0.25 s",
)


def run(
    stack: str = "prod",
    outage: str = "30h",
    signals_per_day: float = 400e6,
    *,
    outages: str | None = None,
    quotas: Sequence[str] = (),
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
        outages: Several outages in place of the one, as `0h-30h,33h-33h20m`.
        quotas: What the account has in place of AWS's defaults, as `put_events=20000`.
        sample: Signals of the model, which stand for all of them.
        replay: Whether the operator replays what replication cannot have delivered.
        scenario: What fails: a name or alias in `scenarios.SCENARIOS`; by default EventBridge in the primary.
        seed: Of everything random.
        recording: Instead of the stack's own.

    Raises:
        Misuse: No such scenario, or not a duration.
        CannotDeployError: AWS would refuse the stack.
    """
    chosen = scenario_named(scenario)
    pieces = parse_outages(outages) if outages else [(0.0, parse_duration(outage).total_seconds())]
    outage_s = pieces[-1][1]
    if recording is None:
        from signals.recording.record import record

        recording = record(stack)
    plan = read(recording)
    start_s = _BEFORE_S + Random(seed).uniform(0, 60)
    end_s, length_s = start_s + outage_s, _BEFORE_S + outage_s + _AFTER_S
    offered = signals_per_day * length_s / DAY_S
    sample = min(sample, max(1, round(offered)))
    weight = max(1.0, offered / sample)
    allowed, regions = overridden(quotas), (plan.endpoint.primary, plan.endpoint.secondary)
    load, return_rate = _load(plan, signals_per_day / DAY_S), _return_rate(plan)
    speed = recovery_speed(load, allowed, plan.endpoint.primary, return_path=return_rate)
    # What the quota of invocations leaves, the return path finds out by itself, as on AWS.
    rest = {name: quota for name, quota in allowed.items() if name != "invocations"}
    others = recovery_speed(load, rest, plan.endpoint.primary, return_path=return_rate)
    platform = Platform(
        plan,
        [f for start, end in pieces for f in chosen.schedule(*regions, start_s + start, start_s + end)],
        seed=seed,
        signal_weight=weight,
        signals_per_event=SIGNALS_PER_EVENT,
        return_rate=others.events_per_second,
        limits=Limits(allowed["invocations"], length_s / sample, 1 + load.signals_per_event * load.targets_per_signal),
    )
    _send(platform, sample, length_s)
    # Clients send on while it recovers; no more of their signals are followed.
    share = speed.live_share["invocations"] * allowed["invocations"].of(plan.endpoint.primary)
    if speed.events_per_second:  # beyond the quota what waits would never come to an end
        platform.clock.at(length_s, partial(platform.capacity[plan.endpoint.primary].steady, "live", share))
    for start, end in pieces:
        platform.ledger.note(start_s + start, "the outage begins", "fault")
        platform.ledger.note(start_s + end, "the outage ends", "healed")
    operator = Operator(platform)
    operator.recover(end_s, replay=replay and speed.events_per_second > 0)

    def after_start(kind: MomentKind, text: str = "") -> float | None:
        return next((m.seconds for m in moments if m.kind == kind and m.text.endswith(text) and m.seconds >= 0), None)

    ledger = platform.ledger
    moments = tuple(replace(m, seconds=m.seconds - start_s) for m in sorted(ledger.moments, key=lambda m: m.seconds))
    return DrillReport(
        stack=stack,
        scenario=chosen.name,
        about=f"{chosen.name} {_named(pieces)} at {signals_per_day:,.0f} signals a day",
        began=None,
        duration_s=max(moment.seconds for moment in moments),
        moments=moments,
        lanes=(),
        verdict=ledger.verdict(
            weight=weight,
            seconds_to_detect=after_start("detected"),
            seconds_to_route=after_start("routed", plan.endpoint.secondary),
            seconds_to_recover=_recovered_s(platform, end_s),
            undelivered=_undelivered(platform, weight),
            lost_to={things: round(n * weight) for things, n in sorted(culprits(platform).items())},
            notes=(
                f"one signal in the model stands for {weight:,.0f}; seed {seed}",
                *_speed_notes(speed, allowed, plan.endpoint.primary),
                *_waits(platform),
                *(f"{round(n * weight):,} lost: {why}" for why, n in sorted(reasons(platform).items())),
                *(f"operator: {step}" for step in operator.steps),
                *(f"assumption: {assumption}" for assumption in ASSUMPTIONS),
            ),
        ),
        outage=(0.0, outage_s),
    )


def _named(pieces: Sequence[tuple[float, float]]) -> str:
    if len(pieces) == 1:
        return f"for {pieces[0][1] / HOUR_S:g} h"
    return "at " + ", ".join(f"{start / HOUR_S:.3g} h to {end / HOUR_S:.3g} h" for start, end in pieces)


def _targets(plan: Blueprint, number: int) -> list[tuple[RulePlan, TargetPlan]]:
    """What the model's nth signal goes to from the data buses of both Regions."""
    sent = signal(number, timestamp(EPOCH))
    event = {"source": SIGNAL_SOURCE, "detail-type": sent["type"], "account": plan.account, "detail": sent}
    rules = [rule for rule in plan.rules if rule.bus != plan.endpoint.bus]
    matching = [rule for rule in rules if rule.pattern.matches({**event, "region": rule.region})]
    return [(rule, target) for rule in matching for target in rule.targets]


def _load(plan: Blueprint, signals_per_second: float) -> Load:
    """What the primary works on beside a replay; a signal goes to as many consumers as the model's do on average."""
    samples = 30
    arns = [
        target.arn
        for number in range(samples)
        for rule, target in _targets(plan, number)
        if rule.region == plan.endpoint.primary
    ]
    functions = sum(arn.split(":")[2] == "lambda" for arn in arns)
    return Load(signals_per_second, SIGNALS_PER_EVENT, len(arns) / samples, functions / samples)


def _return_rate(plan: Blueprint) -> float:
    """Events a second that the return path's function can work through."""
    folders = {function.arn: function.folder for function in plan.functions}
    return max((drain_rate(m) for m in plan.mappings if folders.get(m.function_arn) == "return_path"), default=0.0)


def _speed_notes(speed: Speed, allowed: Mapping[str, Quota], region: str) -> tuple[str, str]:
    shares = ", ".join(f"{share:.0%} of {name}" for name, share in sorted(speed.live_share.items()))
    text = f"recovery: {speed.events_per_second:,.0f} events a second, as the return path can"
    if speed.binding in allowed:
        quota = f"the quota {speed.binding} ({allowed[speed.binding].of(region):,.0f})"
        text = f"recovery: {speed.events_per_second:,.0f} events a second, {quota} binds"
        if not speed.events_per_second:
            text = f"recovery: cannot be done, live signals leave nothing of {quota}: raise it (`--quota`)"
    return text, f"live signals take {shares}"


def _waits(platform: Platform) -> list[str]:
    """How long invocations waited for the account's quota, by Region."""
    return [
        f"the quota invocations delayed what {region} started by up to {invocations.longest_wait_s / HOUR_S:.1f} h"
        for region, invocations in platform.capacity.items()
        if invocations.longest_wait_s >= HOUR_S / 20
    ]


def _recovered_s(platform: Platform, end_s: float) -> float | None:
    """From the end of the last outage until the last signal acknowledged before it was in the lake (s)."""
    ledger = platform.ledger
    arrived = [ledger.lake[i][0] for i, (at, _) in ledger.acknowledged.items() if at <= end_s and i in ledger.lake]
    return max(0.0, max(arrived, default=end_s) - end_s) if arrived else None


def _missing(platform: Platform) -> list[tuple[str, str]]:
    """Acknowledged signals with each consumer, the lake among them, that should have one and does not."""
    ledger = platform.ledger
    return [
        (identity, consumer)
        for identity in ledger.acknowledged
        for consumer in {rule.name for rule, _ in _targets(platform.blueprint, int(identity.removeprefix("s-")))}
        if identity not in ledger.reached[consumer]
    ]


def _undelivered(platform: Platform, weight: float) -> dict[str, int]:
    """By consumer, how many it misses; only consumers that miss any."""
    found = Counter(consumer for _, consumer in _missing(platform))
    return {consumer: round(count * weight) for consumer, count in sorted(found.items())}


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


def culprits(platform: Platform) -> Counter[str]:
    """Signals that a consumer misses, by what together cost them their copies: `replication … + sqs us-west-2`."""
    missing = {identity for identity, _ in _missing(platform)}
    return Counter(" + ".join(platform.ledger.failing(identity)) or "nothing that failed" for identity in missing)
