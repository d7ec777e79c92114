"""What an operator does after an outage, as in docs/runbook.md, or does by mistake: redrive dead-letter queues, and
replay what replication cannot have delivered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import orjson

from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.times import timestamp
from signals.model import targets
from signals.model.blueprint import RulePlan
from signals.model.bus import LAG_S, MOST_REPLAYS, SimulatedArchive, TooManyReplaysError
from signals.model.clock import EPOCH, HOUR_S, MINUTE_S
from signals.model.event import Event
from signals.model.faults import FaultKind
from signals.model.functions import drain_rate
from signals.model.ledger import ids_in
from signals.model.pacing import Pacing
from signals.model.queues import QueuedMessage, SimulatedQueue
from signals.recover.comparison import BATCHES, PROBES, Hour, hours
from signals.recover.outage import alarm_periods
from signals.recover.plan import Slice, slices
from signals.recover.window import Evidence, Interval, Period, windows

if TYPE_CHECKING:
    from signals.model.platform import Platform

_PLANNED = "return"
_REDRIVES = 3
_QUIET_S = 10 * MINUTE_S
# CloudWatch keeps the history of an alarm for 30 days, and sums of hours for 455.
_HISTORY = timedelta(days=30)


class Operator:
    """Works through the runbook; `steps` are the commands that were needed.

    Args:
        platform: The platform.
        paced: Whether replays leave live signals their part of the primary's quota, as `signals replay` does.
    """

    def __init__(self, platform: Platform, *, paced: bool = True) -> None:
        self._platform, self._paced = platform, paced
        self.steps: list[str] = []

    def recover(self, after_s: float, *, replay: bool = True) -> None:
        """Follow the documented procedure until nothing is left to do.

        Args:
            after_s: When the last fault ended (s).
            replay: Whether to replay what `signals replay plan` says.
        """
        clock = self._platform.clock
        clock.run(max(clock.now, after_s + LAG_S + _QUIET_S))
        self._redrive_all()
        if replay:
            self.replay_as_planned()
        clock.run()
        self._redrive_all()
        clock.run()
        for archive in self._platform.archives:
            archive.held()  # what it no longer has is on record, though nobody asked for it

    def replay_as_planned(self) -> None:
        """`signals replay plan` and `start`, with what is known now."""
        found = windows(self.evidence())
        if found and found.windows:
            self._replay(found.windows, filtered=True)

    def evidence(self) -> Evidence:
        """What AWS shows: histories of alarms, completed replays, counts, and the failovers that were asked for."""
        platform, archive = self._platform, self._secondary_archive()
        endpoint, now = platform.blueprint.endpoint, platform.clock.moment()
        held = [f for f in platform.faults.schedule if f.kind == FaultKind.INVERTED and f.region == endpoint.primary]
        days = archive.plan.retention_days if archive else 0
        return Evidence(
            now=now,
            retention=timedelta(days=days) if days else None,
            alarm=self._periods(platform.failover.alarm_history),
            alarm_delay=timedelta(minutes=int(endpoint.alarm["evaluationPeriods"])),
            failovers=[
                (
                    platform.clock.moment(f.start_s),
                    platform.clock.moment(f.end_s) if f.end_s <= platform.clock.now else None,
                )
                for f in held
                if f.start_s <= platform.clock.now
            ],
            missed=self._periods(platform.probes.history[endpoint.primary]),
            missed_too=self._periods(platform.probes.history[endpoint.secondary]),
            received=self._received(),
            undelivered=[(at, at) for at, _ in platform.undelivered],
            replayed=[
                window
                for name, began, window in (archive.replayed if archive else ())
                if name.startswith(_PLANNED) and all(began > at for at, _ in platform.undelivered)
            ],
        )

    def _periods(self, history: Sequence[tuple[datetime, str]]) -> list[Period]:
        """When an alarm was in ALARM, as far as CloudWatch still knows."""
        now, archive = self._platform.clock.moment(), self._secondary_archive()
        days = archive.plan.retention_days if archive else 0
        known = [(at, state) for at, state in history if at >= now - _HISTORY]
        begun = [(at, f"{state}<{'OK' if state == 'ALARM' else 'ALARM'}") for at, state in known]
        return alarm_periods(begun, now - (timedelta(days=days) or _HISTORY))

    def _received(self) -> list[Hour]:
        """What both Regions received, by the metrics of the rules that both ingress buses have."""
        platform, endpoint = self._platform, self._platform.blueprint.endpoint
        regions, now = (endpoint.primary, endpoint.secondary), platform.clock.moment()

        def dated(counts: Mapping[int, int], weight: float = 1.0) -> dict[datetime, float]:
            return {platform.clock.moment(hour * HOUR_S): count * weight for hour, count in counts.items()}

        primary, secondary = (dated(platform.probes.seen(region)) for region in regions)
        found = hours(PROBES, primary, secondary, now)
        batch = {"source": INGEST_SOURCE, "detail-type": BATCH_TYPE, "account": platform.blueprint.account}
        rules = [r for region in regions for r in platform.blueprint.rules_on(region, endpoint.bus)]
        counted = {rule.region: rule.arn for rule in rules if rule.pattern.matches({**batch, "region": rule.region})}
        if len(counted) == len(regions):
            primary, secondary = (
                dated(platform.invocations.get(counted[region], {}), platform.event_weight) for region in regions
            )
            found += hours(BATCHES, primary, secondary, now)
        return found

    def replay(self, start_s: float, end_s: float, *, filtered: bool = True) -> None:
        """Replay the secondary's archive to the return path, in the slices that `signals replay` makes.

        Args:
            start_s: What came in from here on (s).
            end_s: Up to here.
            filtered: Whether FilterArns names the return path's rule; otherwise every rule of the bus gets the replay.
        """
        clock = self._platform.clock
        self._replay([(clock.moment(start_s), clock.moment(end_s))], filtered=filtered)

    def _replay(self, spans: Sequence[Interval], *, filtered: bool) -> None:
        archive, rule = self._secondary_archive(), self.return_rule()
        if archive is None or (filtered and rule is None):
            self._say("nothing can be replayed: there is no archive in the secondary, or no return path")
            return
        arns = [rule.arn] if filtered and rule else []
        waiting = deque(slices(_PLANNED if filtered else "unfiltered", spans))
        self._say(
            f"signals replay plan and start: what came in from {spans[0][0]:%Y-%m-%dT%H:%MZ} to "
            f"{spans[-1][1]:%Y-%m-%dT%H:%MZ}, {len(waiting)} slices"
        )
        start_next = partial(self._start_next, archive, arns, waiting)
        path = next((mapping for mapping in self._platform.mappings if mapping.is_return_path), None)
        if path and self._paced and self._platform.limits:
            Pacing(self._platform, path, lambda: bool(waiting) or archive.replaying)
        for _ in range(MOST_REPLAYS):
            start_next()

    def _start_next(self, archive: SimulatedArchive, arns: Collection[str], waiting: deque[Slice]) -> None:
        clock = self._platform.clock
        again = partial(self._start_next, archive, arns, waiting)
        if not waiting:
            return
        if self._backlog() > self._backlog_limit:
            clock.after(_QUIET_S, again)
            return
        part = waiting.popleft()
        from_s, to_s = ((moment - EPOCH).total_seconds() for moment in (part.start, part.end))
        try:
            ended_s = archive.start_replay(part.name, from_s, to_s, arns)
        except TooManyReplaysError:
            waiting.appendleft(part)
            ended_s = clock.now + MINUTE_S
        else:
            again = partial(self._go_on, archive, arns, waiting, part)
        clock.at(ended_s, again)

    def _go_on(self, archive: SimulatedArchive, arns: Collection[str], waiting: deque[Slice], ended: Slice) -> None:
        """Start the next slice, or one that failed again, as `signals replay start` does where it is run again."""
        if ended.name not in archive.failed:
            self._start_next(archive, arns, waiting)
            return
        waiting.appendleft(ended)
        self._platform.clock.after(_QUIET_S, partial(self._start_next, archive, arns, waiting))

    def _backlog(self) -> float:
        """Events in the return queue."""
        rule, queues = self.return_rule(), self._platform.queues
        held = sum(len(queues[target.arn].messages) for target in rule.targets if target.arn in queues) if rule else 0
        return held * self._platform.event_weight

    @cached_property
    def _backlog_limit(self) -> float:
        """The most events in the return queue at which the next slice is started: what it drains in an hour."""
        rule, mappings = self.return_rule(), self._platform.blueprint.mappings
        drains = [m for m in mappings if rule and m.queue_arn in {target.arn for target in rule.targets}]
        rates = [min(drain_rate(m), self._platform.return_rate or float("inf")) for m in drains]
        return max(rates, default=float("inf")) * HOUR_S

    def return_rule(self) -> RulePlan | None:
        """The rule in the secondary that matches replayed events only."""
        blueprint, endpoint = self._platform.blueprint, self._platform.blueprint.endpoint
        plain: dict[str, Any] = {"source": INGEST_SOURCE, "detail-type": BATCH_TYPE, "account": blueprint.account}
        plain["region"] = endpoint.secondary
        for rule in blueprint.rules_on(endpoint.secondary, endpoint.bus):
            if rule.pattern.matches({**plain, "replay-name": "replay"}) and not rule.pattern.matches(plain):
                return rule
        return None

    def _secondary_archive(self) -> SimulatedArchive | None:
        endpoint = self._platform.blueprint.endpoint
        return next(iter(self._platform.archives_of(endpoint.secondary, endpoint.bus)), None)

    def _redrive_all(self) -> None:
        for _ in range(_REDRIVES):
            if not self.redrive():
                return
            self._platform.clock.run(self._platform.clock.now + _QUIET_S)

    def redrive(self) -> int:
        """Redrive dead-letter queues, failure destinations and quarantine; returns the number of messages."""
        platform, sent, signals = self._platform, 0, 0
        sources = {q.plan.dead_letter_arn: q for q in platform.queues.values() if q.plan.dead_letter_arn}
        failed = {f.plan.on_failure_arn: f for f in platform.functions.values() if f.plan.on_failure_arn}
        for arn, queue in platform.queues.items():
            for message in queue.waiting():
                if arn in sources:
                    sources[arn].send(message.body, message.attributes)
                elif arn in failed:
                    failed[arn].invoke_later(orjson.dumps(orjson.loads(message.body)["requestPayload"]).decode())
                elif not (self._to_target(message) or self._from_quarantine(message, queue)):
                    continue
                queue.delete(message.id)
                sent += 1
                signals += len(ids_in(message.body))
        if signals:
            self._say(f"signals redrive: {signals * platform.signal_weight:,.0f} signals sent back")
        return sent

    def _to_target(self, message: QueuedMessage) -> bool:
        if "RULE_ARN" not in message.attributes:
            return False
        rule = next(r for r in self._platform.blueprint.rules if r.arn == message.attributes["RULE_ARN"])
        target = next(t for t in rule.targets if t.arn == message.attributes["TARGET_ARN"])
        seen = orjson.loads(message.body)
        event = Event(
            seen["id"],
            seen["source"],
            seen["detail-type"],
            orjson.dumps(seen["detail"]).decode(),
            seen["account"],
            seen["region"],
            rule.bus,
            self._platform.clock.now,
            tuple(seen["resources"]),
            replay=seen.get("replay-name"),
        )
        targets.invoke(event, rule, target, self._platform)
        return True

    def _from_quarantine(self, message: QueuedMessage, queue: SimulatedQueue) -> bool:
        """Send a signal that was quarantined as undelivered to the Region's ingress bus again, as a batch of one."""
        if message.attributes.get("reason") != "undelivered":
            return False
        platform, region = self._platform, queue.plan.region
        detail = {
            "batch_id": message.attributes["batch_id"],
            "source": message.attributes["source"],
            "received_at": timestamp(platform.clock.moment()),
            "region": region,
            "client": {},
            "signals": [orjson.loads(message.body)],
        }
        text = orjson.dumps(detail).decode()
        account, bus = platform.blueprint.account, platform.blueprint.endpoint.bus
        now = platform.clock.now
        platform.buses[region].accept(
            Event(platform.new_id(), INGEST_SOURCE, BATCH_TYPE, text, account, region, bus, now)
        )
        return True

    def _say(self, text: str) -> None:
        self.steps.append(text)
        self._platform.ledger.note(self._platform.clock.now, text, "recovery")
