"""What an operator does after an outage, as in docs/runbook.md, or does by mistake: redrive dead-letter queues, and
replay what replication cannot have delivered.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import orjson

from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.times import timestamp
from signals.model import targets
from signals.model.blueprint import RulePlan
from signals.model.bus import LAG_S, MOST_REPLAYS, SimulatedArchive, TooManyReplaysError
from signals.model.clock import EPOCH, HOUR_S, MINUTE_S
from signals.model.event import Event
from signals.model.functions import INVOCATION_S
from signals.model.ledger import ids_in
from signals.model.queues import QueuedMessage, SimulatedQueue
from signals.recover.plan import RETRY, slices

if TYPE_CHECKING:
    from signals.model.platform import Platform

REPLICATION_TRIES_S = RETRY.total_seconds()
_REDRIVES = 3
_QUIET_S = 10 * MINUTE_S


class Operator:
    """Works through the runbook; `steps` are the commands that were needed."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.steps: list[str] = []

    def recover(self, after_s: float, window: tuple[float, float] | None = None) -> None:
        """Follow the documented procedure until nothing is left to do.

        Args:
            after_s: When the last fault ended (s).
            window: What to replay if signals are missing then: what came in from one time to the other (s).
        """
        clock = self._platform.clock
        clock.run(max(clock.now, after_s + LAG_S + _QUIET_S))
        self._redrive_all()
        if window and self.missing(*window):
            self.replay(*window)
        clock.run()
        self._redrive_all()
        clock.run()

    def missing(self, start_s: float, end_s: float) -> int:
        """How many signals of a window are in the secondary's archive and not in the lake."""
        archive, lake = self._secondary_archive(), self._platform.ledger.lake
        held = [event for event in archive.held() if start_s <= event.time_s <= end_s] if archive else []
        return len({identity for event in held for identity in ids_in(event.detail) if identity not in lake})

    def replay(self, start_s: float, end_s: float, *, filtered: bool = True) -> None:
        """Replay the secondary's archive to the return path, in the slices that `signals replay` makes.

        Args:
            start_s: What came in from here on (s).
            end_s: Up to here.
            filtered: Whether FilterArns names the return path's rule; otherwise every rule of the bus gets the replay.
        """
        platform = self._platform
        archive, rule = self._secondary_archive(), self.return_rule()
        if archive is None or (filtered and rule is None):
            self._say("nothing can be replayed: there is no archive in the secondary, or no return path")
            return
        arns = [rule.arn] if filtered and rule else []
        first, last = platform.clock.moment(start_s), platform.clock.moment(end_s)
        waiting = deque(slices("return", first, last))
        self._say(
            f"signals replay plan and start: what came in from {first:%Y-%m-%dT%H:%MZ} to {last:%Y-%m-%dT%H:%MZ}, "
            f"{len(waiting)} slices"
        )

        def start_next() -> None:
            if not waiting:
                return
            if self._backlog() > self._backlog_limit():
                platform.clock.after(MINUTE_S, start_next)
                return
            part = waiting.popleft()
            from_s, to_s = ((moment - EPOCH).total_seconds() for moment in (part.start, part.end))
            try:
                ended_s = archive.start_replay(part.name, from_s, to_s, arns)
            except TooManyReplaysError:
                waiting.appendleft(part)
                ended_s = platform.clock.now + MINUTE_S
            platform.clock.at(ended_s, start_next)

        for _ in range(MOST_REPLAYS):
            start_next()

    def _backlog(self) -> float:
        """Events in the return queue."""
        rule, queues = self.return_rule(), self._platform.queues
        held = sum(len(queues[target.arn].messages) for target in rule.targets if target.arn in queues) if rule else 0
        return held * self._platform.event_weight

    def _backlog_limit(self) -> float:
        """The most events in the return queue at which the next slice is started: what it drains in an hour."""
        rule, mappings = self.return_rule(), self._platform.blueprint.mappings
        drains = [m for m in mappings if rule and m.queue_arn in {target.arn for target in rule.targets}]
        return max((m.concurrency * m.batch_size / INVOCATION_S * HOUR_S for m in drains), default=float("inf"))

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
