"""Why a target did not take an event (not an extension: delivery and targets use it)."""

from __future__ import annotations


class UndeliverableError(Exception):
    """Trying again cannot help: the target is missing or gives no permission."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


class TryAgainError(Exception):
    """The target is there, but not now."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
