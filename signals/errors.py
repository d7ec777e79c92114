"""Every error of the commands, each with its exit code; `signals.cli.app` prints the message and exits with it."""

from components.errors import PlatformError


class Failed(PlatformError):  # noqa: N818 - read as `raise Failed("…")`
    """The command was understood, and what it was to do did not work: exit code 1."""


class Misuse(PlatformError):  # noqa: N818 - read as `raise Misuse("…")`
    """The command was asked for something that cannot be done: exit code 2."""

    exit_code = 2


class LocalError(Failed):
    """The embedded AWS did not start or stop."""


class RecordError(Failed):
    """The program cannot be recorded."""


class TerraformError(Failed):
    """The Terraform configuration cannot be written, or terraform refused it."""
