"""Why an event could not be delivered to a target (not an extension: delivery and targets use it)."""

from __future__ import annotations


class UndeliverableError(Exception):
    """A retry cannot help: the target is missing or gives no permission."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


class RetryableError(Exception):
    """A retry may help: the target exists but does not accept the event now."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
