"""The lake keeps what it is given: life cycle, versions, who may read it, and the query that removes duplicates."""

from collections.abc import Callable
from typing import Any

import pytest

from components.resource_types import (
    BUCKET,
    BUCKET_LIFECYCLE,
    BUCKET_POLICY,
    BUCKET_VERSIONING,
    NAMED_QUERY,
    STREAM,
    WORKGROUP,
)
from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack_files import stack_settings
from tests.support.reading import referred, statements

LAKE = "processing-us-west-2-lake"


def _rules(recording: Recording) -> dict[str, dict[str, Any]]:
    rules = recording.resource(BUCKET_LIFECYCLE, f"{LAKE}-lifecycle").inputs["rules"]
    assert {rule["status"] for rule in rules} == {"Enabled"}
    return {rule["id"]: rule for rule in rules}


def test_prods_signals_are_deleted_when_its_settings_say_so_and_nothing_else_touches_them(prod: Recording) -> None:
    settings = stack_settings("prod").get("lake", {})
    rules = _rules(prod)
    days = settings.get("expire_after_days")
    assert rules["signals"].get("expiration") == ({"days": days} if days else None)
    assert rules["signals"]["filter"] == {"prefix": "signals/"}
    assert (rules["left-overs"]["filter"], rules["left-overs"]["expiration"]) == (
        {"prefix": "athena-results/"},
        {"days": 30},
    )
    # What is deleted or overwritten can be restored for a month.
    assert "expiration" not in rules["undo"]
    assert rules["undo"]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}


@pytest.mark.parametrize("days", [None, 400])
def test_signals_expire_after_as_many_days_as_the_settings_say_or_never(
    settings_of: Callable[[str], dict[str, Any]], days: int | None
) -> None:
    lake = {"infrequent_access_after_days": 60, "expire_after_days": days}
    rules = _rules(record("dev", {**settings_of("dev"), "lake": lake}))
    assert rules["signals"].get("expiration") == ({"days": days} if days else None)
    assert rules["signals"]["transitions"] == [{"days": 60, "storageClass": "STANDARD_IA"}]
    assert [name for name, rule in rules.items() if "expiration" in rule and name != "left-overs"] == [
        "signals"
    ] * bool(days)


def test_what_is_deleted_can_be_restored(platform: Recording) -> None:
    (versioning,) = platform.resources(BUCKET_VERSIONING)
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert referred(platform, versioning.inputs["bucket"]).type == BUCKET


def test_no_tool_empties_the_bucket_of_a_stack_on_aws(prod: Recording, dev: Recording, local: Recording) -> None:
    emptied = [r.resource(BUCKET, f"{LAKE}-bucket").inputs.get("forceDestroy", False) for r in (prod, dev, local)]
    assert emptied == [False, False, True]


def test_bucket_and_objects_are_refused_to_whoever_comes_without_tls(platform: Recording) -> None:
    (deny,) = statements(platform.resource(BUCKET_POLICY, f"{LAKE}-policy").inputs["policy"])
    bucket = f"<<output {BUCKET}::{LAKE}-bucket#arn>>"
    assert deny["Resource"] == [bucket, f"{bucket}/*"]


def test_the_stream_waits_for_its_roles_policy(platform: Recording) -> None:
    stream = platform.resource(STREAM, f"{LAKE}-stream")
    assert any(urn.endswith(f"{LAKE}-role-policy") for urn in stream.dependencies.explicit)


def test_there_is_a_query_that_gives_each_signal_once(platform: Recording) -> None:
    (query,) = platform.resources(NAMED_QUERY)
    assert referred(platform, query.inputs["workgroup"]).type == WORKGROUP
    assert "PARTITION BY id" in query.inputs["query"]
