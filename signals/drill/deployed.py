"""What a drill needs of a stack: entry points, endpoint, queues and replay."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import httpx

from signals.drill.traffic import Answer
from signals.errors import Failed
from signals.model.scenarios import Scenario
from signals.observe import apis
from signals.observe.health import deployed_endpoint
from signals.observe.inputs import Signal
from signals.observe.send import RETRIED, disconnect, post
from signals.recover import failover, redrive, replay
from signals.recover.plan import make_plan
from signals.stack import Stack

_CLIENT_TIMEOUT_S = 35.0
Notify = Callable[[str], None]


class ArchivedSignal(NamedTuple):
    """A signal in an archive: its id, when it entered a bus (UTC), and that bus's Region."""

    id: str
    at: datetime
    region: str


class DeployedEnvironment:
    """A deployed stack; `LocalEnvironment` and `AwsEnvironment` add what differs, `tests/drill` has one in memory.

    Args:
        stack: The stack.
        key: A write key.
    """

    def __init__(self, stack: Stack, key: str) -> None:
        self._stack, self._key = stack, key
        self.stack = stack.name
        self.regions = stack.regions
        # The primary's clients use the public name, so that they can be routed elsewhere.
        public = apis.url_for(stack, None)
        if stack.settings.domain:
            self._urls = {"public": public}
        else:
            self._urls = {stack.primary: public, stack.secondary: apis.url_for(stack, stack.secondary)}
        self.entry_points = tuple(self._urls)
        self._clients: dict[str, httpx.Client] = {}

    def check_ready(self) -> None:
        """Raise Failed, saying what to do, unless the stack is healthy and nobody else drills it."""
        found = deployed_endpoint(self._stack)
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

    def post(self, entry_point: str, signals: Sequence[Signal]) -> Answer:
        """Send signals once; a header of the response names the Region that answered.

        An entry point's client keeps its connection, as producers do, until a request is refused.
        """
        try:
            response, results = post(self._client(entry_point), self._urls[entry_point], self._key, list(signals))
        except httpx.HTTPError:
            return Answer(frozenset(), entry_point)
        if response.status_code in RETRIED:
            disconnect(response)
        # An answer that asks for a retry may have acknowledged some of them.
        acknowledged = frozenset(result.id for result in results if result.accepted)
        return Answer(acknowledged, response.headers.get("x-signals-region", entry_point))

    def _client(self, entry_point: str) -> httpx.Client:
        if entry_point not in self._clients:
            self._clients[entry_point] = httpx.Client(timeout=_CLIENT_TIMEOUT_S, headers=self._stack.aws.headers)
        return self._clients[entry_point]

    def inject(self, scenario: Scenario) -> None:
        """Inject the scenario's fault: the embedded AWS takes one, AWS does not."""
        raise Failed(f"{scenario.name} injects a fault: rehearse it on the local stack")

    def symptom(self, scenario: Scenario, late: int) -> str | None:  # noqa: ARG002
        """What shows the fault, in words, or None; `late` signals are not in the lake in time."""
        return None

    def clear_fault(self) -> None:
        """Remove the fault, if one was injected."""

    def fail_over(self, notify: Notify) -> None:
        """Fail over; return when signals go to the secondary."""
        failover.start(self._stack, on_event=notify, by="signals drill")

    def fail_back(self, notify: Notify) -> None:
        """Undo the failover; return when signals go to the primary."""
        failover.stop(self._stack, on_event=notify, by="signals drill")

    def redrive(self, notify: Notify) -> None:
        """Redrive the failure queues."""
        for group in redrive.groups(self._stack):
            # The quarantine holds what cannot be processed: a retry would not help.
            if group.queue == self._stack.names.quarantine:
                continue
            done = redrive.send(self._stack, group.region, group.queue)
            if done.sent:
                notify(f"{done.sent} messages of {group.queue} ({group.region}) are redriven")

    def replay(self, start: datetime, end: datetime, notify: Notify) -> None:
        """Replay the window from the secondary's archive into the primary."""
        plan = make_plan(self._stack, start, end, whole=True)
        held = plan.archives.get(self._stack.secondary)
        events = held.events if held else 0
        notify(f"plan {plan.id}: {events} events, {plan.duplicates} signals of them again")
        replay.start(self._stack, plan)
        for _ in replay.watch(self._stack, plan):
            pass  # until all is replayed and nothing waits
        notify("the window is replayed and the return queue is empty")

    def restore(self) -> None:
        """Leave no fault and no failover, whatever happened before. Raise Failed if that did not succeed."""
        found = deployed_endpoint(self._stack).health_check
        if found.inverted or found.disabled:
            failover.stop(self._stack, wait=False, by="signals drill")
            found = deployed_endpoint(self._stack).health_check
        if found.inverted or found.disabled:
            raise Failed(f"health check {found.id} is still inverted: run `signals failover stop --stack {self.stack}`")

    def lake(self, run_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        """The id of every copy of this drill's signals in the lake, and when it arrived."""
        raise NotImplementedError

    def archived(self, run_id: str) -> Mapping[str, Sequence[ArchivedSignal] | None]:
        """By Region, this drill's signals in its archive; None where they cannot be counted."""
        raise NotImplementedError

    def notes(self) -> tuple[str, ...]:
        """What the numbers do not show here."""
        return ()
