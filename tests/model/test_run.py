"""An outage from end to end, in seconds."""

from __future__ import annotations

import json
import time

import pytest

from signals.model import run
from signals.model.compare import SCENARIOS as COMPARED
from signals.model.compare import Counts, counts
from signals.model.scenarios import SCENARIOS, seconds
from tests.model.support import recorded


def test_thirty_hours_at_400_million_signals_a_day_lose_nothing_and_take_less_than_a_minute() -> None:
    began = time.monotonic()
    report = run("prod", "30h", 400e6, recording=recorded())
    assert time.monotonic() - began < 60
    assert report.acknowledged == report.delivered > 500e6
    assert report.lost == 0
    assert report.routed_s is not None
    assert report.routed_s <= 420
    assert [step for step in report.operator if "signals replay" in step]


def test_the_same_outage_without_the_replay_loses_what_replication_gave_up_on() -> None:
    report = run("prod", "30h", 400e6, replay=False, recording=recorded())
    assert 0.9 < report.lost / (400e6 * 6 / 24) < 1.1
    assert sum(report.lost_by.values()) == pytest.approx(report.lost)
    assert all("only in the archive in us-east-1" in why for why in report.lost_by)


def test_an_outage_shorter_than_a_day_asks_nothing_of_anybody() -> None:
    report = run("prod", "20h", 400e6, recording=recorded())
    assert (report.lost, report.operator) == (0, ())


def test_an_outage_longer_than_the_archive_names_that_limit_and_the_count() -> None:
    report = run("prod", "35d", 400e6, sample=1_000, recording=recorded())
    assert report.lost > 0
    assert report.lost_by == {"the archive in us-east-1 keeps 30 days": report.lost}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_scenario_loses_a_signal(scenario: str) -> None:
    report = run("prod", "30h", 400e6, scenario=scenario, sample=600, recording=recorded())
    assert (report.lost, report.lost_by) == (0, {})


def test_a_report_is_plain_data_and_a_page_of_text() -> None:
    report = run("prod", "2h", 1e6, sample=100, recording=recorded())
    assert json.loads(json.dumps(report.to_json()))["lost"] == 0
    text = report.to_text()
    assert "lost" in text
    assert max(len(line) for line in text.splitlines()) < 160


def test_what_cannot_be_run_is_refused_with_what_can() -> None:
    with pytest.raises(ValueError, match="choose one of eventbridge"):
        run("prod", "1h", scenario="earthquake", recording=recorded())
    with pytest.raises(ValueError, match="write 90s, 45m, 30h or 35d"):
        seconds("soon")


EXPECTED = {
    "inverted": Counts(20, 20, 20, {"us-east-1": 20}, 0),
    "refused": Counts(20, 20, 20, {"us-east-1": 20}, 20),
    "replayed": Counts(20, 20, 40, {"us-east-1": 20}, 0),
}


@pytest.mark.parametrize("scenario", COMPARED)
def test_the_scenarios_that_the_embedded_aws_runs_too_count_as_expected(scenario: str) -> None:
    assert counts(scenario, recorded("local")) == EXPECTED[scenario]
