"""The `signals` command.

Exit codes: 0 success; 1 failure (the line on stderr says what to do); 2 wrong usage, such as a stack that does not
exist; 130 interrupted. With `--json`, stdout is JSON and nothing else.
"""

from __future__ import annotations

import typer

from signals.cli.commands import deploy, drill, observe, program, recover
from signals.cli.group import SignalsGroup

app = typer.Typer(
    name="signals",
    cls=SignalsGroup,
    help="Deploy, use and operate a stack of the customer signal platform.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
for command in (
    deploy.up,
    deploy.down,
    observe.send,
    observe.status,
    observe.find,
    program.record,
    program.terraform,
    drill.drill,
    program.policy,
    program.permissions,
    program.preview,
):
    app.command()(command)
app.add_typer(recover.failover_commands, name="failover")
app.add_typer(recover.replay_commands, name="replay")
app.add_typer(recover.redrive_commands, name="redrive")


def main() -> None:
    app()
