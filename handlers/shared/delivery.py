"""Handing things to AWS in requests, some of which fail in part: what failed is tried again, until the deadline."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from handlers.shared.invocation import LambdaContext
from handlers.shared.packing import Entry, group

# A snapshot (SnapStart) would restore a seeded generator alike everywhere, and all would retry in step.
_random = random.SystemRandom()


class Failure(NamedTuple):
    """Why one thing was not taken, and whether trying again may help."""

    code: str
    message: str
    retryable: bool


# What could not be handed over, by its position in what was given, with the last answer.
Undelivered = Mapping[int, Failure]
Publish = Callable[[Sequence[Entry]], Undelivered]


class Sized(Protocol):
    """What counts towards the size of a request."""

    @property
    def size_bytes(self) -> int: ...


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


Thing = TypeVar("Thing", bound=Sized)


class Sender(ABC, Generic[Thing]):
    """Sends things in as few requests as `max_bytes` and `max_things` allow; what failed is retried until a deadline.

    Args:
        client: Client that does not retry by itself.
        pace: Clock of the deadline, and pauses between tries.
    """

    max_bytes: int
    max_things: int

    def __init__(self, client: Any, pace: RetryPace | None = None) -> None:
        self._client = client
        self._pace = pace or RetryPace()

    def __call__(self, things: Sequence[Thing], *, until: float) -> Undelivered:
        """Send things, and say in order which were not taken.

        Args:
            things: What to send.
            until: Deadline on the pace's clock (s). The first request is always made, no other begins after it.
        """
        sizes = [thing.size_bytes for thing in things]
        undelivered: dict[int, Failure] = {}
        pending: Sequence[int] = range(len(things))
        tries = 0
        while pending:
            failures: dict[int, Failure] = {}
            groups = group([sizes[index] for index in pending], capacity=self.max_bytes, most=self.max_things)
            for number, members in enumerate(groups):
                indices = [pending[member] for member in members]
                if number and self._pace.clock() >= until:
                    late = Failure("DeadlineExceeded", "there was no time left to send it", retryable=True)
                    failures.update(dict.fromkeys(indices, late))
                    continue
                try:
                    failed = self._request([things[index] for index in indices])
                except (ClientError, BotoCoreError) as error:
                    failed = dict.fromkeys(range(len(indices)), request_failure(error))
                failures.update((indices[position], failure) for position, failure in failed.items())
            if not failures:
                break
            pause_s = self._pace.pause_s(tries)
            tries += 1
            out_of_time = self._pace.clock() + pause_s >= until
            pending = sorted(index for index, failure in failures.items() if failure.retryable and not out_of_time)
            retried = set(pending)
            undelivered |= {i: failure for i, failure in failures.items() if i not in retried}
            if pending:
                self._pace.sleep(pause_s)
        return dict(sorted(undelivered.items()))

    @abstractmethod
    def _request(self, things: Sequence[Thing]) -> Undelivered:
        """Make one request of these things and say by position which failed."""


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
    unanswered = isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError)
    return Failure(type(error).__name__, str(error), retryable=unanswered)
