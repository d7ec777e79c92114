"""What every real stack offers a drill: its ways in, its endpoint, its failure queues, its replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import httpx

from signals.drill.ground import Tell
from signals.drill.traffic import Answer, Signal
from signals.errors import Failed
from signals.observe import apis
from signals.observe.health import Endpoint, endpoint
from signals.observe.send import send
from signals.recover import failover, redrive, replay
from signals.stack import Stack

_CLIENT_TIMEOUT_S = 35.0


class Stage:
    """A deployed stack; `local.LocalGround` and `aws.AwsGround` add what differs.

    Args:
        stack: The stack.
        key: A write key.
    """

    def __init__(self, stack: Stack, key: str) -> None:
        self._stack, self._key = stack, key
        self.stack = stack.name
        self.regions = stack.regions
        self._urls = self._ways_in()
        self.doors = tuple(self._urls)

    def _ways_in(self) -> dict[str, str]:
        """URL of each way in: the primary's clients use the public name, so that they are sent elsewhere if need be."""
        public = apis.url_for(self._stack, None)
        if self._stack.settings.domain:
            return {"public": public}
        return {self._stack.primary: public, self._stack.secondary: apis.url_for(self._stack, self._stack.secondary)}

    def ready(self) -> None:
        found = self._endpoint()
        if found.health_check.inverted or found.health_check.disabled:
            raise Failed(
                f"health check {found.health_check.id} is inverted or disabled already: "
                f"run `signals failover stop --stack {self.stack}` first"
            )
        if found.active_region != self._stack.primary:
            raise Failed(
                f"the endpoint sends to {found.active_region}: a drill begins with a healthy primary "
                f"(`signals failover status --stack {self.stack}`)"
            )

    def post(self, door: str, signals: Sequence[Signal]) -> Answer:
        """Send once; the front door says which Region answered."""
        answers: list[httpx.Response] = []
        client = httpx.Client(timeout=_CLIENT_TIMEOUT_S, event_hooks={"response": [answers.append]})

        def no_second_try(_: float) -> None:
            raise _OnceError

        try:
            results = list(send(list(signals), url=self._urls[door], key=self._key, client=client, sleep=no_second_try))
        except (_OnceError, Failed, httpx.HTTPError):
            return _answer(answers, door, self._taken(answers))
        accepted = frozenset(result.id for result in results if result.accepted)
        return _answer(answers, door, accepted)

    @staticmethod
    def _taken(answers: Sequence[httpx.Response]) -> frozenset[str]:
        """What an answer that asks for patience has acknowledged all the same."""
        try:
            told = answers[-1].json().get("results", []) if answers else []
            return frozenset(result["id"] for result in told if result["status"] == "accepted")
        except (ValueError, AttributeError, KeyError, TypeError):
            return frozenset()

    def fail_over(self, tell: Tell) -> None:
        failover.start(self._stack, on_event=lambda progress: tell(progress.text), by="signals drill")

    def fail_back(self, tell: Tell) -> None:
        failover.stop(self._stack, on_event=lambda progress: tell(progress.text), by="signals drill")

    def redrive(self, tell: Tell) -> int:
        sent = 0
        for group in redrive.groups(self._stack):
            # The quarantine holds what cannot be processed, not what was unlucky.
            if group.queue == f"{self._stack.settings.name}-quarantine":
                continue
            done = [o for o in redrive.send(self._stack, group.region, group.queue) if o.problem is None]
            sent += len(done)
            if done:
                tell(f"{len(done)} messages of {group.queue} ({group.region}) are sent back")
        return sent

    def replay(self, start: datetime, end: datetime, tell: Tell) -> None:
        plan = replay.plan(self._stack, start, end, whole=True)
        held = plan.archives.get(self._stack.secondary)
        events = held.events if held else 0
        tell(f"plan {plan.id}: {events} events, {plan.duplicates} signals of them for the second time")
        if self._stack.local:
            # The window's end is rounded up to a minute that may not have begun: nothing more comes into it here.
            plan = plan.model_copy(update={"ready_at": end})
        replay.start(self._stack, plan)
        for _ in replay.watch(self._stack, plan):
            pass  # until all is replayed and nothing waits
        tell("the window is replayed and the return queue is empty")

    def restore(self) -> None:
        """The health check as the metric has it, whatever happened."""
        found = self._endpoint().health_check
        if found.inverted or found.disabled:
            failover.stop(self._stack, wait=False, by="signals drill")
            found = self._endpoint().health_check
        if found.inverted or found.disabled:
            raise Failed(f"health check {found.id} is still held: run `signals failover stop --stack {self.stack}`")

    def notes(self) -> tuple[str, ...]:
        return ()

    def _endpoint(self) -> Endpoint:
        found = endpoint(self._stack)
        if found is None:
            raise Failed(f"stack {self.stack!r} is not deployed: run `signals up --stack {self.stack}` first")
        return found


class _OnceError(Exception):
    """A drill counts every attempt itself."""


def _answer(answers: Sequence[httpx.Response], door: str, acknowledged: frozenset[str]) -> Answer:
    if not answers:
        return Answer(acknowledged, door, 0)
    return Answer(acknowledged, answers[-1].headers.get("x-signals-region", door), answers[-1].status_code)
