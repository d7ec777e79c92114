"""The dashboard shows both Regions side by side, and nothing that does not exist."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.resource_types import DASHBOARD, LOG_GROUP
from signals.recording.resources import Recording
from tests.support.metrics import ROOT, Senders

Widget = dict[str, Any]
HALVES = {0: "us-west-2", 12: "us-east-1"}


def widgets(recording: Recording) -> list[Widget]:
    (dashboard,) = recording.resources(DASHBOARD)
    return list(json.loads(dashboard.inputs["dashboardBody"])["widgets"])


def metrics(widget: Widget) -> Iterator[tuple[str, str, str, Mapping[str, str], Mapping[str, Any]]]:
    """Region, namespace, name, dimensions and drawing of each metric of a widget."""
    for metric in widget["properties"].get("metrics", ()):
        drawn = metric[-1] if isinstance(metric[-1], dict) else {}
        namespace, name, *rest = metric[: len(metric) - isinstance(metric[-1], dict)]
        region = drawn.get("region", widget["properties"]["region"])
        yield region, namespace, name, dict(zip(rest[::2], rest[1::2], strict=True)), drawn


def test_every_metric_of_every_widget_is_sent_by_something_of_the_stack(platform: Recording) -> None:
    senders = Senders(platform)
    found = [metric for widget in widgets(platform) for metric in metrics(widget)]
    assert len(found) > 40
    for region, namespace, name, dimensions, _ in found:
        assert senders.problem(region, namespace, name, dimensions) is None


def test_every_log_that_is_asked_exists_and_says_what_is_asked_for(platform: Recording) -> None:
    groups = {(group.region, group.inputs["name"]) for group in platform.resources(LOG_GROUP)}
    asked = [widget["properties"] for widget in widgets(platform) if widget["type"] == "log"]
    assert asked
    for properties in asked:
        (group, message) = re.findall(r"'(.+?)'", properties["query"])
        assert (properties["region"], group) in groups
        wiring = (ROOT / "handlers/enrichment/wiring.py").read_text("utf-8")
        assert f'"{message}", extra={{"reasons": ' in wiring


def test_the_regions_stand_side_by_side_and_no_widget_on_another(platform: Recording) -> None:
    found = widgets(platform)
    assert len({(widget["x"], widget["y"]) for widget in found}) == len(found)
    for widget in found:
        assert widget["x"] + widget["width"] <= 24
        if widget["type"] != "text" and not any(name == "HealthCheckStatus" for _, _, name, *_ in metrics(widget)):
            assert widget["properties"]["region"] == HALVES[widget["x"]]


SHOWN = {
    "events ingested": {
        ("Signals", "Entries"),
        ("Signals", "AcceptedSignals"),
        ("AWS/Events", "PutEventsEntriesCount"),
    },
    "where it points": {("AWS/Route53", "HealthCheckStatus"), ("AWS/Events", "Invocations")},
    "latency": {("AWS/Events", "IngestionToInvocationStartLatency"), ("AWS/Firehose", "DeliveryToS3.DataFreshness")},
    "spool, return path, lag": {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("Signals", "RepublishedBatches"),
    },
    "failures": {
        ("AWS/Events", "InvocationsSentToDlq"),
        ("AWS/Events", "InvocationsFailedToBeSentToDlq"),
        ("Signals", "UnavailableSignals"),
    },
    "throttles": {
        ("AWS/Lambda", "Throttles"),
        ("AWS/Events", "PutEventsApproximateThrottledCount"),
        ("AWS/Events", "ThrottledRules"),
        ("AWS/Firehose", "ThrottledRecords"),
    },
}


@pytest.mark.parametrize("wanted", SHOWN.values(), ids=SHOWN)
def test_it_shows(platform: Recording, wanted: set[tuple[str, str]]) -> None:
    assert wanted <= {(namespace, name) for widget in widgets(platform) for _, namespace, name, *_ in metrics(widget)}


def test_what_is_used_stands_under_the_default_quota(prod: Recording) -> None:
    lines = {
        (widget["properties"]["region"], line["label"].split(": ")[1]): line["value"]
        for widget in widgets(prod)
        for line in widget["properties"].get("annotations", {}).get("horizontal", ())
        if line["label"].startswith("default quota")
    }
    assert lines["us-west-2", "10,000 requests a second"] == 10_000 * 60
    assert lines["us-east-1", "18,750 invocations a second"] == 18_750 * 60
    assert lines["us-east-1", "1,000 executions at a time"] == 1_000
