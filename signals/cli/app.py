"""The `signals` command.

Exit codes: 0 what was asked was done, 1 it was not (the line on stderr says what to do), 2 it could not be asked that
way, 130 interrupted. With `--json`, stdout carries JSON alone.
"""

from __future__ import annotations

import typer

from signals.cli.commands import deploy, drill, export, look, permissions, policy, preview, recover, send
from signals.cli.group import SignalsGroup

app = typer.Typer(
    name="signals",
    cls=SignalsGroup,
    help="Run, use and look into a stack of the customer signal platform.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
for command in (deploy.up, deploy.down, send.send, look.status, look.find, export.record, export.terraform):
    app.command()(command)
app.command()(drill.drill)
app.command()(policy.policy)
app.command()(permissions.permissions)
app.command()(preview.preview)
recover.register(app)


def main() -> None:
    app()
