"""The platform in virtual time: a blueprint, a schedule of faults, and the state of every service."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random

from signals.model.blueprint import Blueprint, RulePlan
from signals.model.bus import EventBridge, SimulatedArchive
from signals.model.capacity import Invocations, Limits
from signals.model.clock import HOUR_S, VirtualClock
from signals.model.code import Collaborators, runner
from signals.model.failover import EndpointRouting
from signals.model.faults import Fault, FaultSchedule
from signals.model.functions import SimulatedFunction, SimulatedMapping
from signals.model.ledger import Drop, Ledger, ids_in
from signals.model.probes import ProbeAlarms
from signals.model.queues import SimulatedQueue
from signals.model.tables import Tables
from signals.model.targets import LONGEST_PAUSE_S, RetrySchedule


class Platform:
    """One run of the model.

    Args:
        blueprint: The deployed platform.
        faults: What fails, and when.
        seed: Of everything random.
        signal_weight: How many signals of the real platform one of the model stands for.
        signals_per_event: How many of those share an entry on the ingress bus.
        collaborators: What functions work with.
        managed_rule_ignores_replays: See `replication`: AWS does not document it.
        return_rate: Events a second that the return path may bring back; None: as many as its function can.
        limits: What the account allows; None: no limit is reached.
        longest_pause_s: Between two tries of EventBridge (s); see `targets`: AWS does not document it.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        faults: Sequence[Fault] = (),
        *,
        seed: int = 0,
        signal_weight: float = 1.0,
        signals_per_event: float = 1.0,
        collaborators: Collaborators | None = None,
        managed_rule_ignores_replays: bool = True,
        return_rate: float | None = None,
        limits: Limits | None = None,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self.blueprint, self.signal_weight = blueprint, signal_weight
        self.event_weight = signal_weight / signals_per_event
        self.collaborators = collaborators or Collaborators()
        self.managed_rule_ignores_replays = managed_rule_ignores_replays
        self.return_rate, self.limits = return_rate, limits
        # Whether what is put on a bus now comes from the return path.
        self.paced = False
        self.retries = RetrySchedule(longest_pause_s)
        self.rng = Random(seed)
        self.clock, self.ledger, self.faults = VirtualClock(), Ledger(), FaultSchedule(faults, self.rng)
        # InvocationsFailedToBeSentToDlq and DestinationDeliveryFailures: when, and in which Region.
        self.undelivered: list[tuple[datetime, str]] = []
        # By ARN of a rule of the ingress buses: its metric Invocations, by hour since the start.
        self.invocations: dict[str, Counter[int]] = {}
        self._numbers = 0
        regions = {blueprint.endpoint.primary, blueprint.endpoint.secondary} | {
            b.split(":")[3] for b in blueprint.buses
        }
        self.tables = Tables(self, sorted(regions))
        self.capacity = (
            {r: Invocations(limits.invocations.of(r), limits.apart_s, self.clock) for r in sorted(regions)}
            if limits
            else {}
        )
        self.buses = {region: EventBridge(region, self) for region in sorted(regions)}
        self.archives = [SimulatedArchive(plan, self) for plan in blueprint.archives]
        self.queues = {plan.arn: SimulatedQueue(plan, self) for plan in blueprint.queues}
        self.queues_by_url = {queue.plan.url: queue for queue in self.queues.values()}
        self.functions = {plan.arn: SimulatedFunction(plan, runner(plan, self), self) for plan in blueprint.functions}
        for arn, consumer in blueprint.consumer_queues.items():
            if arn in self.queues:
                self.queues[arn].read_by(consumer)
        self.mappings = [
            SimulatedMapping(plan, self.queues[plan.queue_arn], self.functions[plan.function_arn], self)
            for plan in blueprint.mappings
            if plan.enabled
        ]
        self.failover = EndpointRouting(self)
        self.probes = ProbeAlarms(self)
        for boundary in self.faults.boundaries:
            self.clock.at(boundary, self.failover.wake)

    def drop(self, text: str, why: str, *, limit_s: float | None = None, at_s: float | None = None) -> None:
        """Record that a copy of the signals in `text` is dropped, now if not before; see `Drop`."""
        now, known = self.clock.now if at_s is None else at_s, self.ledger.acknowledged
        # A copy that a limit ended waited for all that failed since clients sent the signals.
        sent_s = min((known[identity][0] for identity in ids_in(text) if identity in known), default=now)
        failing = self.faults.failing(sent_s if limit_s else now, now)
        self.ledger.drop(text, Drop(why, now, limit_s, failing))

    def given_up(self, region: str) -> None:
        """Count an event that a dead-letter queue or failure destination could not take, as CloudWatch does."""
        self.undelivered.append((self.clock.moment(), region))

    def invoked(self, rule: RulePlan) -> None:
        """Count an invocation that succeeded or failed permanently, as CloudWatch does for each rule."""
        if rule.bus == self.blueprint.endpoint.bus:
            self.invocations.setdefault(rule.arn, Counter())[int(self.clock.now // HOUR_S)] += 1

    def replayed(self, events_per_second: float) -> None:
        """Say how many events the return path sends to the primary from now on."""
        if self.limits:
            primary = self.capacity[self.blueprint.endpoint.primary]
            primary.steady("return path", events_per_second * self.limits.replayed)

    def new_id(self) -> str:
        """An id that is unique in this run."""
        self._numbers += 1
        return f"{self._numbers:032x}"

    def archives_of(self, region: str, bus: str) -> list[SimulatedArchive]:
        return [archive for archive in self.archives if (archive.plan.region, archive.plan.bus) == (region, bus)]

    def unchanged_until(self) -> float:
        """Until when a call that fails now is certain to fail again (s)."""
        now = self.clock.now
        if not self.faults.certain(now):
            return now
        return max(now, min(self.faults.next_change(now), self.failover.unchanged_until()))
