"""Which Terraform resource, attribute or block a Pulumi type or property is.

pulumi-terraform-bridge makes Pulumi's names from the provider's schema: snake case becomes camel case, and what may
hold several gets a plural name. So the schema's names are brought into Pulumi's form and looked up there; a Pulumi name
is never taken apart. What the bridge renames by hand is in the tables below.

Source: pulumi/pulumi-terraform-bridge, pkg/tfbridge/names.go; pulumi/pulumi-aws, provider/resources.go.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from components import resource_types as types
from components.resource_types import known
from signals.errors import TerraformError
from signals.terraform.schema import VERSION, Block, Body, resource_block, resource_types

# Properties that have a name of their own in Pulumi.
RENAMED = {
    types.LOG_SUBSCRIPTION: {"logGroup": "log_group_name"},
    types.ALARM: {"name": "alarm_name"},
    types.FUNCTION: {"code": "filename", "name": "function_name"},
    types.LAYER: {"code": "filename"},
    types.PERMISSION: {"function": "function_name"},
    types.BUCKET_WEBSITE: {"routingRules": "routing_rule", "routingRuleDetails": "routing_rules"},
    types.TOPIC_SUBSCRIPTION: {"topic": "topic_arn"},
}


def terraform_type(pulumi_type: str) -> str:
    """The Terraform resource type of a Pulumi type token.

    Raises:
        TerraformError: If it is not supported.
    """
    name = known(pulumi_type).terraform or derived_type(pulumi_type)
    if name is None or name not in resource_types():
        raise TerraformError(
            f"resource type {pulumi_type} is not supported in Terraform: if hashicorp/aws {VERSION} has it, name it in "
            "signals/terraform/schema.py and run `python -m signals.terraform.schema`"
        )
    return name


def derived_type(pulumi_type: str) -> str | None:
    """What most types are called: `aws:sqs/queuePolicy:QueuePolicy` is `aws_sqs_queue_policy`."""
    match = re.fullmatch(r"aws:(?P<module>\w+)/\w+:(?P<name>\w+)", pulumi_type)
    return match and f"aws_{match['module']}_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", match["name"]).lower()


def property_names(body: Body, renamed: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Terraform's names of one body's members, by Pulumi's.

    Args:
        body: A block, or the attribute types of an object.
        renamed: Properties that have a name of their own in Pulumi.
    """
    names = dict(renamed or {})
    members = {name: several for name, several in _members(body).items() if name not in names.values()}
    singular = [(_camel(name), name) for name in members]
    plural = [(plural, name) for name in members for plural in _plurals(_camel(name))]
    # First what the schema says; then its opposite, because the bridge knows limits that the schema does not say
    # (and the other way round), and leaves a word alone that is plural already.
    said = [p for p in plural if members[p[1]]] + [p for p in singular if not members[p[1]]]
    for pulumi_name, name in said + singular + plural:
        names.setdefault(pulumi_name, name)
    return names


def _members(body: Body) -> dict[str, bool]:
    """Each attribute and block of a body, and whether it holds several."""
    if not isinstance(body, Block):
        return {name: _is_several(type_) for name, type_ in body.items()}
    attributes = {name: _is_several(attribute.type) for name, attribute in body.attributes.items()}
    return attributes | {name: not block.single for name, block in body.blocks.items()}


def _is_several(type_: Any) -> bool:
    return isinstance(type_, list) and type_[0] in ("list", "set")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _plurals(name: str) -> Iterator[str]:
    yield f"{name}s"
    if name.endswith(("s", "x", "ch", "sh")):
        yield f"{name}es"
    if name.endswith("y"):
        yield f"{name[:-1]}ies"
    if name.lower().endswith("index"):
        yield f"{name[:-2]}ices"


def names_of(body: Body) -> Mapping[str, str]:
    """The names of a nested body's members."""
    return _block_names(body) if isinstance(body, Block) else property_names(body)


_block_names = cache(property_names)


@cache
def resource_names(pulumi_type: str) -> Mapping[str, str]:
    """The names of a resource's own properties.

    Raises:
        TerraformError: If the type is not supported.
    """
    return property_names(resource_block(terraform_type(pulumi_type)), RENAMED.get(pulumi_type))
