"""A platform for the tests of the model: the recorded stack, with one thing in it changed."""

import copy
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from handlers.shared.times import timestamp
from signals.model.blueprint import Blueprint, read
from signals.model.clock import HOUR_S
from signals.model.faults import OF_FUNCTIONS, Fault, FaultKind
from signals.model.platform import Platform
from signals.model.traffic import Clients, request, signal
from signals.recording.record import record
from signals.recording.resources import Recording

PRIMARY, SECONDARY = "us-west-2", "us-east-1"
BUS = "signals-prod-ingress"
# Of the made-up schedules: another one each time, printed, and repeated with SIGNALS_SEED.
SEED = int(os.environ.get("SIGNALS_SEED") or random.SystemRandom().randrange(2**32))
# Workers of pytest-xdist are to make up the same schedules.
os.environ["SIGNALS_SEED"] = str(SEED)

# Pairs that lose as soon as EventBridge's retries end, which is long before any limit of storage.
LOSING_AT_ONCE = {
    frozenset(pair.split(" + "))
    for pair in yaml.safe_load(Path(__file__).with_name("losing_pairs.yaml").read_text("utf-8"))["within_retries"]
}


@cache
def recorded(stack: str = "prod") -> Recording:
    """A stack's recording, made once."""
    return record(stack)


@cache
def plan(stack: str = "prod") -> Blueprint:
    return read(recorded(stack))


Place = tuple[FaultKind, str, str | None]


@cache
def places() -> tuple[Place, ...]:
    """Where each kind of fault does something: in which Region, and for which function if it is of one."""
    blueprint = plan()
    only = {
        FaultKind.API: {api.region for api in blueprint.apis},
        FaultKind.LAKE: {arn.split(":")[3] for arn in blueprint.streams},
        FaultKind.INVERTED: {PRIMARY},
        # What is replayed is what the secondary's archive has.
        FaultKind.REPLAY: {SECONDARY},
    }
    regions = (PRIMARY, SECONDARY)
    found: list[Place] = [(kind, r, None) for kind in FaultKind for r in regions if r in only.get(kind, regions)]
    # Clients of the model look for an API that answers by themselves: Route 53's checks of them are not in it.
    folders = [(f.region, f.folder) for f in blueprint.functions if f.folder != "health"]
    found += [(kind, region, folder) for kind in OF_FUNCTIONS for region, folder in folders]
    return tuple(found)


def changed(type: str, name: str, change: Callable[[dict[str, Any]], None], base: Recording | None = None) -> Recording:
    """The prod stack's recording with one resource's inputs changed."""
    recording = base or recorded()
    resource = recording.resource(type, name)
    inputs = copy.deepcopy(dict(resource.inputs))
    change(inputs)
    return replace(recording, all=tuple(replace(r, inputs=inputs) if r is resource else r for r in recording.all))


def without(*resources: tuple[str, str], base: Recording | None = None) -> Recording:
    """The prod stack's recording without some resources, by type and name, and without what refers to them."""
    recording = base or recorded()
    gone = {recording.resource(*resource).urn for resource in resources}
    while True:
        known = {(r.type, r.name) for r in recording.all if r.urn in gone}
        more = {r.urn for r in recording.all if any((ref.type, ref.name) in known for ref in r.references())}
        if more <= gone:
            return replace(recording, all=tuple(r for r in recording.all if r.urn not in gone))
        gone |= more


def policy_without(text: str, *, statement: Callable[[dict[str, Any]], bool]) -> str:
    """A policy document without the statements for which that holds."""
    document = json.loads(text)
    return json.dumps({**document, "Statement": [s for s in document["Statement"] if not statement(s)]})


def platform_of(
    recording: Recording | None = None,
    faults: Sequence[Fault] = (),
    *,
    sent_s: Sequence[float] = (),
    mixed: bool = False,
    strays: bool = False,
    **options: Any,
) -> Platform:
    """A platform to which a signal is sent at each of these times (s), to either Region in turn.

    Args:
        recording: Instead of the prod stack's.
        faults: What fails.
        sent_s: The times.
        mixed: Send requests of all kinds in place of single signals.
        strays: Put a batch with a malformed signal on the bus too, at every fourth time.
        options: Further ones of `Platform`.
    """
    platform = Platform(read(recording) if recording else plan(), faults, **options)
    clients = Clients(platform)
    for number, at_s in enumerate(sent_s):
        platform.clock.at(at_s, _sending(platform, clients, (PRIMARY, SECONDARY)[number % 2], number, mixed))
        if strays and number % 4 == 2:
            platform.clock.at(at_s, _straying(platform, clients, number))
    return platform


def _sending(platform: Platform, clients: Clients, region: str, number: int, mixed: bool) -> Callable[[], None]:
    def send() -> None:
        sent = timestamp(platform.clock.moment())
        clients.send(region, *(request(number, sent) if mixed else [signal(number, sent)]))

    return send


def _straying(platform: Platform, clients: Clients, number: int) -> Callable[[], None]:
    return lambda: clients.stray(number, timestamp(platform.clock.moment()))


def hours(first: float, last: float, count: int) -> list[float]:
    """So many times from one hour to another (s), evenly; never on a full minute, where two slices of a replay meet."""
    return [(first + (last - first) * number / count) * HOUR_S + 7.5 for number in range(count)]
