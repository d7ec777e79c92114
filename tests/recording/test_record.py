"""Recording a program: what comes back, what is refused, and that nothing stays behind."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest

from components.parts.references import Reference
from components.resource_types import (
    BUCKET,
    BUS,
    CATALOG_TABLE,
    CERTIFICATE,
    DOMAIN_NAME,
    ENDPOINT,
    FUNCTION,
    PROVIDER,
    QUEUE,
    RECORD,
)
from signals.errors import RecordError
from signals.recording.record import record_program
from signals.recording.resources import Recording
from signals.recording.values import Asset
from tests.support import sample
from tests.support.sample import options


def test_a_resource_is_recorded_with_inputs_region_and_component(broad: Recording) -> None:
    queue = broad.resource(QUEUE, "orders-inner-dlq")
    assert queue.inputs["name"] == "orders-inner-dlq"
    assert queue.region == "us-west-2"
    assert queue.component == "Inner"
    above = "urn:pulumi:sample::signals::signals:index:Pair$signals:index:Inner"
    assert queue.urn == f"{above}$aws:sqs/queue:Queue::orders-inner-dlq"
    assert broad.resource(QUEUE, "orders-queue").component == "Pair"
    assert broad.resource("signals:index:Inner", "orders-inner").component == "Pair"


def test_resources_are_selected_by_everything_asked(broad: Recording) -> None:
    buses = broad.resources(BUS)
    assert [(bus.name, bus.region) for bus in buses] == [("bus-east", "us-east-1"), ("bus-west", "us-west-2")]
    assert [bus.name for bus in broad.resources(buses[0].type, region="us-east-1")] == ["bus-east"]
    assert [queue.name for queue in broad.resources(component="Pair", type=QUEUE)] == ["orders-queue"]


def test_a_missing_resource_is_an_error_that_names_near_ones(broad: Recording) -> None:
    with pytest.raises(KeyError, match="orders-queue"):
        broad.resource(QUEUE, "order-queue")


def test_text_outputs_are_references_whether_given_or_told_by_aws() -> None:
    def program() -> None:
        queue = aws.sqs.Queue("q", name="given", visibility_timeout_seconds=30, tags={"a": "b"}, opts=options())
        pulumi.export("told", [queue.id, queue.arn, queue.url, queue.name])
        pulumi.export("given", [queue.visibility_timeout_seconds, queue.tags])
        pulumi.export("region", queue.region)

    outputs = record_program(program).outputs
    assert [Reference.parse(text) for text in outputs["told"]] == [
        Reference(QUEUE, "q", path) for path in ("id", "arn", "url", "name")
    ]
    assert outputs["given"] == [30, {"a": "b"}]
    assert outputs["region"] == "us-west-2"


def test_references_survive_concatenation_and_json(broad: Recording) -> None:
    policy = json.loads(broad.resource(QUEUE, "orders-queue").inputs["redrivePolicy"])
    assert Reference.parse(policy["deadLetterTargetArn"]) == Reference(QUEUE, "orders-inner-dlq", "arn")
    location = broad.resource(CATALOG_TABLE, "table").inputs["storageDescriptor"]["location"]
    assert location == f"s3://{Reference('aws:s3/bucket:Bucket', 'bucket', 'bucket')}/signals/"


def test_a_computed_structure_holds_references_with_paths(broad: Recording) -> None:
    name = broad.resource(RECORD, "proof").inputs["name"]
    path = "domainValidationOptions[0].resourceRecordName"
    assert Reference.parse(name) == Reference(CERTIFICATE, "certificate", path)


def test_what_aws_adds_to_a_given_structure_is_a_reference(broad: Recording) -> None:
    alias = broad.resource(RECORD, "latency").inputs["aliases"][0]
    path = "domainNameConfiguration.hostedZoneId"
    assert Reference.parse(alias["zoneId"]) == Reference(DOMAIN_NAME, "domain", path)


def test_an_output_that_cannot_be_referred_to_is_refused_where_it_is_used() -> None:
    def program() -> None:
        aws.sqs.Queue("b", tags=aws.sqs.Queue("a", opts=options()).tags_all)

    with pytest.raises(RecordError, match="aws:sqs/queue:Queue 'b': tags takes an output that only a deployment"):
        record_program(program)


def test_explicit_dependencies_stand_apart_from_implied_ones(broad: Recording) -> None:
    endpoint = broad.resource(ENDPOINT, "endpoint")
    names = [[urn.rpartition("::")[2] for urn in urns] for urns in (endpoint.dependencies.explicit,)]
    assert names == [["rule"]]
    implied = {urn.rpartition("::")[2] for urn in endpoint.dependencies.implied}
    assert implied == {"bus-east", "bus-west", "check", "role"}


def test_options_are_recorded_when_set(broad: Recording) -> None:
    assert broad.resource(BUCKET, "bucket").options["protect"] is True
    assert "protect" not in broad.resource(QUEUE, "orders-queue").options
    function = broad.resource(FUNCTION, "function")
    assert function.options["customTimeouts"] == {"create": "5m"}
    assert function.options["ignoreChanges"] == ["environment.variables"]


def test_provider_inputs_are_values_not_json(broad: Recording) -> None:
    inputs = broad.resource(PROVIDER, "aws-us-west-2").inputs
    assert inputs["defaultTags"] == {"tags": {"cost-center": "42", "owningTeam": "signals"}}
    assert inputs["allowedAccountIds"] == ["111122223333"]
    assert inputs["skipMetadataApiCheck"] is True
    assert inputs["endpoints"] == [{"sqs": "http://127.0.0.1:4566"}]


def test_an_archive_is_recorded_by_name_and_digest_and_its_path_stays_in_memory(
    broad: Recording, archive: Path
) -> None:
    function = broad.resource(FUNCTION, "function")
    assert function.inputs["code"] == Asset("archive", archive)
    text = json.dumps(broad.to_json())
    assert json.loads(text)["resources"]
    assert str(archive.parent) not in text
    assert function.to_json()["inputs"]["code"] == {"archive": archive.name, "sha256": Asset("archive", archive).sha256}


def test_a_secret_is_not_shown(broad: Recording) -> None:
    assert broad.to_json()["outputs"]["token"] == {"secret": True}
    assert "hidden" not in json.dumps(broad.to_json())


def test_the_same_program_gives_the_same_bytes(broad: Recording, archive: Path) -> None:
    again = record_program(lambda: sample.broad(archive), stack="sample")
    assert json.dumps(again.to_json()) == json.dumps(broad.to_json())


def _lookup_in_apply() -> None:
    pulumi.Output.from_input(1).apply(lambda _: aws.get_caller_identity().account_id)


@pytest.mark.parametrize(
    "lookup",
    [aws.get_region, aws.get_caller_identity_output, _lookup_in_apply, lambda: aws.sqs.Queue.get("a", "b")],
    ids=["call", "output", "apply", "get"],
)
def test_a_look_up_is_refused_by_name_with_the_reason(lookup: Callable[[], object]) -> None:
    with pytest.raises(RecordError, match=r"aws:\S+ .*refused: a recording asks AWS nothing"):
        record_program(lookup)


def test_a_look_up_that_is_answered_is_allowed() -> None:
    answers = {"aws:index/getRegion:getRegion": {"region": "us-west-2", "id": "us-west-2"}}
    recording = record_program(lambda: pulumi.export("r", aws.get_region_output().region), answers=answers)
    assert recording.outputs == {"r": "us-west-2"}


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "program",
    [
        lambda: _raise(ZeroDivisionError("here")),
        lambda: pulumi.Output.from_input(1).apply(lambda _: _raise(ZeroDivisionError("here"))),
        lambda: aws.sqs.Queue("q", name=pulumi.Output.from_input(1).apply(lambda _: _raise(ZeroDivisionError("here")))),
    ],
    ids=["program", "apply", "input"],
)
def test_an_exception_in_the_program_comes_out(program: Callable[[], object]) -> None:
    with pytest.raises(ZeroDivisionError, match="here"):
        record_program(program)


def test_a_run_error_is_shown_as_its_message() -> None:
    with pytest.raises(RecordError, match=r"^no such thing$"):
        record_program(lambda: _raise(pulumi.RunError("no such thing")))


def test_two_resources_of_one_type_and_name_are_refused() -> None:
    def program() -> None:
        opts = options()
        aws.sqs.Queue("q", opts=opts)
        aws.sqs.Queue("q", opts=opts)

    with pytest.raises(RecordError, match="two resources are aws:sqs/queue:Queue 'q'"):
        record_program(program)


def test_nothing_of_one_recording_or_failure_reaches_the_next() -> None:
    def program() -> None:
        pulumi.export("config", pulumi.Config("signals").get("x") or "none")

    assert record_program(program, config={"signals:x": "1"}).outputs == {"config": "1"}
    with pytest.raises(ZeroDivisionError):
        record_program(lambda: _raise(ZeroDivisionError()))
    again = record_program(program)
    assert again.all == ()
    assert again.outputs == {"config": "none"}
    assert pulumi.runtime.get_root_resource() is None


def test_recording_works_inside_a_running_event_loop() -> None:
    async def main() -> Recording:
        return record_program(lambda: pulumi.export("a", 1))

    assert asyncio.run(main()).outputs == {"a": 1}
