"""An outage from end to end, in seconds."""

import json
import time
from collections.abc import Sequence

import pytest

from signals.errors import Misuse
from signals.model.bus import LAG_S
from signals.model.clock import HOUR_S, MINUTE_S, parse_duration, parse_outages
from signals.model.faults import Fault, FaultKind
from signals.model.ledger import ids_in
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.model.report import DrillReport
from signals.model.run import run
from signals.model.scenarios import SCENARIOS, Scenario, scenario_named
from tests.model.support import PRIMARY, SECONDARY, platform_of, recorded

ENOUGH = [f"{name}=1000000" for name in ("put_events", "invocations", "lambda_concurrency")]


def notes(report: DrillReport, mark: str) -> list[str]:
    """Those of a report's notes that have a mark in them."""
    return [note for note in report.verdict.notes if mark in note]


def test_thirty_hours_at_400_million_signals_a_day_lose_nothing_and_take_less_than_a_minute() -> None:
    began = time.process_time()
    report = run("prod", "30h", 400e6, recording=recorded())
    assert time.process_time() - began < 60
    verdict = report.verdict
    assert verdict.acknowledged == verdict.delivered > 500e6
    assert verdict.lost == 0
    assert verdict.seconds_to_route is not None
    assert verdict.seconds_to_route <= 420
    assert notes(report, "signals replay")
    assert [moment.kind for moment in report.moments if moment.kind != "step"] == [
        "fault",
        "detected",
        "routed",
        "healed",
        "routed",
        # What replication then delivers at once is more than the primary's quota of invocations: it is slow for days.
        "detected",
        "routed",
        "recovery",
        "routed",
    ]
    assert notes(report, "delayed what us-west-2 started by up to 1")


def test_the_same_outage_without_the_replay_loses_what_replication_gave_up_on() -> None:
    report = run("prod", "30h", 400e6, replay=False, recording=recorded())
    assert 0.9 < report.verdict.lost / (400e6 * 6 / 24) < 1.1
    [lost] = notes(report, " lost: ")
    assert int(lost.split(" lost: ")[0].replace(",", "")) == pytest.approx(report.verdict.lost)
    assert "only in the archive in us-east-1" in lost


def test_replication_alone_delivers_an_outage_shorter_than_its_retries() -> None:
    report = run("prod", "20h", 400e6, replay=False, recording=recorded())
    assert (report.verdict.lost, notes(report, "operator: ")) == (0, [])


def test_an_outage_longer_than_the_archive_names_that_limit_and_the_count() -> None:
    report = run("prod", "35d", 400e6, sample=1_000, recording=recorded())
    assert report.verdict.lost > 0
    assert notes(report, " lost: ") == [f"{report.verdict.lost:,} lost: the archive in us-east-1 keeps 30 days"]


def test_several_outages_are_rehearsed_in_one_run() -> None:
    report = run("prod", outages="0h-30h,33h-33h20m", sample=600, recording=recorded())
    assert report.outage == (0.0, 33 * HOUR_S + 20 * MINUTE_S)
    assert [moment.seconds for moment in report.moments if moment.kind == "fault"] == [0, 33 * HOUR_S]
    assert (report.verdict.lost, report.verdict.undelivered) == (0, {})


def test_the_time_to_recover_follows_from_the_quota_that_binds() -> None:
    slow = run("prod", "30h", 400e6, sample=600, recording=recorded())
    fast = run("prod", "30h", 400e6, sample=600, quotas=ENOUGH, recording=recorded())
    assert slow.verdict.seconds_to_recover is not None
    assert fast.verdict.seconds_to_recover is not None
    assert slow.verdict.seconds_to_recover > 3 * fast.verdict.seconds_to_recover > 0
    assert notes(slow, "the quota invocations (18,750) binds")
    assert notes(fast, "as the return path can")


def test_what_default_quotas_cannot_process_is_said_to_be_beyond_recovery() -> None:
    report = run("prod", "29d", 2e9, sample=200, recording=recorded())
    assert notes(report, "recovery: cannot be done")
    assert report.verdict.lost > 0
    report = run("prod", "29d", 2e9, sample=200, quotas=ENOUGH, recording=recorded())
    assert report.verdict.lost == 0


def test_a_load_of_one_signal_is_reported_as_what_it_is() -> None:
    report = run("prod", "1h", 1, recording=recorded())
    assert (report.verdict.sent, report.verdict.delivered) == (1, 1)


@pytest.mark.parametrize("text", ["30h", "1h-", "2h-1h", "0h-2h,1h-3h", "0h-x"])
def test_outages_that_are_no_list_of_times_are_refused(text: str) -> None:
    with pytest.raises(Misuse, match="write"):
        parse_outages(text)
    assert parse_outages("1h-31h,34h-34h20m") == [(0, 30 * HOUR_S), (33 * HOUR_S, 33 * HOUR_S + 20 * MINUTE_S)]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_scenario_loses_a_signal(scenario: str) -> None:
    report = run("prod", "30h", 400e6, scenario=scenario, sample=600, recording=recorded())
    assert (report.scenario, report.verdict.lost, report.verdict.undelivered) == (scenario, 0, {})


def test_a_report_is_plain_data_and_says_what_its_numbers_stand_for() -> None:
    report = run("prod", "2h", 1e6, sample=100, seed=7, recording=recorded())
    assert json.loads(json.dumps(report.as_json()))["verdict"]["lost"] == 0
    assert notes(report, "one signal in the model stands for 2,083; seed 7")
    assert notes(report, "assumption: ")
    assert max(len(note) for note in report.verdict.notes) < 160


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_an_alias_runs_the_same_scenario(scenario: Scenario) -> None:
    assert scenario_named(scenario.alias) is scenario_named(scenario.name) is scenario


def test_a_client_that_was_never_acknowledged_is_counted_as_such() -> None:
    # Without a domain, clients of the primary's API know no other.
    report = run("dev", "30h", 1e6, sample=200, scenario="api", recording=recorded("dev"))
    assert report.verdict.sent > report.verdict.acknowledged == report.verdict.delivered


def test_what_cannot_be_run_is_refused_with_what_can() -> None:
    with pytest.raises(Misuse, match="choose one of primary-eventbridge-down"):
        run("prod", "1h", scenario="earthquake", recording=recorded())
    with pytest.raises(Misuse, match="write a number and s, m, h or d"):
        parse_duration("soon")
    with pytest.raises(Misuse):
        parse_duration("9999999999d")


# Scenarios that the embedded AWS runs as well, in tests/e2e: both must count the same.
START_S, SENT_S = 30 * MINUTE_S, 10 * MINUTE_S


def through(kinds: Sequence[FaultKind], regions: Sequence[str]) -> Platform:
    """The local stack, with twenty signals sent to the primary while those faults are active."""
    faults = [Fault(kind, region, START_S - 5 * MINUTE_S, START_S + SENT_S) for kind in kinds for region in regions]
    # Not on a full minute, where two slices of a replay meet.
    return platform_of(recorded("local"), faults, sent_s=[START_S + 7.5 + number for number in range(20)])


def counts(platform: Platform) -> tuple[int, int, int, dict[str, int], int]:
    """Signals acknowledged, in the lake, copies there, archived by Region, batches spooled."""
    platform.clock.run()
    ledger = platform.ledger
    archived = {a.plan.region: len({i for e in a.held() for i in ids_in(e.detail)}) for a in platform.archives}
    copies = sum(map(len, ledger.lake.values()))
    return len(ledger.acknowledged), len(ledger.lake), copies, archived, ledger.counts["batches spooled"]


def test_signals_sent_during_a_failover_are_replicated_back() -> None:
    assert counts(through([FaultKind.INVERTED], [PRIMARY])) == (20, 20, 20, {SECONDARY: 20}, 0)


def test_signals_that_both_regions_refuse_are_spooled_and_delivered_afterwards() -> None:
    platform = through([FaultKind.EVENTBRIDGE], [PRIMARY, SECONDARY])
    assert counts(platform) == (20, 20, 20, {SECONDARY: 20}, 20)


def test_a_replay_without_need_delivers_every_signal_again() -> None:
    platform = through([], [])
    platform.clock.run(START_S + SENT_S + LAG_S + HOUR_S)
    Operator(platform).replay(START_S - HOUR_S / 2, START_S + SENT_S + MINUTE_S)
    assert counts(platform) == (20, 20, 40, {SECONDARY: 20}, 0)
