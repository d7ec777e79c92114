"""References: what an output is while the program is recorded, and the few helpers that may look inside an output.

In a recording each output is a token, `<<output TYPE::NAME#PATH>>`, that survives concatenation and `json.dumps`.
Components never do string surgery on an output; what must be derived from one goes through a helper here, so that
the recording can say how (`<<output TYPE::NAME#PATH|HELPER>>`) and Terraform can do the same.
"""

import re
from dataclasses import dataclass
from typing import Self

import pulumi

TOKEN = re.compile(r"<<output (?P<type>[\w:/-]+?)::(?P<name>[\w.-]+)#(?P<path>[\w.\[\]-]+)(?:\|(?P<helper>\w+))?>>")

ENDPOINT_DNS = ".endpoint.events.amazonaws.com"


@dataclass(frozen=True)
class Reference:
    """One output of one resource: its type token, logical name and property path, and the helper applied to it."""

    type: str
    name: str
    path: str
    helper: str | None = None

    def __str__(self) -> str:
        return f"<<output {self.type}::{self.name}#{self.path}{f'|{self.helper}' if self.helper else ''}>>"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The reference that `text` is, whole; None if it is anything else."""
        match = TOKEN.fullmatch(text)
        return cls(**match.groupdict()) if match else None


def endpoint_id(endpoint_url: pulumi.Input[str]) -> pulumi.Output[str]:
    """The id of a global endpoint, which the AWS provider does not export, from its URL.

    Args:
        endpoint_url: `https://<id>.endpoint.events.amazonaws.com`, the id being two labels like `abc123.veo`.

    Source: botocore's endpoint rule set of `events`.
    """
    return pulumi.Output.from_input(endpoint_url).apply(_endpoint_id)


def _endpoint_id(endpoint_url: str) -> str:
    reference = Reference.parse(endpoint_url)
    if reference:
        return str(Reference(reference.type, reference.name, reference.path, "endpoint_id"))
    return endpoint_url.removeprefix("https://").removesuffix(ENDPOINT_DNS)
