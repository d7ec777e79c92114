"""A function's environment, checked while it starts: a bad one fails the cold start, not the thousandth request."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Self

import orjson

# What a variable looks like, by the end of its name, and an example.
_FORMS = {
    "BUS_NAME": (r"[\w.-]{1,256}", "signals-ingress"),
    "ENDPOINT_ID": (r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)?", "abcde.veo"),  # the embedded AWS gives ids without a dot
    "QUEUE_URL": (r"https?://\S+/\d{12}/[\w-]+", "https://sqs.us-west-2.amazonaws.com/123456789012/spool"),
    # An ARN, or as much of one as Lambda takes for one.
    "FUNCTION": (r"(arn:[\w-]+:lambda:[\w-]+:)?\d{12}:function:[\w-]+:[\w-]+", "123456789012:function:ingest:live"),
    "TABLE": (r"[\w.-]{3,255}", "signals-profile-state"),
    "ACCOUNT_ID": (r"\d{12}", "123456789012"),
    "REGION": (r"[a-z]{2}(-[a-z]+)+-\d", "us-west-2"),
    "BYTES": (r"-?\d{1,18}", "1024"),
}


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

    def text(self, name: str) -> str:
        """The variable `name`, which must look as the end of its name says.

        Raises:
            BadEnvironmentError: It is not set, or looks otherwise.
        """
        pattern, example = next(form for ending, form in _FORMS.items() if name.endswith(ending))
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
        value = self.text(name)
        if not minimum <= int(value) <= maximum:
            raise BadEnvironmentError(f"{name} is {value}: it should be a whole number from {minimum} to {maximum}")
        return int(value)

    def sources(self) -> dict[str, list[str]]:
        """The registered producers, from `sources.json`: each with the SHA-256 (hex) of its write keys."""
        try:
            sources = orjson.loads(self.read_file("sources.json"))
            keys = [key for keys in sources.values() for key in keys]
            valid = all(re.fullmatch(r"[0-9a-f]{64}", key) for key in keys)
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise BadEnvironmentError(
                f"sources.json cannot be read ({error}): build the archive with the stack's sources"
            ) from None
        if not keys or not valid:
            raise BadEnvironmentError(
                'sources.json should be {"<source>": ["<sha256 of a write key, hex>"]}, with at least one'
            )
        return dict(sources)
