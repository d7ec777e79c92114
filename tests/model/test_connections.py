"""Kept connections outlive a failover: what functions and clients do about it, and what happens if they do not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import event, given, seed, settings
from hypothesis import strategies as st

from handlers.shared.connections import OLDEST_S, YOUNGEST_S, KeptConnections
from handlers.shared.senders import EventPublisher
from signals.model.clock import HOUR_S, MINUTE_S, VirtualClock
from signals.model.code import Collaborators
from signals.model.connection import Connection
from signals.model.faults import Fault, FaultKind
from signals.model.platform import Platform
from tests.model.support import PRIMARY, SECONDARY, SEED, hours, plan, platform_of
from tests.model.test_proof import _proof


class _NoAge(KeptConnections):
    """Drops connections after failures alone."""

    def renew(self) -> None:
        if not self._until_s:
            self._client.close()
        self._until_s = float("inf")


class _NoFailure(KeptConnections):
    """Drops connections by age alone."""

    def failed(self) -> None:
        pass


class _Nothing(_NoAge):
    """Drops none, as botocore does."""

    def failed(self) -> None:
        pass


def keeping(kept: Callable[..., KeptConnections]) -> Collaborators:
    """Publishers with such connections."""

    class Publisher(EventPublisher):
        def __init__(self, client: Any, *, endpoint_id: str | None = None, now: Any, **more: Any) -> None:
            super().__init__(client, endpoint_id=endpoint_id, now=now, **more)
            self._connections = kept(client, now=now, jitter=self._pace.jitter) if endpoint_id else None

    return Collaborators(publisher=Publisher)


def through(kind: FaultKind, first: float, last: float, collaborators: Collaborators | None = None) -> Platform:
    """The platform after a fault of the primary from one hour to another, with a signal every 30 s."""
    fault = Fault(kind, PRIMARY, first * HOUR_S, last * HOUR_S)
    sent_s = hours(first - 0.5, last + 1, int(120 * (last - first + 1.5)))
    platform = platform_of(None, [fault], sent_s=sent_s, collaborators=collaborators)
    platform.clock.run(last * HOUR_S + 2 * HOUR_S)
    return platform


def entered(platform: Platform, region: str, first_s: float, last_s: float) -> int:
    """How many batches entered a Region's ingress bus from one time to the other."""
    [archive] = platform.archives_of(SECONDARY, plan().endpoint.bus)
    return sum(event.region == region and first_s <= event.time_s <= last_s for event in archive.held())


def test_a_connection_leads_where_it_was_opened_until_it_is_closed_or_idle() -> None:
    clock, points = VirtualClock(), [PRIMARY]
    connection = Connection(clock, lambda: points[0])
    assert connection.region() == PRIMARY
    points[0] = SECONDARY
    for minute in range(300):
        clock.now = minute * MINUTE_S
        assert (connection.region(), connection.strayed_s) == (PRIMARY, clock.now)
    connection.close()
    assert (connection.region(), connection.strayed_s) == (SECONDARY, 0.0)
    points[0] = PRIMARY
    clock.now += HOUR_S + 1
    assert connection.region() == PRIMARY


# What answers while nothing is delivered is the worst: only age helps.
_SILENT, _LOUD = FaultKind.STALLED, FaultKind.EVENTBRIDGE
_MOVING = (_SILENT, _LOUD, FaultKind.INVERTED)


@pytest.mark.parametrize("kind", _MOVING)
def test_functions_publish_to_the_active_region_within_a_minute_of_its_change(kind: FaultKind) -> None:
    platform = through(kind, 1, 3)
    assert platform.ledger.counts[f"routed to {SECONDARY}"] > 0
    assert platform.ledger.strayed_s <= OLDEST_S
    routed = 1 * HOUR_S + 420 + OLDEST_S
    assert entered(platform, PRIMARY, routed, 3 * HOUR_S) == 0
    assert entered(platform, SECONDARY, routed, 3 * HOUR_S) > 200


@pytest.mark.parametrize(
    ("kind", "kept"), [(_SILENT, _NoAge), (_SILENT, _Nothing), (_LOUD, _Nothing), (FaultKind.INVERTED, _NoAge)]
)
def test_with_connections_that_are_kept_they_go_on_with_the_one_that_was_left(
    kind: FaultKind, kept: type[KeptConnections]
) -> None:
    assert through(kind, 1, 3, keeping(kept)).ledger.strayed_s > HOUR_S


def test_an_endpoint_that_has_moved_spools_nothing_any_more() -> None:
    def spooled(collaborators: Collaborators | None = None) -> int:
        return through(_LOUD, 1, 3, collaborators).ledger.counts["batches spooled"]

    usual = spooled()
    assert 0 < usual < 30, "until the endpoint has moved"
    assert spooled(keeping(_Nothing)) > 5 * usual, "until the outage ends"


def test_a_request_that_fails_is_repeated_where_the_endpoint_points_at_once_and_not_within_a_minute() -> None:
    def strayed(collaborators: Collaborators | None = None) -> float:
        fault = Fault(_LOUD, PRIMARY, 0.5 * HOUR_S, 1 * HOUR_S)
        sent_s = [0.4 * HOUR_S + 2 * number for number in range(700)]
        platform = platform_of(None, [fault], sent_s=sent_s, collaborators=collaborators)
        platform.clock.run(0.9 * HOUR_S)
        assert platform.ledger.counts[f"routed to {SECONDARY}"] == 1
        return platform.ledger.strayed_s

    assert strayed() == 0
    assert YOUNGEST_S < strayed(keeping(_NoFailure)) <= OLDEST_S


@st.composite
def moves(draw: st.DrawFn) -> tuple[list[Fault], list[float], int]:
    """Faults that move the endpoint, in pieces, and so many signals that connections are never idle."""
    faults, at_s = [], 20 * MINUTE_S
    for _ in range(draw(st.integers(1, 3))):
        kind, end_s = draw(st.sampled_from([*_MOVING, FaultKind.PARTIAL])), at_s + draw(st.integers(1, 30)) * MINUTE_S
        rate = 0.5 if kind is FaultKind.PARTIAL else 1.0
        faults.append(Fault(kind, draw(st.sampled_from([PRIMARY, SECONDARY])), at_s, end_s, rate))
        at_s = end_s + draw(st.integers(0, 15)) * MINUTE_S
    sent_s = [10 * MINUTE_S + 7 * number for number in range(int(at_s / 7))]
    return faults, sent_s, draw(st.integers(0, 2**16))


@settings(_proof, max_examples=8)
@seed(SEED)
@given(moves())
def test_whatever_moves_the_endpoint_functions_follow_it_within_a_minute(
    schedule: tuple[list[Fault], list[float], int],
) -> None:
    faults, sent_s, number = schedule
    platform = platform_of(None, faults, sent_s=sent_s, seed=number)
    platform.clock.run()
    event(f"a connection strayed: {platform.ledger.strayed_s > 0}")
    assert platform.ledger.strayed_s <= OLDEST_S


def test_clients_of_an_api_that_does_not_answer_connect_to_the_other_regions() -> None:
    platform = through(FaultKind.API, 1, 3)
    later = [by for at, by in platform.ledger.acknowledged.values() if 1.2 * HOUR_S < at < 3 * HOUR_S]
    assert len(later) > 200
    assert set(later) == {SECONDARY}


def test_clients_stay_with_the_api_that_answers_after_the_other_has_recovered() -> None:
    platform = through(FaultKind.API, 1, 3)
    assert {by for at, by in platform.ledger.acknowledged.values() if at > 3.1 * HOUR_S} == {SECONDARY}
