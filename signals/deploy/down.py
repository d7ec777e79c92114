"""Taking a stack down."""

import shutil
from collections.abc import Callable
from pathlib import Path

from signals.deploy.engines import EngineChoice, choose_engine
from signals.errors import Misuse
from signals.local import process
from signals.local.front_door import TARGETS_FILE
from signals.stack import Stack
from signals.terminal.progress import Progress

DEPLOYMENT_FILE = "deployment.json"


def down_local(stack: Stack) -> list[str]:
    """Stop a stack on this machine and remove what describes its deployment; a line for each thing that was stopped.

    Raises:
        LocalError: When another stack runs in this home.
    """
    home = stack.aws.folder
    running = process.running(home)
    if running:
        process.refuse_other_stack(running, stack.name)
    stopped = []
    if process.stop(home):
        ports = f" (ports {running.aws_port} and {running.port}, pid {running.pid})" if running else ""
        stopped.append(f"the embedded AWS and the front door{ports}")
    if (home / DEPLOYMENT_FILE).exists():
        stopped.append(f"the deployment's state in {home}")
    forget_deployment(home)
    return stopped


def down_aws(stack: Stack, progress: Progress, *, choice: EngineChoice, confirm: Callable[[], None]) -> None:
    """Destroy a stack on AWS, unless `confirm` raises.

    Raises:
        Misuse: When the stack is protected.
    """
    if stack.settings.protection:
        raise Misuse(
            f"stack {stack.name!r} is protected: set protection: false in Pulumi.{stack.name}.yaml, "
            f"run `signals up --stack {stack.name}`, then this again"
        )
    engine = choose_engine(stack, choice)
    with progress.paused():
        confirm()
    engine.destroy(progress)


def forget_deployment(home: Path) -> None:
    """Remove what describes a deployment; what can be used again (packages, providers) stays."""
    terraform = home / "terraform"
    states = [*terraform.glob("terraform.tfstate*"), terraform / ".terraform.tfstate.lock.info"]
    for file in (home / DEPLOYMENT_FILE, home / TARGETS_FILE, *states):
        file.unlink(missing_ok=True)
    shutil.rmtree(home / "pulumi", ignore_errors=True)
