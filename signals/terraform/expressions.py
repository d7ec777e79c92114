"""References as Terraform expressions, and everything else as text that Terraform leaves alone."""

import re
from collections.abc import Mapping
from typing import Any

from components.parts.references import TOKEN, Reference
from signals.errors import TerraformError
from signals.recording.resources import Resource
from signals.terraform.names import names_of, resource_names, terraform_type
from signals.terraform.schema import VERSION, member_type, resource_block

_HELPERS = {
    "endpoint_id": 'trimsuffix(trimprefix({}, "https://"), ".endpoint.events.amazonaws.com")',
}
_SIGNS = re.compile(r"[$%]+\Z")
_SEGMENT = re.compile(r'\.?(?P<name>[\w-]+)|\[(?P<index>\d+)\]|\["(?P<key>[^"]+)"\]')


class Expressions:
    """The expressions of one configuration.

    Args:
        resources: What can be referred to.
    """

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self.addresses = {(r.type, r.name): address for address, r in resources.items()}

    def template(self, text: str) -> str:
        """Text as a Terraform template: references become `${…}`, and what only looks like one is escaped.

        Raises:
            TerraformError: If something is referred to that Terraform does not have.
        """
        if "<<output " not in text:
            return escape(text)
        parts: list[str] = []
        end = 0
        for match in TOKEN.finditer(text):
            # "$${" would be an escape, not a dollar and a reference: signs before one are an expression of their own.
            before = _SIGNS.sub(r'${"\g<0>"}', escape(text[end : match.start()]))
            parts += [before, "${", self.expression(Reference(**match.groupdict())), "}"]
            end = match.end()
        return "".join(parts) + escape(text[end:])

    def expression(self, reference: Reference) -> str:
        """For example `aws_sqs_queue.orders.arn`."""
        address = self.addresses.get((reference.type, reference.name))
        if address is None:
            raise TerraformError(f"{reference} is not in the recording")
        try:
            found = path(reference.type, reference.path, start=address)
        except TerraformError as error:
            raise TerraformError(f"it refers to {reference.type} {reference.name!r}: {error}") from None
        if reference.helper is None:
            return found
        if reference.helper not in _HELPERS:
            raise TerraformError(f"{reference}: helper {reference.helper} has no counterpart in Terraform: add it here")
        return _HELPERS[reference.helper].format(found)


def escape(text: str) -> str:
    """Text that Terraform reads as itself."""
    return text.replace("${", "$${").replace("%{", "%%{")


def path(pulumi_type: str, pulumi_path: str, start: str = "") -> str:
    """A Pulumi property path in Terraform's names.

    Args:
        pulumi_type: Type token of the resource that has the property.
        pulumi_path: For example `domainValidationOptions[0].resourceRecordName`.
        start: Address of the resource; without one the path stands alone, as `ignore_changes` wants it.

    Raises:
        TerraformError: If a part of it is unknown.
    """
    type_: Any = ["object", resource_block(terraform_type(pulumi_type))]
    done = start
    for match in _SEGMENT.finditer(pulumi_path):
        name, index = match["name"] or match["key"], match["index"]
        if name and type_[0] in ("list", "set") and type_[1][0] == "object":
            # Where Pulumi has one thing, Terraform has a list or set of one.
            done, type_ = (f"{done}[0]" if type_[0] == "list" else f"one({done})"), type_[1]
        if name and type_[0] == "object":
            names = resource_names(pulumi_type) if done == start else names_of(type_[1])
            ours = names.get(name)
            if ours is None:
                raise TerraformError(f"hashicorp/aws {VERSION} has no property {pulumi_path}")
            done, type_ = (f"{done}.{ours}" if done else ours), member_type(type_[1], ours)
        elif name and type_[0] == "map":
            done, type_ = f'{done}["{name}"]', type_[1]
        elif index and type_[0] == "list":
            done, type_ = f"{done}[{index}]", type_[1]
        elif index == "0" and type_[0] == "set" and start:
            # A set's items have no order: right only while there is one, which Terraform then checks.
            done, type_ = f"one({done})", type_[1]
        else:
            raise TerraformError(f"{pulumi_path} has no place of its own in Terraform")
    return done
