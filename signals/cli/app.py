"""The `signals` command.

Exit codes: 0 success; 1 failure (the line on stderr says what to do); 2 wrong usage, such as a stack that does not
exist; 130 interrupted. With `--json`, stdout is JSON and nothing else.
"""

from __future__ import annotations

import typer

from signals.cli.commands import deploy, drill, export, look, permissions, policy, preview, recover, send
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
for command in (deploy.up, deploy.down, send.send, look.status, look.find, export.record, export.terraform):
    app.command()(command)
app.command()(drill.drill)
app.command()(policy.policy)
app.command()(permissions.permissions)
app.command()(preview.preview)
recover.register(app)


def main() -> None:
    app()
