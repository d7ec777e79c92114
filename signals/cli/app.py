"""The `signals` command.

Exit codes: 0 success; 1 failure (the line on stderr says what to do); 2 wrong usage, such as a stack that does not
exist; 130 interrupted. With `--json`, stdout is JSON and nothing else.
"""

from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from components.errors import PlatformError
from signals.cli.commands import deploy, drill, observe, program, recover, versions
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


app = typer.Typer(
    name="signals",
    cls=SignalsGroup,
    help="Deploy, use and operate a stack of the customer signal platform.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
for command in (deploy.up, deploy.down, observe.send, observe.status, observe.find, program.record, program.terraform):
    app.command()(command)
app.command()(versions.prune)
app.command()(versions.rollback)
for command in (drill.drill, program.policy, program.permissions, program.preview):
    app.command()(command)
app.add_typer(recover.failover_commands, name="failover")
app.add_typer(recover.replay_commands, name="replay")
app.add_typer(recover.redrive_commands, name="redrive")


def main() -> None:
    app()
