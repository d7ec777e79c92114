"""The verdict's arithmetic, its JSON, and how a terminal shows it."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from rich.console import Console

from signals.cli.views.drill import print_moment, print_report, spark
from signals.model.report import DrillVerdict, offset
from signals.model.scenarios import SCENARIOS
from tests.drill.test_picture import REPORT


def shown(report: object) -> str:
    console = Console(file=io.StringIO(), width=140)
    print_report(report, console)  # type: ignore[arg-type]
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_lost_is_what_was_acknowledged_and_not_delivered() -> None:
    assert DrillVerdict(sent=10, acknowledged=8, delivered=5, duplicates=9).lost == 3


def test_the_report_is_json_with_the_verdicts_sum() -> None:
    document = json.loads(json.dumps(REPORT.as_json()))
    assert document["verdict"]["lost"] == 0
    assert document["began"] == "2026-03-01T12:00:00+00:00"
    assert document["moments"][1] == {"seconds": 3, "text": "fault", "kind": "fault"}
    assert document["lanes"][0]["parts"][0]["counts"] == [4, 2, 0]


def test_a_person_reads_what_is_lost_and_which() -> None:
    verdict = replace(REPORT.verdict, delivered=9, missing=("the-lost-one",), archived={"us-east-1": None})
    text = shown(replace(REPORT, verdict=verdict))
    assert "the-lost-one" in text
    assert "not counted" in text
    assert "2 were never acknowledged" in text


def test_a_moments_text_is_no_markup() -> None:
    console = Console(file=io.StringIO(), width=140)
    print_moment(replace(REPORT.moments[1], text="[bold]x[/]"), console)
    assert "[bold]x[/]" in console.file.getvalue()  # type: ignore[attr-defined]


def test_times_and_bars() -> None:
    assert [offset(seconds) for seconds in (0, 7.4, -61, 30 * 3600)] == ["+0:00", "+0:07", "-1:01", "+30:00:00"]
    assert spark((0, 1, 8)) == " ▁█"
    assert len(spark(tuple(range(1000)))) <= 72


def test_a_scenarios_faults_name_the_stack_and_leave_it_as_it_is() -> None:
    scenario = SCENARIOS["enrichment-failing"]
    assert scenario.faults_for(name="n", primary="p") == {"failing_functions": ["n-enrichment"]}
    assert (scenario.faults or {})["failing_functions"] == ["{name}-enrichment"]
