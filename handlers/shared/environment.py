"""A function's environment, checked while it starts: a bad one fails the cold start, not the thousandth request."""

from __future__ import annotations

import os
import re
from pathlib import Path


class BadEnvironmentError(RuntimeError):
    """The function cannot run like this; the message names the variable and what it should be."""


def text(name: str, pattern: str, *, example: str) -> str:
    """The variable `name`, which must match `pattern` whole."""
    value = os.environ.get(name)
    if not value:
        raise BadEnvironmentError(f"{name} is not set: set it in the function's environment, for example {example!r}")
    if not re.fullmatch(pattern, value):
        raise BadEnvironmentError(f"{name} is {value!r}: it should look like {example!r}")
    return value


def integer(name: str, *, minimum: int, maximum: int) -> int:
    """The variable `name` as a whole number from `minimum` to `maximum`."""
    value = text(name, r"-?\d{1,18}", example=str(minimum))
    if not minimum <= int(value) <= maximum:
        raise BadEnvironmentError(f"{name} is {value}: it should be a whole number from {minimum} to {maximum}")
    return int(value)


def bus_name(name: str) -> str:
    """The variable `name` as an event bus's name."""
    return text(name, r"[\w.-]{1,256}", example="signals-ingress")


def endpoint_id(name: str) -> str:
    """The variable `name` as a global endpoint's id; the embedded AWS gives ids without a dot."""
    return text(name, r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)?", example="abcde.veo")


def queue_url(name: str) -> str:
    """The variable `name` as a queue's URL."""
    return text(name, r"https?://\S+/\d{12}/[\w-]+", example="https://sqs.us-west-2.amazonaws.com/123456789012/spool")


def account_id(name: str = "ACCOUNT_ID") -> str:
    """The variable `name` as an AWS account's id."""
    return text(name, r"\d{12}", example="123456789012")


def region(name: str = "AWS_REGION") -> str:
    """The variable `name` as a Region; AWS_REGION is where the function runs, and set by Lambda."""
    return text(name, r"[a-z]{2}(-[a-z]+)+-\d", example="us-west-2")


def archive_root() -> Path:
    """The folder that the function's archive was unpacked to."""
    return Path(os.environ.get("LAMBDA_TASK_ROOT") or Path(__file__).parents[2])
