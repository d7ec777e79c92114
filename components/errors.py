"""The root of every error that a person can do something about, and the errors that components raise."""


class PlatformError(Exception):
    """Something did not work; the message says what, where, and what to do.

    Attributes:
        exit_code: What a command ends with: 1 when it did not work, 2 when it could not be asked that way.
    """

    exit_code = 1


class SettingsError(PlatformError, ValueError):
    """Settings that contradict each other or cannot be deployed; each line names the setting and the remedy."""

    exit_code = 2


class PackagingError(PlatformError):
    """A function's archive that must not be deployed."""
