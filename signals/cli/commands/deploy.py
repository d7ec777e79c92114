"""`signals up` and `signals down`."""

from typing import Annotated

import typer

from signals.cli.commands.options import BackendBucket, BackendKey, BackendRegion, StackName, ask
from signals.deploy.engines import EngineChoice, EngineName
from signals.errors import Misuse
from signals.stack import load_stack
from signals.terminal import console
from signals.terminal.progress import Progress

_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask (stacks on AWS).")]
_Engine = Annotated[
    EngineName | None, typer.Option("--engine", help="Deploy with this CLI; by default the first that is installed.")
]


def up(
    stack: StackName = "local",
    port: Annotated[int, typer.Option(help="Port of the front door (local stack).")] = 8080,
    aws_port: Annotated[
        int | None, typer.Option(help="Port of the embedded AWS (local stack); by default as in the settings.")
    ] = None,
    yes: _Yes = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Send an example signal and show its path (local stack).")
    ] = False,
    engine: _Engine = None,
    backend_bucket: BackendBucket = None,
    backend_region: BackendRegion = None,
    backend_key: BackendKey = None,
) -> None:
    """Deploy a stack with the pulumi CLI if it is installed, else with terraform. Safe to run again.

    A stack with aws_endpoint runs on this machine, on an embedded AWS that is started for it. For a stack on AWS the
    changes are shown first, and nothing is changed without your consent or --yes.
    """
    from signals.deploy import up as deploying

    chosen = load_stack(stack)
    choice = EngineChoice(engine, backend_bucket, backend_region, backend_key)

    def confirm(changes: list[str]) -> None:
        for change in changes:
            console.out.print(change, markup=False)
        what = f"{len(changes)} changes" if changes else "these changes"
        ask(f"Make {what} to {stack} (account {chosen.settings.account_id})?", yes=yes)

    if not chosen.local:
        if demo:
            raise Misuse("--demo sends an example signal: it works on a stack with aws_endpoint only")
        with Progress() as progress:
            url = deploying.up_aws(chosen, progress, choice=choice, confirm=confirm)
        console.out.print(f"stack [bold]{stack}[/] is up: {url}")
        return
    with Progress() as progress:
        done = deploying.up_local(chosen, progress, port=port, aws_port=aws_port, choice=choice)
    console.out.print(
        f"stack [bold]{stack}[/] is up after {progress.elapsed_seconds:.0f} s, deployed with {done.engine}: "
        f"[bold]{done.url}[/] (embedded AWS on {done.stack.embedded.platform.aws_url})"
    )
    if demo:
        from signals.cli.demo import show

        show(done.stack, done.url)


def down(
    stack: StackName = "local",
    yes: _Yes = False,
    engine: _Engine = None,
    backend_bucket: BackendBucket = None,
    backend_region: BackendRegion = None,
    backend_key: BackendKey = None,
) -> None:
    """Stop the local stack, leaving no process, port or state; destroy a stack on AWS, after asking.

    A protected stack on AWS is refused. It is no error when nothing runs.
    """
    from signals.deploy import down as destroying

    chosen = load_stack(stack)
    choice = EngineChoice(engine, backend_bucket, backend_region, backend_key)
    if chosen.local:
        stopped = destroying.down_local(chosen)
        for line in stopped or ["nothing was running"]:
            console.out.print(f"stopped: {line}" if stopped else line, markup=False)
        return
    question = (
        f"Destroy {stack} with everything in it (account {chosen.settings.account_id})? "
        "Signals in its lake and archives will be lost"
    )
    with Progress() as progress:
        destroying.down_aws(chosen, progress, choice=choice, confirm=lambda: ask(question, yes=yes))
    console.out.print(f"stack {stack} is gone")
