"""What the AWS provider knows: the types of attributes and the nesting of blocks, for the resources we support.

`provider_schema.json` is hashicorp/aws 5.100's own schema with everything left out that names and values do not need.
`python -m signals.terraform.schema` writes it again; SIGNALS_TERRAFORM_MIRROR or `--mirror` names a folder that holds
the provider, else it comes from the registry.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from signals.terraform.engine import MIRROR_SETTING, Terraform

FILE = Path(__file__).with_name("provider_schema.json")
VERSION = "5.100.0"

# The services an event platform stands on.
_SUPPORTED = (
    *("acm_certificate*", "apigatewayv2_*", "athena_*", "cloudwatch_composite_alarm", "cloudwatch_dashboard"),
    *("cloudwatch_event_*", "cloudwatch_log_*", "cloudwatch_metric_alarm", "cloudwatch_query_definition", "dynamodb_*"),
    *("glue_catalog_*", "iam_*", "kinesis_firehose_*", "kms_*", "lambda_*", "resourcegroups_*", "route53_health_check"),
    *("route53_record", "route53_zone", "s3_bucket*", "s3_object", "scheduler_*", "schemas_*", "sns_*", "sqs_*"),
    "xray_*",
)


@dataclass(frozen=True, eq=False)
class Attribute:
    """`type` is Terraform's own notation: "string", ["map", "string"], ["list", ["object", {...}]], ..."""

    type: Any
    settable: bool


@dataclass(frozen=True, eq=False)
class Block:
    """A body of attributes and blocks; nested, `nesting` says how ("list", "set", "single") and `single` how often."""

    attributes: Mapping[str, Attribute]
    blocks: Mapping[str, Block]
    nesting: str = "single"
    single: bool = True


# The members of an object: a block's, or the types of an object attribute's fields.
Body = Block | Mapping[str, Any]


def member_type(body: Body, name: str) -> Any:
    """The type of an attribute or block; a block is `["object", Block]`, or a list or set of that."""
    if not isinstance(body, Block):
        return body[name]
    if name in body.attributes:
        return body.attributes[name].type
    block = body.blocks[name]
    return ["object", block] if block.nesting == "single" else [block.nesting, ["object", block]]


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return loaded


@cache
def resource_block(terraform_type: str) -> Block:
    """The schema of a supported resource type such as `aws_sqs_queue`."""
    return _block(_file()["resources"][terraform_type])


@cache
def provider_block() -> Block:
    """The schema of the provider's own configuration."""
    return _block(_file()["provider"])


def resource_types() -> list[str]:
    """Every supported resource type, in order."""
    return list(_file()["resources"])


def _block(raw: Mapping[str, Any], nesting: str = "single", most: int | None = 1) -> Block:
    return Block(
        attributes={name: Attribute(type_, how != "c") for name, (type_, how) in raw.get("a", {}).items()},
        blocks={name: _block(inner, how, most) for name, (how, most, inner) in raw.get("b", {}).items()},
        nesting=nesting,
        single=nesting == "single" or most == 1,
    )


def _reduce(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block of terraform's own schema as {"a": {name: [type, "roc"]}, "b": {name: [nesting, max, block]}}."""
    attributes = {
        name: [raw["type"], "".join(key[0] for key in ("required", "optional", "computed") if raw.get(key))]
        for name, raw in sorted(block.get("attributes", {}).items())
    }
    blocks = {
        name: [raw["nesting_mode"], raw.get("max_items"), _reduce(raw["block"])]
        for name, raw in sorted(block.get("block_types", {}).items())
    }
    return {key: value for key, value in (("a", attributes), ("b", blocks)) if value}


def _line(name: str, value: Any) -> str:
    return f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'), sort_keys=True)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", help="folder that holds registry.terraform.io/hashicorp/aws")
    mirror = parser.parse_args().mirror
    if mirror:
        os.environ[MIRROR_SETTING] = mirror
    with tempfile.TemporaryDirectory() as folder:
        wanted = {"aws": {"source": "hashicorp/aws", "version": VERSION}}
        Path(folder, "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": wanted}}))
        terraform = Terraform(Path(folder))
        terraform.init()
        whole = terraform.provider_schema()
    resources = {
        name: _reduce(raw["block"])
        for name, raw in sorted(whole["resource_schemas"].items())
        if any(fnmatch.fnmatch(name, f"aws_{pattern}") for pattern in _SUPPORTED)
    }
    lines = ",\n".join(_line(name, raw) for name, raw in resources.items())
    provider = _line("provider", _reduce(whole["provider"]["block"]))
    FILE.write_text(f'{{{provider},\n"version":"{VERSION}",\n"resources":{{\n{lines}\n}}}}\n', "utf-8")


if __name__ == "__main__":
    main()
