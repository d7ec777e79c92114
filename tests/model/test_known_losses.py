"""Outages in which signals were lost by operators who did as they were told: the plan of a replay must find each."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components import resource_types as types
from handlers.shared.contract import PROBE_SOURCE
from signals.model.clock import HOUR_S, MINUTE_S
from signals.model.faults import Fault, FaultKind
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.recording.resources import Recording
from signals.recover.window import Evidence
from tests.model.support import PRIMARY, SECONDARY, changed, hours, platform_of, recorded

DOWN, CUT = FaultKind.EVENTBRIDGE, FaultKind.REPLICATION
Piece = tuple[float, float]


def after(faults: list[Fault], pause_s: float = 488.0, *, replay: bool = True) -> Platform:
    """What became of the signals sent before, during and after some faults, once the runbook has been followed."""
    end_s = max(fault.end_s for fault in faults)
    sent_s = hours(0.2, end_s / HOUR_S + 1, 160)
    platform = platform_of(None, faults, sent_s=sent_s, longest_pause_s=pause_s)
    Operator(platform).recover(max(end_s, *sent_s), replay=replay)
    return platform


def out(*pieces: Piece, kind: FaultKind = DOWN, region: str = PRIMARY) -> list[Fault]:
    return [Fault(kind, region, start * HOUR_S, end * HOUR_S) for start, end in pieces]


CUT_BOTH_WAYS = [*out((1, 40), kind=CUT), *out((1, 40), kind=CUT, region=SECONDARY)]
KNOWN = {
    "40 h with one recovery of 7 minutes 2 h before its end": out((1, 39), (39 + 7 / 60, 41)),
    "30 h, and a relapse of 20 minutes 3 h later": out((1, 31), (34, 34 + 1 / 3)),
    "0.33 h to 0.72 h and 0.82 h to 24.43 h": out((0.33, 0.72), (0.82, 24.43)),
    "replication cut from 1 h to 40 h, an outage from 10 h to 20 h": [*CUT_BOTH_WAYS, *out((10, 20))],
    "replication cut for longer than the alarm": [*out((9, 50), kind=CUT, region=SECONDARY), *out((10, 10.5))],
    "an hour out of every two, for two days": out(*((hour, hour + 1) for hour in range(1, 48, 2))),
    "50 minutes out of every 24 hours": out(*((day * 24 + 1, day * 24 + 1.83) for day in range(3))),
    "accepted and not delivered, then refused": [*out((1, 4), kind=FaultKind.STALLED), *out((4, 34))],
}


@pytest.mark.parametrize("pause_s", [60.0, 300.0, 488.0])
@pytest.mark.parametrize("faults", KNOWN.values(), ids=KNOWN)
def test_the_plan_finds_all_of_it(faults: list[Fault], pause_s: float) -> None:
    platform = after(faults, pause_s)
    assert len(platform.ledger.acknowledged) == 160
    assert platform.ledger.lost == []


def test_outages_of_all_lengths_with_replication_cut_in_all_ways() -> None:
    for cut, start, length in itertools.product((1, 3, 5, 30), (2, 9), (0.5, 2, 20)):
        faults = [*out((1, 1 + cut), kind=CUT, region=SECONDARY), *out((start, start + length))]
        assert after(faults).ledger.lost == [], (cut, start, length)


@pytest.mark.parametrize("faults", [KNOWN["30 h, and a relapse of 20 minutes 3 h later"], out((1, 9))])
def test_without_the_replay_they_are_lost(faults: list[Fault]) -> None:
    assert after(faults, 60.0, replay=False).ledger.lost


def test_a_second_plan_leaves_out_what_the_first_replayed() -> None:
    faults = out((1, 31), (50, 60))
    platform = platform_of(None, faults, sent_s=hours(0.2, 61, 160))
    operator = Operator(platform)
    for hour in (32, 62):
        platform.clock.run(hour * HOUR_S)
        operator.replay_as_planned()
        platform.clock.run(hour * HOUR_S + 30 * MINUTE_S)
    platform.clock.run()
    assert platform.ledger.lost == []
    first, second = [step.partition("came in from ")[2].split() for step in operator.steps]
    assert (first[0], second[0]) == ("2026-01-01T00:55Z", "2026-01-03T01:55Z")


Known = Callable[[Evidence], Evidence]


class Blind(Operator):
    """One who does not see everything that AWS shows."""

    def __init__(self, platform: Platform, known: Known) -> None:
        super().__init__(platform)
        self._known = known

    def evidence(self) -> Evidence:
        return self._known(super().evidence())


def held_elsewhere(evidence: Evidence) -> Evidence:
    """A failover that somebody asked for on another machine, or in the console, is not known on this one."""
    return replace(evidence, failovers=())


def _carries_probes_alone(inputs: dict[str, Any]) -> None:
    document = json.loads(inputs["policy"])
    for statement in document["Statement"]:
        if statement["Action"] == "events:PutEvents":
            statement["Condition"] = {"StringEquals": {"events:source": PROBE_SOURCE}}
    inputs["policy"] = json.dumps(document)


def replicating_probes_alone() -> Recording:
    """Replication that brings probes and no signals: no alarm is raised."""
    return changed(types.ROLE_POLICY, _name(types.ROLE_POLICY, "replication"), _carries_probes_alone)


def keeping_60_days() -> Recording:
    """The archive has what CloudWatch's 30 days of alarm history do not."""
    return changed(
        types.ARCHIVE, _name(types.ARCHIVE, SECONDARY), lambda inputs: inputs.update(retentionDays=60), recorded()
    )


def _name(type_: str, part: str) -> str:
    (name,) = (resource.name for resource in recorded().all if resource.type == type_ and part in resource.name)
    return name


# What fails, in which stack, what the operator knows, and how many days later he looks.
COMPARED: dict[str, tuple[list[Fault], Callable[[], Recording], Known, int]] = {
    "replication loses signals and no probe, in a failover that somebody else held": (
        out((3, 9), kind=FaultKind.INVERTED),
        replicating_probes_alone,
        held_elsewhere,
        0,
    ),
    "an outage that is noticed when the history of alarms is over": (out((1, 31)), keeping_60_days, lambda it: it, 33),
    "the same in pieces, with a recovery of one minute that brings what is late": (
        out((1, 5.5), (5.5 + 1 / 60, 31)),
        keeping_60_days,
        lambda it: it,
        33,
    ),
}


@pytest.mark.parametrize("case", COMPARED.values(), ids=COMPARED)
def test_what_alarms_and_probes_do_not_show_is_found_by_comparing_what_both_regions_received(
    case: tuple[list[Fault], Callable[[], Recording], Known, int],
) -> None:
    faults, recording, known, days = case

    def lost(known: Known) -> list[str]:
        end_s = max(fault.end_s for fault in faults)
        sent_s = hours(0.2, end_s / HOUR_S + 1, 400)
        platform = platform_of(recording(), faults, sent_s=sent_s, longest_pause_s=60)
        Blind(platform, known).recover(max(end_s, *sent_s) + HOUR_S + days * 24 * HOUR_S)
        assert len(platform.ledger.acknowledged) == 400
        return list(platform.ledger.lost)

    assert lost(known) == []
    assert lost(lambda evidence: replace(known(evidence), received=()))


def test_where_nothing_failed_nothing_is_planned() -> None:
    platform = platform_of(sent_s=hours(0.2, 60, 500))
    operator = Operator(platform)
    operator.recover(70 * HOUR_S)
    assert len(operator.evidence().received) > 100
    assert not any("replay" in step for step in operator.steps)
