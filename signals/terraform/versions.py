"""Which versions of hashicorp/aws a configuration can be deployed with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Version = tuple[int, ...]

# Values that older versions refuse in the middle of a plan: type, attribute, value, and the first that takes it.
# Sources: hashicorp/terraform-provider-aws#44984 and #45024.
_NEWER: Mapping[tuple[str, str, str], Version] = {
    ("aws_lambda_function", "runtime", "python3.14"): (6, 20),
}


# These publish no version of a function with SnapStart: hashicorp/terraform-provider-aws#43271 and #43395.
_BROKEN: tuple[Version, ...] = ((6, 2, 0), (6, 3, 0))


@dataclass(frozen=True)
class Versions:
    """A range of versions.

    Attributes:
        oldest: The first that fits.
        below: The first above that does not.
    """

    oldest: Version = (5, 100)
    below: Version = (7, 0)

    def __contains__(self, version: Version) -> bool:
        return self.oldest <= version < self.below and version not in _BROKEN

    def __str__(self) -> str:
        """As Terraform writes it."""
        without = [f"!= {_text(broken)}" for broken in _BROKEN if self.oldest <= broken]
        return ", ".join([f">= {_text(self.oldest)}", *without, f"< {_text(self.below)}"])

    @classmethod
    def of(cls, resources: Iterable[tuple[str, Mapping[str, Any]]]) -> Versions:
        """The versions that take every value of these resources, each its Terraform type and body."""
        needed = [
            version
            for type_, body in resources
            for (of, attribute, value), version in _NEWER.items()
            if type_ == of and body.get(attribute) == value
        ]
        return cls(oldest=max([cls.oldest, *needed]))

    @classmethod
    def written(cls, configuration: Mapping[str, Any]) -> Versions:
        """The versions that a main.tf.json asks for."""
        asked = configuration.get("terraform", {}).get("required_providers", {}).get("aws", {}).get("version", "")
        oldest = re.match(r">= ([\d.]+)", asked)
        return cls(oldest=version_of(oldest[1])) if oldest else cls()


def version_of(text: str) -> Version:
    """`6.20.0-beta1` as (6, 20, 0); what is no version is lower than any."""
    parts = text.split("-", maxsplit=1)[0].split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


def _text(version: Version) -> str:
    return ".".join(map(str, version))
