"""The verdict's arithmetic, and the report as JSON."""

import json

from signals.model.report import DrillVerdict, buckets, offset
from signals.model.scenarios import SCENARIOS
from signals.stack import load_stack
from tests.support.drill_report import REPORT


def test_lost_is_what_was_acknowledged_and_not_delivered() -> None:
    assert DrillVerdict(sent=10, acknowledged=8, delivered=5, duplicates=9).lost == 3


def test_the_report_is_json_with_the_verdicts_sum() -> None:
    document = json.loads(json.dumps(REPORT.as_json()))
    assert document["verdict"]["lost"] == 0
    assert document["began"] == "2026-03-01T12:00:00+00:00"
    assert document["moments"][1] == {"seconds": 3, "text": "fault", "kind": "fault"}
    assert document["lanes"][0]["parts"][0]["counts"] == [4, 2, 0]


def test_a_time_on_the_timeline() -> None:
    assert [offset(seconds) for seconds in (0, 7.4, -61, 30 * 3600)] == ["+0:00", "+0:07", "-1:01", "+30:00:00"]


def test_buckets_count_everything_also_what_lies_outside() -> None:
    assert buckets([-1, 0, 0.9, 1, 2.5, 99], bucket_s=1, duration_s=2.5) == (3, 1, 2)


def test_a_scenarios_faults_name_the_stack_and_leave_it_as_it_is() -> None:
    scenario = SCENARIOS["enrichment-failing"]
    assert scenario.faults_for(names=load_stack("dev").names, primary="p") == {
        "failing_functions": ["signals-dev-enrichment"]
    }
    assert (scenario.faults or {})["failing_functions"] == ["{names.enrichment}"]
