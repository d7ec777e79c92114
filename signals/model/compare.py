"""Scenarios that the embedded AWS can run too, and what both must count: a test runs them here and there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handlers.shared.times import timestamp
from signals.model.archive import LAG_S
from signals.model.clock import HOUR_S, MINUTE_S
from signals.model.faults import Fault, Kind
from signals.model.ledger import ids_in
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.model.reading import read
from signals.model.traffic import Clients, signal
from signals.recording.resources import Recording


@dataclass(frozen=True)
class Counts:
    """What can be counted in both.

    Args:
        acknowledged: Signals that the client was told are accepted.
        in_lake: Different signals in the lake.
        copies_in_lake: Lines in the lake.
        archived: Different signals in each Region's archive, by Region.
        spooled: Signals that were in a spool on their way.
    """

    acknowledged: int
    in_lake: int
    copies_in_lake: int
    archived: Mapping[str, int]
    spooled: int


_START_S, _SENT_S = 30 * MINUTE_S, 10 * MINUTE_S


def _inverted(platform: Platform, _: Operator) -> None:
    """The health check is inverted, then signals are sent: they come in in the secondary and are replicated back."""


def _refused(platform: Platform, _: Operator) -> None:
    """Neither Region's EventBridge takes anything while signals are sent: they are spooled, and delivered after it."""


def _replayed(platform: Platform, operator: Operator) -> None:
    """Nothing is ill; afterwards the whole time is replayed: the return path brings every signal a second time."""
    platform.clock.run(_START_S + _SENT_S + LAG_S + HOUR_S)
    operator.replay(_START_S - HOUR_S / 2, _START_S + _SENT_S + MINUTE_S)


SCENARIOS: Mapping[str, tuple[tuple[Kind, ...], Callable[[Platform, Operator], None]]] = {
    "inverted": ((Kind.INVERTED,), _inverted),
    "refused": ((Kind.EVENTBRIDGE,), _refused),
    "replayed": ((), _replayed),
}


def counts(scenario: str, recording: Recording, signals: int = 20) -> Counts:
    """Run a scenario in the model.

    Args:
        scenario: A key of `SCENARIOS`.
        recording: The stack, for example `record("local")`.
        signals: How many are sent, one at a time, to the primary's API.
    """
    kinds, afterwards = SCENARIOS[scenario]
    plan = read(recording)
    endpoint = plan.endpoint
    regions = (endpoint.primary,) if Kind.INVERTED in kinds else (endpoint.primary, endpoint.secondary)
    end_s = _START_S + _SENT_S
    faults = [Fault(kind, region, _START_S - 5 * MINUTE_S, end_s) for kind in kinds for region in regions]
    platform = Platform(plan, faults)
    clients, operator = Clients(platform), Operator(platform)
    for number in range(signals):
        platform.clock.at(
            _START_S + 7.5 + number,  # no full minute: two slices of a replay meet there
            lambda number=number: clients.send(  # type: ignore[misc]
                endpoint.primary, signal(number, timestamp(platform.clock.moment()))
            ),
        )
    afterwards(platform, operator)
    platform.clock.run()
    ledger = platform.ledger
    held = {a.plan.region: {i for event in a.held() for i in ids_in(event.detail)} for a in platform.archives}
    return Counts(
        acknowledged=len(ledger.acknowledged),
        in_lake=len(ledger.lake),
        copies_in_lake=ledger.lake.total(),
        archived={region: len(ids) for region, ids in held.items()},
        spooled=ledger.counts["batches spooled"],
    )
