"""The names that the commands look for are those that the program gives."""

from __future__ import annotations

import pytest

from components.names import Names
from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack import load_stack


@pytest.fixture(scope="module", params=["local", "dev", "prod"])
def recorded(request: pytest.FixtureRequest) -> tuple[Names, Recording]:
    return load_stack(request.param).names, record(request.param)


def names_of(recording: Recording, type_: str, key: str = "name") -> set[str]:
    return {resource.inputs[key] for resource in recording.all if resource.type == type_}


def test_every_queue_of_a_stack_is_known_and_every_dead_letter_counts_as_trouble(
    recorded: tuple[Names, Recording],
) -> None:
    names, recording = recorded
    queues = names_of(recording, "aws:sqs/queue:Queue")
    assert queues
    assert {queue for queue in queues if not names.is_queue(queue)} == set()
    troubled = {queue for queue in queues if names.is_troubled(queue)}
    assert {queue for queue in queues if queue.endswith(("-dlq", "-failed", "-quarantine"))} == troubled


def test_every_function_of_a_stack_is_known(recorded: tuple[Names, Recording]) -> None:
    names, recording = recorded
    assert names_of(recording, "aws:lambda/function:Function") <= set(names.functions())


def test_buses_archive_endpoint_api_lake_and_tables_have_the_names_that_are_asked_for(
    recorded: tuple[Names, Recording],
) -> None:
    names, recording = recorded
    settings = names.settings
    assert names_of(recording, "aws:cloudwatch/eventBus:EventBus") == {names.ingress_bus, names.data_bus}
    assert names_of(recording, "aws:cloudwatch/eventArchive:EventArchive") == {names.archive}
    assert names_of(recording, "aws:cloudwatch/eventEndpoint:EventEndpoint") == {names.endpoint}
    assert names_of(recording, "aws:apigatewayv2/api:Api") == {names.api}
    assert names.lake_bucket(settings.regions.primary) in names_of(recording, "aws:s3/bucket:Bucket", "bucket")
    profiles = {names.state_table(c.name) for c in settings.consumers if c.handler == "profile"}
    assert profiles <= names_of(recording, "aws:dynamodb/table:Table")


def test_a_stack_does_not_take_anothers_queues_for_its_own() -> None:
    names = load_stack("local").names
    assert names.is_queue("signals-local-spool")
    assert not names.is_queue("signals-local-two-spool")
    assert not names.is_queue("signals-spool")
