"""When EventBridge retries a target.

By default for 24 hours and up to 185 times, with exponential backoff and jitter; a target's retry policy lowers both
(EventBridge User Guide, "Retry policy"). The pauses are not published: here they double from one second up to 488,
so that 185 retries take the 24 hours; the jitter, seconds, is left out.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

DEFAULT_AGE_S, DEFAULT_ATTEMPTS = 86_400, 185
_LONGEST_PAUSE_S = 488.0
# Time of each retry since the first try (s).
_TIMES = list(accumulate(min(_LONGEST_PAUSE_S, 2.0**n) for n in range(DEFAULT_ATTEMPTS)))


def next_try(first_s: float, after_s: float, age_s: float, attempts: int) -> float | None:
    """When a target is retried next (s); None if age or attempts are used up.

    Args:
        first_s: When it was tried first.
        after_s: The retry is later than this: now, or the time until which it is certain to fail again.
        age_s: Longest age of an event (MaximumEventAgeInSeconds).
        attempts: Most retries (MaximumRetryAttempts).
    """
    index = bisect_left(_TIMES, after_s - first_s + 0.001)
    if index >= min(attempts, len(_TIMES)) or _TIMES[index] > age_s:
        return None
    return first_s + _TIMES[index]


def given_up(first_s: float, age_s: float, attempts: int) -> float:
    """When the last retry is made (s)."""
    tries = [time for time in _TIMES[:attempts] if time <= age_s]
    return first_s + (tries[-1] if tries else 0.0)
