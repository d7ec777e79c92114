"""The `signals` command itself: every error of a command ends as one line and an exit code."""

from __future__ import annotations

from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from components.errors import PlatformError
from signals.terminal.console import err

INTERRUPTED = 130


class SignalsGroup(TyperGroup):
    """Turns errors into a line on stderr and an exit code: 1 it did not work, 2 wrong usage, 130 interrupted."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            err.print("interrupted: run the same command again to continue")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            explained = explain(error)
            if explained is None:
                raise
            line, code = explained
            err.print(f"[bold red]signals:[/] {escape(line)}")
            raise typer.Exit(code) from None


def explain(error: Exception) -> tuple[str, int] | None:
    """The line and exit code for an error that a person can do something about; None for a bug of this project."""
    from botocore import exceptions as aws

    match error:
        case PlatformError():
            return str(error), error.exit_code
        case aws.NoCredentialsError() | aws.TokenRetrievalError() | aws.SSOError():
            return (
                "no AWS credentials: sign in (for example `aws sso login`) or set AWS_PROFILE, then run this again",
                1,
            )
        case aws.EndpointConnectionError() | aws.ConnectTimeoutError():
            return f"{error}: is the stack up (`signals up`), and is there a network?", 1
        case aws.ClientError():
            reason = error.response["Error"]
            return f"AWS refused {error.operation_name}: {reason.get('Code')}: {reason.get('Message')}", 1
        case aws.BotoCoreError():
            return str(error), 1
    return None
