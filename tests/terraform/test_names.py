"""Every property of every supported type has exactly one name in Terraform."""

import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pulumi import _types

from components.resource_types import API, BUS, KNOWN, STREAM
from signals.errors import TerraformError
from signals.recording.answers import resource_class
from signals.terraform.names import derived_type, names_of, property_names, resource_names, terraform_type
from signals.terraform.schema import Block, Body, member_type, resource_block, resource_types

# Lines of "type path". Only newer providers than hashicorp/aws 5.100 have these, so that using one is an error.
NEWER = set(Path(__file__).with_name("newer_provider_properties.txt").read_text().splitlines())


def _pulumi_types() -> dict[str, str]:
    """Each supported Terraform type's Pulumi type."""
    source = (importlib.resources.files("pulumi_aws") / "__init__.py").read_text()
    match = re.search(r'resource_modules="""\n(.*?)"""', source, re.DOTALL)
    assert match
    tokens = {token for module in json.loads(match[1]) for token in module["classes"]}
    found = {derived_type(token): token for token in sorted(tokens)} | {
        t.terraform: token for token, t in KNOWN.items() if t.terraform
    }
    return {name: token for name, token in found.items() if name in resource_types()}


def _unnamed(properties: Mapping[str, Any], body: Body, names: property_names, where: str = "") -> Iterator[str]:
    """Paths of the properties without a name of their own, or whose shape differs from what has their name."""
    taken: dict[str, str] = {}
    for property, type_ in properties.items():
        name = names.get(property)
        if name is None or name in taken:
            yield f"{where}{property}"
            continue
        taken[name] = property
        item = get_args(type_)[0] if get_origin(type_) is Sequence else type_
        terraform: Any = member_type(body, name)
        while isinstance(terraform, list) and terraform[0] in ("list", "set"):
            terraform = terraform[1]
        nested = terraform[1] if isinstance(terraform, list) and terraform[0] == "object" else None
        if (nested is not None) != _types.is_output_type(item):
            yield f"{where}{property}"
        elif nested is not None:
            yield from _unnamed(_types.output_type_types(item), nested, names_of(nested), f"{where}{property}.")


def test_every_supported_type_is_one_of_pulumi_aws() -> None:
    assert sorted(_pulumi_types()) == resource_types()


def test_every_property_maps_to_exactly_one_name_or_is_listed_as_newer() -> None:
    unnamed = set()
    for name, token in _pulumi_types().items():
        block = resource_block(name)
        # The provider says the Region; 5.100 has no such attribute, and no component sets it.
        properties = {k: v for k, v in _types.resource_types(resource_class(token)).items() if k != "region"}
        unnamed |= {f"{token} {path}" for path in _unnamed(properties, block, resource_names(token))}
    assert unnamed == NEWER


@pytest.mark.parametrize(
    ("pulumi_type", "expected"),
    [
        (BUS, "aws_cloudwatch_event_bus"),
        (STREAM, "aws_kinesis_firehose_delivery_stream"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "aws_s3_object"),
        (API, "aws_apigatewayv2_api"),
    ],
)
def test_a_type_has_its_name_by_rule_or_by_table(pulumi_type: str, expected: str) -> None:
    assert terraform_type(pulumi_type) == expected


@pytest.mark.parametrize("pulumi_type", ["aws:ec2/vpc:Vpc", "random:index/randomId:RandomId", "aws:sqs/queue:Nothing"])
def test_an_unsupported_type_is_an_error_that_names_it(pulumi_type: str) -> None:
    with pytest.raises(TerraformError, match=re.escape(pulumi_type)):
        terraform_type(pulumi_type)


@pytest.mark.parametrize(
    ("terraform", "several", "pulumi"),
    [
        ("rule", True, "rules"),
        ("policy", True, "policies"),
        ("address", True, "addresses"),
        ("partition_index", True, "partitionIndices"),
        ("records", True, "records"),
        ("alias", False, "alias"),
        ("alias", False, "aliases"),
        ("kms_key_id", False, "kmsKeyId"),
        ("s3_us_east_1_regional_endpoint", False, "s3UsEast1RegionalEndpoint"),
    ],
)
def test_plural_and_case_follow_the_bridge(terraform: str, several: bool, pulumi: str) -> None:
    assert property_names({terraform: ["list", "string"] if several else "string"}).get(pulumi) == terraform


def test_a_plural_belongs_to_what_holds_several_before_what_holds_one() -> None:
    names = property_names({"rule": "string", "rules": ["list", "string"]})
    assert (names.get("rule"), names.get("rules")) == ("rule", "rules")


def test_the_schema_says_nesting_and_types() -> None:
    block = resource_block("aws_route53_record")
    assert isinstance(block.blocks["alias"], Block)
    assert member_type(block, "records") == ["set", "string"]
    assert not block.attributes["fqdn"].settable
