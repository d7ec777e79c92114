"""Handing things to AWS in requests, some of which fail in part: what failed is tried again, until the deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from handlers.shared.invocation import LambdaContext
from handlers.shared.packing import group

# A snapshot (SnapStart) would restore a seeded generator alike everywhere, and all would retry in step.
_random = random.SystemRandom()


class Failure(NamedTuple):
    """Why one thing was not taken, and whether trying again may help."""

    code: str
    message: str
    retryable: bool


class Undelivered(NamedTuple):
    """What could not be handed over: its position in what was given, with the last answer."""

    position: int
    code: str
    message: str


class RetryPace(NamedTuple):
    """The clock of deadlines, and the pauses between tries (s)."""

    first_pause_s: float = 0.1
    longest_pause_s: float = 2.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = _random.random

    def pause_s(self, tries: int) -> float:
        """A random part of a pause that doubles with every try ("full jitter", AWS Builders' Library)."""
        return self.jitter() * min(self.longest_pause_s, self.first_pause_s * 2.0**tries)

    def deadline(self, context: LambdaContext, *, reserve_s: float, at_most_s: float = float("inf")) -> float:
        """When to stop trying, on this clock: `reserve_s` before Lambda ends the invocation, or sooner."""
        return self.clock() + min(at_most_s, context.get_remaining_time_in_millis() / 1000 - reserve_s)


def deliver(
    sizes: Sequence[int],
    *,
    capacity: int,
    most: int,
    send: Callable[[list[int]], Mapping[int, Failure]],
    until: float,
    pace: RetryPace,
) -> list[Undelivered]:
    """Send things in as few requests as `capacity` (bytes) and `most` allow; retry what failed.

    Args:
        sizes: Size of each thing (bytes).
        capacity: Most bytes of a request.
        most: Most things in a request.
        send: Makes one request of the things at these indices and says which failed.
        until: Deadline on the pace's clock (s). The first request is always made, no other begins after it.
        pace: Pauses between tries.

    Returns:
        What was not taken, in order of index.
    """
    undelivered: list[Undelivered] = []
    pending: Sequence[int] = range(len(sizes))
    tries = 0
    while pending:
        failures: dict[int, Failure] = {}
        for number, members in enumerate(group([sizes[index] for index in pending], capacity=capacity, most=most)):
            indices = [pending[member] for member in members]
            if number and pace.clock() >= until:
                late = Failure("DeadlineExceeded", "there was no time left to send it", retryable=True)
                failures.update(dict.fromkeys(indices, late))
            else:
                failures.update(send(indices))
        if not failures:
            break
        pause_s = pace.pause_s(tries)
        tries += 1
        out_of_time = pace.clock() + pause_s >= until
        pending = sorted(index for index, failure in failures.items() if failure.retryable and not out_of_time)
        retried = set(pending)
        undelivered += [Undelivered(i, f.code, f.message) for i, f in failures.items() if i not in retried]
        if pending:
            pace.sleep(pause_s)
    return sorted(undelivered)


_RETRYABLE = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestThrottled", "RequestLimitExceeded"}
    | {"InternalFailure", "InternalException", "InternalError", "InternalServerError"}
    | {"ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException"}
)


def is_retryable(code: str) -> bool:
    """Whether an error code of EventBridge or SQS says that trying again may help."""
    return code.rpartition(".")[2] in _RETRYABLE


def request_failure(error: ClientError | BotoCoreError) -> Failure:
    """The failure of everything in a request that failed as a whole."""
    if isinstance(error, ClientError):
        answer: Any = error.response
        code = str(answer.get("Error", {}).get("Code", "Unknown"))
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return Failure(code, str(error), retryable=status >= 500 or status == 429 or is_retryable(code))
    # Name resolution, connection and time-outs; everything else (parameters, credentials) is the caller's fault.
    return Failure(
        type(error).__name__,
        str(error),
        retryable=isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError),
    )
