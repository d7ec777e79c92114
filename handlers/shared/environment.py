"""A function's environment, checked while it starts: a bad one fails the cold start, not the thousandth request."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Self


class BadEnvironmentError(RuntimeError):
    """The function cannot run like this; the message names the variable and what it should be."""


class Environment(NamedTuple):
    """What a function is told by its deployment.

    Args:
        variables: Its environment variables.
        read_file: Reads a file at the root of its archive.
    """

    variables: Mapping[str, str]
    read_file: Callable[[str], bytes]

    @classmethod
    def from_os(cls) -> Self:
        """The environment of this process."""
        root = Path(os.environ.get("LAMBDA_TASK_ROOT") or Path(__file__).parents[2])
        return cls(os.environ, lambda name: (root / name).read_bytes())

    def text(self, name: str, pattern: str, *, example: str) -> str:
        """The variable `name`, which must match `pattern` as a whole.

        Raises:
            BadEnvironmentError: It is not set, or does not match.
        """
        value = self.variables.get(name)
        if not value:
            raise BadEnvironmentError(
                f"{name} is not set: set it in the function's environment, for example {example!r}"
            )
        if not re.fullmatch(pattern, value):
            raise BadEnvironmentError(f"{name} is {value!r}: it should look like {example!r}")
        return value

    def integer(self, name: str, *, minimum: int, maximum: int) -> int:
        """The variable `name` as a whole number from `minimum` to `maximum`."""
        value = self.text(name, r"-?\d{1,18}", example=str(minimum))
        if not minimum <= int(value) <= maximum:
            raise BadEnvironmentError(f"{name} is {value}: it should be a whole number from {minimum} to {maximum}")
        return int(value)

    def bus_name(self, name: str) -> str:
        """The variable `name` as an event bus's name."""
        return self.text(name, r"[\w.-]{1,256}", example="signals-ingress")

    def endpoint_id(self, name: str) -> str:
        """The variable `name` as a global endpoint's id; the embedded AWS gives ids without a dot."""
        return self.text(name, r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)?", example="abcde.veo")

    def queue_url(self, name: str) -> str:
        """The variable `name` as a queue's URL."""
        example = "https://sqs.us-west-2.amazonaws.com/123456789012/spool"
        return self.text(name, r"https?://\S+/\d{12}/[\w-]+", example=example)

    def table_name(self, name: str) -> str:
        """The variable `name` as a DynamoDB table's name."""
        return self.text(name, r"[\w.-]{3,255}", example="signals-profile-state")

    def account_id(self) -> str:
        """The AWS account that the function runs in."""
        return self.text("ACCOUNT_ID", r"\d{12}", example="123456789012")

    def region(self, name: str = "AWS_REGION") -> str:
        """The variable `name` as a Region; AWS_REGION is where the function runs, and set by Lambda."""
        return self.text(name, r"[a-z]{2}(-[a-z]+)+-\d", example="us-west-2")
