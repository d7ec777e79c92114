"""What a recording becomes in Terraform, rule by rule."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from signals.errors import TerraformError
from signals.recording.record import record_program
from signals.recording.resources import Recording
from signals.terraform.emit import Backend, emit
from tests.support import sample
from tests.support.sample import options, provider


def terraform(program: Callable[[], object]) -> dict[str, Any]:
    return dict(emit(record_program(program)).document)


def resources(document: dict[str, Any]) -> dict[str, Any]:
    """Bodies by address."""
    return {
        f"{type_}.{label}": body
        for group in document["resource"]
        for type_, bodies in group.items()
        for label, body in bodies.items()
    }


@pytest.fixture(scope="module")
def document(broad: Recording) -> dict[str, Any]:
    return dict(emit(broad).document)


@pytest.fixture(scope="module")
def bodies(document: dict[str, Any]) -> dict[str, Any]:
    return resources(document)


def test_the_same_recording_gives_the_same_bytes(broad: Recording, archive: Path) -> None:
    again = record_program(lambda: sample.broad(archive), stack="sample")
    assert emit(again).text() == emit(broad).text()


def test_a_reference_becomes_an_expression(bodies: dict[str, Any]) -> None:
    assert bodies["aws_cloudwatch_event_rule.rule"]["event_bus_name"] == "${aws_cloudwatch_event_bus.bus_west.name}"
    assert bodies["aws_lambda_alias.alias"]["function_name"] == "${aws_lambda_function.function.function_name}"
    assert bodies["aws_route53_health_check.check"]["cloudwatch_alarm_name"] == (
        "${aws_cloudwatch_metric_alarm.alarm.alarm_name}"
    )


def test_a_reference_inside_json_or_other_text_becomes_an_expression(bodies: dict[str, Any]) -> None:
    policy = json.loads(bodies["aws_sqs_queue.orders_queue"]["redrive_policy"])
    assert policy == {"deadLetterTargetArn": "${aws_sqs_queue.orders_inner_dlq.arn}", "maxReceiveCount": 3}
    location = bodies["aws_glue_catalog_table.table"]["storage_descriptor"][0]["location"]
    assert location == "s3://${aws_s3_bucket.bucket.bucket}/signals/"


def test_an_item_of_a_set_is_the_only_one(bodies: dict[str, Any]) -> None:
    assert bodies["aws_route53_record.proof"]["records"] == [
        "${one(aws_acm_certificate.certificate.domain_validation_options).resource_record_value}"
    ]


def test_a_part_of_what_pulumi_has_one_of_is_of_the_first(bodies: dict[str, Any]) -> None:
    alias = bodies["aws_route53_record.latency"]["alias"]
    first = "aws_apigatewayv2_domain_name.domain.domain_name_configuration[0]"
    assert alias[0]["zone_id"] == f"${{{first}.hosted_zone_id}}"


def test_a_helper_becomes_terraform_functions(document: dict[str, Any]) -> None:
    assert document["output"]["endpoint_id"]["value"] == (
        '${trimsuffix(trimprefix(aws_cloudwatch_event_endpoint.endpoint.endpoint_url, "https://"), '
        '".endpoint.events.amazonaws.com")}'
    )


def test_what_looks_like_an_expression_in_text_is_escaped_and_firehose_keeps_its_own(bodies: dict[str, Any]) -> None:
    assert bodies["aws_iam_role.role"]["tags"] == {"someKey": "a $${b} %%{c}"}
    assert "a$${b}" in bodies["aws_cloudwatch_event_rule.rule"]["event_pattern"]
    assert bodies["aws_glue_catalog_table.table"]["parameters"]["storageTemplate"] == "$${dt}"
    s3 = bodies["aws_kinesis_firehose_delivery_stream.stream"]["extended_s3_configuration"][0]
    assert s3["prefix"] == "signals/dt=!{timestamp:yyyy-MM-dd}/"


def test_keys_of_maps_are_the_users(bodies: dict[str, Any]) -> None:
    variables = bodies["aws_lambda_function.function"]["environment"][0]["variables"]
    assert variables == {"LIMIT": "1", "QUEUE_URL": "${aws_sqs_queue.orders_queue.url}", "camelCase": "kept"}
    table = bodies["aws_glue_catalog_table.table"]
    assert {"projection.enabled", "projection.dt.format", "storageTemplate"} == table["parameters"].keys()
    assert table["storage_descriptor"][0]["ser_de_info"][0]["parameters"] == {"aB": "c"}
    assert bodies["aws_route53_health_check.check"]["triggers"] == {"thresholdValue": "30000"}
    target = bodies["aws_cloudwatch_event_target.target"]
    assert target["http_target"] == [{"header_parameters": {"X-fooBar": "1"}}]


def test_names_follow_the_schema(bodies: dict[str, Any]) -> None:
    endpoint = bodies["aws_cloudwatch_event_endpoint.endpoint"]
    assert endpoint["event_bus"] == [
        {"event_bus_arn": "${aws_cloudwatch_event_bus.bus_west.arn}"},
        {"event_bus_arn": "${aws_cloudwatch_event_bus.bus_east.arn}"},
    ]
    assert bodies["aws_s3_bucket_lifecycle_configuration.lifecycle"]["rule"][0]["transition"] == [
        {"days": 90, "storage_class": "STANDARD_IA"}
    ]
    assert bodies["aws_lambda_permission.permission"]["function_name"].startswith("${aws_lambda_function.function")


def test_an_empty_block_stays_and_an_absent_one_is_absent(bodies: dict[str, Any]) -> None:
    rule = bodies["aws_s3_bucket_lifecycle_configuration.lifecycle"]["rule"][0]
    assert rule["filter"] == [{}]
    assert "noncurrent_version_expiration" not in rule


def test_numbers_and_booleans_are_what_the_schema_says(bodies: dict[str, Any]) -> None:
    body = bodies["aws_lambda_function.function"]
    assert (repr(body["timeout"]), body["publish"]) == ("30", True)

    def program() -> None:
        aws.lambda_.Function(
            "f",
            role="r",
            package_type="Image",
            image_uri="i",
            environment={"variables": {"A": pulumi.Output.from_input(30).apply(lambda n: n)}},
            opts=options(),
        )
        pulumi.export("n", 1.5)

    document = terraform(program)
    assert resources(document)["aws_lambda_function.f"]["environment"] == [{"variables": {"A": "30"}}]
    assert document["output"]["n"] == {"value": 1.5}


def test_a_functions_archive_is_copied_under_its_logical_name(broad: Recording, archive: Path) -> None:
    configuration = emit(broad)
    body = resources(dict(configuration.document))["aws_lambda_function.function"]
    assert body["filename"] == "${path.module}/functions/function.zip"
    assert body["source_code_hash"] == base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()
    assert configuration.files == {"functions/function.zip": archive}


def test_every_resource_names_the_provider_of_its_region(document: dict[str, Any], bodies: dict[str, Any]) -> None:
    assert [provider["alias"] for provider in document["provider"]["aws"]] == ["us_east_1", "us_west_2"]
    assert all("alias" in provider for provider in document["provider"]["aws"])
    assert bodies["aws_cloudwatch_event_bus.bus_east"]["provider"] == "aws.us_east_1"
    assert {body["provider"] for body in bodies.values()} == {"aws.us_east_1", "aws.us_west_2"}


def test_a_providers_settings_are_carried(document: dict[str, Any]) -> None:
    west = document["provider"]["aws"][1]
    assert west["default_tags"] == [{"tags": {"cost-center": "42", "owningTeam": "signals"}}]
    assert west["allowed_account_ids"] == ["111122223333"]
    assert west["endpoints"] == [{"sqs": "http://127.0.0.1:4566"}]
    assert west["skip_metadata_api_check"] == "true"
    assert west["skip_requesting_account_id"] is True


def test_only_explicit_dependencies_are_written_out(bodies: dict[str, Any]) -> None:
    assert bodies["aws_cloudwatch_event_endpoint.endpoint"]["depends_on"] == ["aws_cloudwatch_event_rule.rule"]
    assert "depends_on" not in bodies["aws_cloudwatch_event_rule.rule"]


def test_a_dependency_whose_reference_was_lost_is_written_out() -> None:
    def program() -> None:
        opts = options()
        first = aws.sqs.Queue("first", opts=opts)
        aws.sqs.Queue("second", name=first.arn.apply(lambda _: "fixed"), opts=opts)

    assert resources(terraform(program))["aws_sqs_queue.second"]["depends_on"] == ["aws_sqs_queue.first"]


def test_protection_prevents_destruction(bodies: dict[str, Any]) -> None:
    assert bodies["aws_s3_bucket.bucket"]["lifecycle"] == {"prevent_destroy": True}


def test_ignored_changes_have_terraforms_names(bodies: dict[str, Any]) -> None:
    assert bodies["aws_dynamodb_table.profiles"]["lifecycle"] == {
        "ignore_changes": ["read_capacity", 'tags["touchedBy"]']
    }
    assert bodies["aws_lambda_function.function"]["lifecycle"] == {"ignore_changes": ["environment[0].variables"]}


def test_timeouts_are_carried(bodies: dict[str, Any]) -> None:
    assert bodies["aws_lambda_function.function"]["timeouts"] == {"create": "5m"}


def test_replace_on_changes_triggers_by_a_copy_of_the_property() -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(provider=provider(), replace_on_changes=["delaySeconds"])
        aws.sqs.Queue("q", delay_seconds=5, opts=opts)

    bodies = resources(terraform(program))
    assert bodies["aws_sqs_queue.q"]["lifecycle"] == {"replace_triggered_by": ["terraform_data.aws_sqs_queue_q"]}
    assert bodies["terraform_data.aws_sqs_queue_q"] == {"input": {"delay_seconds": 5}}


def test_a_former_name_is_a_move() -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(provider=provider(), aliases=[pulumi.Alias(name="old-name")])
        aws.sqs.Queue("new-name", opts=opts)

    assert terraform(program)["moved"] == [{"from": "aws_sqs_queue.old_name", "to": "aws_sqs_queue.new_name"}]


def test_outputs_keep_their_keys_and_secrets_are_sensitive(document: dict[str, Any]) -> None:
    assert document["output"]["urls"] == {"value": {"us-west-2": "${aws_sqs_queue.orders_queue.url}"}}
    assert document["output"]["token"] == {"value": "${var.output_token}", "sensitive": True}
    assert document["variable"]["output_token"] == {
        "description": "The secret in output token.",
        "type": "string",
        "sensitive": True,
    }


def test_a_secret_is_a_variable_wherever_it_stands_and_never_in_the_text() -> None:
    configuration = emit(record_program(sample.secrets))
    assert "hunter2" not in configuration.text()
    found = resources(dict(configuration.document))
    function = found["aws_lambda_function.f"]
    assert function["environment"] == [
        {"variables": {"PLAIN": "1", "TOKEN": "${var.aws_lambda_function_f_environment_variables_TOKEN}"}}
    ]
    assert function["description"] == "${var.aws_lambda_function_f_description}"
    assert function["layers"] == "${var.aws_lambda_function_f_layers}"
    assert found["aws_sqs_queue.q"]["tags"] == "${var.aws_sqs_queue_q_tags}"
    # A block is no value: what stands in it is hidden one by one.
    function_url = found["aws_lambda_function_url.u"]
    assert function_url["cors"] == [
        {
            "allow_origins": "${var.aws_lambda_function_url_u_cors_allowOrigins}",
            "max_age": "${var.aws_lambda_function_url_u_cors_maxAge}",
        }
    ]
    assert configuration.document["provider"]["aws"][0]["secret_key"] == "${var.provider_aws_us_west_2_secretKey}"
    types = {name: variable["type"] for name, variable in configuration.document["variable"].items()}
    assert types == {
        "aws_lambda_function_f_description": "string",
        "aws_lambda_function_f_environment_variables_TOKEN": "string",
        "aws_lambda_function_f_layers": "list(string)",
        "aws_lambda_function_url_u_cors_allowOrigins": "set(string)",
        "aws_lambda_function_url_u_cors_maxAge": "number",
        "aws_sqs_queue_q_tags": "map(string)",
        "output_nested_0_a": "string",
        "output_whole": "any",
        "provider_aws_us_west_2_accessKey": "string",
        "provider_aws_us_west_2_secretKey": "string",
    }
    assert types.keys() == configuration.secrets.keys()


def test_a_secret_that_is_an_output_alone_needs_no_variable() -> None:
    def program() -> None:
        first = aws.sqs.Queue("first", opts=options())
        aws.sqs.Queue("second", name=pulumi.Output.secret(first.name), opts=sample.beside(first))
        pulumi.export("url", pulumi.Output.secret({"of": [first.url]}))

    document = terraform(program)
    assert resources(document)["aws_sqs_queue.second"]["name"] == "${aws_sqs_queue.first.name}"
    assert document["output"]["url"] == {"value": {"of": ["${aws_sqs_queue.first.url}"]}, "sensitive": True}
    assert "variable" not in document


def test_a_key_of_an_emulator_on_this_machine_is_no_secret() -> None:
    def program(endpoint: str) -> Callable[[], None]:
        keys = {"access_key": "local", "secret_key": "local"}
        return lambda: aws.Provider("p", region="us-west-2", endpoints=[{"sqs": endpoint}], **keys) and None

    written = emit(record_program(program("http://127.0.0.1:4566"))).document
    assert written["provider"]["aws"][0]["secret_key"] == "local"
    assert "variable" not in written
    elsewhere = emit(record_program(program("http://10.0.0.1:4566")))
    assert "local" not in elsewhere.text()


def test_what_is_null_is_left_out() -> None:
    recording = record_program(lambda: aws.sqs.Queue("q", name="q", opts=options()))
    nulled = [replace(r, inputs={**r.inputs, "policy": None}) if r.name == "q" else r for r in recording.all]
    body = resources(dict(emit(replace(recording, all=tuple(nulled))).document))["aws_sqs_queue.q"]
    assert set(body) == {"//", "provider", "name"}


def test_a_dollar_before_a_reference_stays_a_dollar() -> None:
    def program() -> None:
        queue = aws.sqs.Queue("q", opts=options())
        pulumi.export("price", pulumi.Output.concat("US$", queue.name))

    assert terraform(program)["output"]["price"]["value"] == 'US${"$"}${aws_sqs_queue.q.name}'


@pytest.mark.parametrize("signs", ["$", "$$", "%", "%%", "$%", "%$", "$$$%$"])
def test_signs_before_a_reference_are_apart_from_it(signs: str) -> None:
    def program() -> None:
        queue = aws.sqs.Queue("q", opts=options())
        pulumi.export("price", pulumi.Output.concat("US", signs, queue.name))

    assert terraform(program)["output"]["price"]["value"] == f'US${{"{signs}"}}${{aws_sqs_queue.q.name}}'


def test_a_reference_in_a_key_becomes_an_expression_and_a_dependency_once() -> None:
    def program() -> None:
        first = aws.sqs.Queue("first", opts=options())
        tags = first.name.apply(lambda name: {name: "fed"})
        aws.sqs.Queue("second", tags=tags, opts=pulumi.ResourceOptions(provider=first._provider))

    body = resources(terraform(program))["aws_sqs_queue.second"]
    assert body["tags"] == {"${aws_sqs_queue.first.name}": "fed"}
    assert "depends_on" not in body


def test_a_backend_is_written_when_given(broad: Recording) -> None:
    backend = Backend("state", "signals/prod", "us-west-2")
    assert emit(broad, backend).document["terraform"]["backend"] == {
        "s3": {"bucket": "state", "key": "signals/prod", "region": "us-west-2", "encrypt": True, "use_lockfile": True}
    }
    assert "backend" not in emit(broad).document["terraform"]


def test_components_lie_together(broad: Recording) -> None:
    groups = [set(group) for group in emit(broad).document["resource"]]
    assert {"aws_sqs_queue"} in groups
    assert len(groups) == 3  # without a component, Inner, Pair


def _secretly_new() -> None:
    aws.cloudwatch.EventBus("bus", log_config={"level": "INFO"}, opts=options())


def _misspelt() -> None:
    aws.sqs.Queue("q", opts=options())
    aws.cloudwatch.EventTarget("t", arn="a", rule="r", retry_policy={"maximumAge": 1}, opts=options("us-east-1"))


def _of_the_resource(region: str) -> Callable[[], None]:
    def program() -> None:
        aws.sqs.Queue("q", region=region, opts=options())

    return program


def _without_provider() -> None:
    aws.sqs.Queue("q")


def _two_labels() -> None:
    opts = options()
    aws.sqs.Queue("a-b", opts=opts)
    aws.sqs.Queue("a_b", opts=opts)


def _unsupported() -> None:
    aws.ec2.Vpc("v", cidr_block="10.0.0.0/16", opts=options())


def _new_output() -> None:
    pulumi.export("x", aws.lambda_.Function("f", role="r", opts=options()).response_streaming_invoke_arn)


def _kept() -> None:
    aws.sqs.Queue("q", opts=pulumi.ResourceOptions(provider=provider(), retain_on_delete=True))


def _timed() -> None:
    timeouts = pulumi.CustomTimeouts(create="5m")
    aws.iam.Role(
        "r", assume_role_policy="{}", opts=pulumi.ResourceOptions(provider=provider(), custom_timeouts=timeouts)
    )


def _secret_and_output() -> None:
    first = aws.sqs.Queue("first", opts=options())
    name = pulumi.Output.concat(first.name, pulumi.Output.secret(sample.SECRET))
    aws.sqs.Queue("q", name=name, opts=sample.beside(first))


def _twice_there() -> None:
    provider()
    aws.Provider("other", region="us-west-2")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (_secretly_new, "aws:cloudwatch/eventBus:EventBus 'bus': hashicorp/aws 5.100.0 has no property logConfig"),
        (_misspelt, "EventTarget 't': hashicorp/aws 5.100.0 has no property retryPolicy.maximumAge"),
        (_of_the_resource("us-east-1"), "Queue 'q': hashicorp/aws 5.100.0 has no property region"),
        (_without_provider, "Queue 'q': it has no provider of its own"),
        (_two_labels, "'a-b' and 'a_b' would both be aws_sqs_queue.a_b"),
        (_unsupported, "aws:ec2/vpc:Vpc 'v': resource type aws:ec2/vpc:Vpc is not supported"),
        (
            _new_output,
            "output 'x': it refers to .*Function 'f': .* has no property responseStreamingInvokeArn",
        ),
        (_kept, "Queue 'q': its option retainOnDelete has no counterpart"),
        (_timed, r"Role 'r': its timeouts \(create\) cannot be set"),
        (_secret_and_output, "Queue 'q': property name is a secret together with an output"),
        (_twice_there, "provider 'other': there is another for us-west-2"),
    ],
)
def test_what_has_no_counterpart_is_an_error_that_names_it(program: Callable[[], None], message: str) -> None:
    with pytest.raises(TerraformError, match=message):
        terraform(program)


def test_no_path_of_this_machine_is_written(broad: Recording, archive: Path) -> None:
    assert not re.search(re.escape(str(archive.parent)), emit(broad).text())
