"""The course of a drill, what it counts, and that it leaves nothing behind."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from signals.drill.rehearsal import rehearse
from signals.errors import Failed
from signals.model.scenarios import FAILOVER, SCENARIOS, Scenario
from tests.drill.environment import PRIMARY, QUICK, SECONDARY, MemoryEnvironment

CALM = replace(FAILOVER, outage_s=0.05)
DOWN = replace(SCENARIOS["primary-eventbridge-down"], outage_s=0.1)


def test_a_drill_goes_from_the_fault_to_the_count_and_loses_nothing() -> None:
    environment = MemoryEnvironment()
    report = rehearse(environment, DOWN, timing=QUICK)
    steps = [call for call in environment.calls if call != "symptom"]
    assert steps == ["check_ready", "inject", "fail_over", "clear_fault", "fail_back", "restore"]
    kinds = [moment.kind for moment in report.moments]
    assert [kind for kind in kinds if kind in ("fault", "detected", "healed", "end")] == [
        "fault",
        "detected",
        "healed",
        "end",
    ]
    assert [moment.seconds for moment in report.moments] == sorted(moment.seconds for moment in report.moments)
    verdict = report.verdict
    assert verdict.sent == verdict.acknowledged == verdict.delivered > 10
    assert (verdict.lost, verdict.duplicates, verdict.missing) == (0, 0, ())
    assert verdict.archived == {PRIMARY: None, SECONDARY: verdict.acknowledged}
    assert verdict.seconds_to_detect is not None
    assert verdict.seconds_to_route is not None
    assert report.outage is not None
    assert report.outage[1] - report.outage[0] >= 0.1


def test_what_does_not_come_by_itself_is_replayed() -> None:
    environment = MemoryEnvironment(drops=True)
    report = rehearse(environment, DOWN, timing=QUICK)
    assert "replay" in environment.calls
    assert report.verdict.lost == 0


def test_without_the_replay_the_lost_signals_are_counted_and_named() -> None:
    environment = MemoryEnvironment(drops=True)
    verdict = rehearse(environment, DOWN, timing=QUICK, replay=False).verdict
    assert "replay" not in environment.calls
    assert verdict.lost == len(environment.waiting) > 0
    assert set(verdict.missing) <= set(environment.waiting)


def test_a_failover_has_come_when_signals_follow_and_not_when_the_endpoint_has_moved() -> None:
    patient = replace(QUICK, follow_s=20)
    verdict = rehearse(MemoryEnvironment(keeps_connections_s=0.3), CALM, timing=patient).verdict
    assert verdict.seconds_to_route is not None
    assert verdict.seconds_to_route >= 0.3


def test_a_drill_fails_if_signals_never_follow_and_restores() -> None:
    environment = MemoryEnvironment(keeps_connections_s=float("inf"))
    with pytest.raises(Failed, match="no signal arrives there"):
        rehearse(environment, CALM, timing=QUICK)
    assert environment.calls[-1] == "restore"


def test_a_second_copy_is_a_duplicate_and_no_delivery() -> None:
    verdict = rehearse(MemoryEnvironment(twice=True), CALM, timing=QUICK).verdict
    assert verdict.duplicates == verdict.delivered == verdict.acknowledged


def test_a_signal_that_was_never_acknowledged_is_sent_but_not_lost() -> None:
    environment = MemoryEnvironment(refuses=True)
    verdict = rehearse(environment, Scenario("calm", "Nothing.", outage_s=0), timing=QUICK, replay=False).verdict
    assert verdict.sent > 0
    assert (verdict.acknowledged, verdict.lost) == (0, 0)


def test_the_lanes_count_every_signal_once() -> None:
    environment = MemoryEnvironment(twice=True)
    report = rehearse(environment, DOWN, timing=QUICK)
    told, entered, lake = report.lanes
    assert sum(sum(part.counts) for part in told.parts) == report.verdict.acknowledged
    assert sum(sum(part.counts) for part in entered.parts) == report.verdict.acknowledged
    first, again = lake.parts
    assert (sum(first.counts), sum(again.counts)) == (report.verdict.delivered, report.verdict.duplicates)


@pytest.mark.parametrize("step", ["inject", "symptom", "fail_over", "clear_fault", "fail_back"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, Failed, RuntimeError])
def test_whatever_breaks_off_a_drill_it_restores_and_says_so(step: str, error: type[BaseException]) -> None:
    environment = MemoryEnvironment()

    def break_off() -> None:
        raise error("no more")

    environment.on[step] = break_off
    with pytest.raises(error):
        rehearse(environment, DOWN, timing=QUICK)
    assert environment.calls[-1] == "restore"
    assert not (environment.faulty or environment.moved)


@pytest.fixture(params=["in the foreground", "as a background job"])
def started(request: pytest.FixtureRequest) -> Iterator[None]:
    """How a shell starts a process: a background job has SIGINT ignored."""
    ignored = request.param == "as a background job"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_from_outside_restores_too_and_a_second_one_does_not_stop_that(number: signal.Signals) -> None:
    environment = MemoryEnvironment()
    environment.on["restore"] = lambda: os.kill(os.getpid(), number)
    # These tests may run under nohup, which has SIGHUP ignored.
    hup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
    timer.start()
    before = signal.getsignal(number)
    try:
        with pytest.raises(KeyboardInterrupt):
            rehearse(environment, replace(DOWN, outage_s=5), timing=QUICK)
        assert signal.getsignal(number) is before
    finally:
        signal.signal(signal.SIGHUP, hup)
    assert not (environment.faulty or environment.moved)


def test_under_nohup_the_end_of_the_terminal_does_not_end_a_drill() -> None:
    environment = MemoryEnvironment()
    hup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    environment.on["fail_over"] = lambda: os.kill(os.getpid(), signal.SIGHUP)
    try:
        assert rehearse(environment, CALM, timing=QUICK).verdict.lost == 0
    finally:
        signal.signal(signal.SIGHUP, hup)


def test_a_stack_that_is_not_well_is_not_touched() -> None:
    environment = MemoryEnvironment()

    def refuse() -> None:
        raise Failed("held already")

    environment.on["check_ready"] = refuse
    with pytest.raises(Failed):
        rehearse(environment, DOWN, timing=QUICK)
    assert environment.calls == ["check_ready"], "nothing was begun, so nothing is restored: another's failover stays"


def test_no_client_sends_after_the_drill() -> None:
    environment = MemoryEnvironment()
    rehearse(environment, CALM, timing=QUICK)
    sent = len(environment.archive)
    threading.Event().wait(0.1)
    assert len(environment.archive) == sent
