"""The two ways a command ends badly; each carries one line that says what to do."""

from __future__ import annotations


class Failed(Exception):  # noqa: N818 - read as `raise Failed("…")`
    """The command was understood, and what it was to do did not work: exit code 1."""

    exit_code = 1


class Misuse(Failed):
    """The command was asked for something that cannot be: exit code 2."""

    exit_code = 2
