"""Bringing a stack up and taking it down."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from signals.deploy.engines import Wanted, choose
from signals.errors import Failed, Misuse
from signals.local import process
from signals.local.front_door import TARGETS_FILE
from signals.local.process import Local
from signals.observe import apis
from signals.stack import Stack, load_stack
from signals.stack_files import ROOT, stack_file
from signals.terminal.progress import Progress

# Where an AWS stack's Terraform state lies without a backend: not in the local stack's folder, which is thrown away.
STACKS = ROOT / "stacks"
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Deployed:
    """What `up` brought up."""

    stack: Stack
    engine: str
    url: str
    seconds: float


def up_local(
    name: str, progress: Progress, *, port: int, aws_port: int | None, wanted: Wanted | None = None
) -> Deployed:
    """Start the embedded AWS where it does not run, deploy, and open the front door.

    Args:
        name: The stack, one with aws_endpoint.
        progress: Shows how far it is.
        port: The front door's.
        aws_port: The embedded AWS's; none: as in the settings.
        wanted: What the user said about the engine.
    """
    home, stack = process.default_home(), load_stack(name)
    # Said before anything is started: without an engine there is no use in an embedded AWS.
    choose(stack, home, wanted)
    progress.phase("starting the embedded AWS")
    configured = urlsplit(stack.settings.aws_endpoint or "").port
    running = process.start(home, name, aws_port=aws_port or configured or process.AWS_PORT, port=port)
    stack = load_stack(name)
    forget_other_instances(running)
    engine = choose(stack, home, wanted)
    engine.deploy(progress)
    progress.phase("waiting for both Regions' APIs to answer")
    write_front_door(stack, home)
    _wait_for_apis(stack)
    return Deployed(stack, engine.name, running.url, progress.elapsed_seconds)


def up_aws(
    stack: Stack, progress: Progress, *, wanted: Wanted, confirm: Callable[[list[str]], bool]
) -> Deployed | None:
    """Deploy to AWS what `confirm` agrees to; None where it does not."""
    engine = choose(stack, STACKS / stack.name, wanted)
    changes = engine.preview(progress)
    with progress.paused():
        agreed = confirm(changes)
    if not agreed:
        return None
    engine.deploy(progress)
    return Deployed(stack, engine.name, apis.public_url(stack) or "", progress.elapsed_seconds)


def forget_other_instances(running: Local) -> None:
    """Throw away the engines' state where it describes another life of the embedded AWS, which keeps nothing."""
    note = running.home / "deployment.json"
    mine = asdict(running.identity)
    if _read(note) != mine:
        forget(running.home)
        note.write_text(json.dumps(mine))


def forget(home: Path) -> None:
    """Remove what describes a deployment; what can be used again (packages, providers) stays."""
    terraform = home / "terraform"
    states = [*terraform.glob("terraform.tfstate*"), terraform / ".terraform.tfstate.lock.info"]
    for file in (home / "deployment.json", home / TARGETS_FILE, *states):
        file.unlink(missing_ok=True)
    shutil.rmtree(home / "pulumi", ignore_errors=True)


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None


def write_front_door(stack: Stack, home: Path) -> None:
    """Tell the front door where the two APIs are."""
    sides = {}
    for role, region in zip(("primary", "secondary"), stack.regions, strict=True):
        api = apis.api_id(stack, region)
        if api is None:
            raise Failed(f"there is no API in {region} after the deployment: run `signals down` and `signals up` again")
        host = f"{api}.execute-api.{process.LOOPBACK}"
        sides[role] = {"region": region, "url": stack.aws_endpoint, "host": host}
    written = home / f"{TARGETS_FILE}.new"
    written.write_text(json.dumps(sides, indent=2))
    written.replace(home / TARGETS_FILE)


def _wait_for_apis(stack: Stack) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    for region in stack.regions:
        url = apis.url_for(stack, region)
        while not apis.healthy(stack, url):
            if time.monotonic() > deadline:
                log = process.log_file(process.default_home())
                raise Failed(f"the API in {region} does not answer at {url}/health: see {log}")
            time.sleep(0.2)


def down_local(name: str) -> list[str]:
    """Stop the local stack and forget what was deployed; a line for each thing that was stopped.

    Raises:
        LocalError: When another stack runs in this home.
    """
    home = process.default_home()
    running = process.running(home)
    if running:
        process.refuse_other_stack(running, name)
    stopped = []
    if process.stop(home):
        ports = f" (ports {running.aws_port} and {running.port}, pid {running.pid})" if running else ""
        stopped.append(f"the embedded AWS and the front door{ports}")
    if (home / "deployment.json").exists():
        stopped.append(f"the deployment's state in {home}")
    forget(home)
    return stopped


def down_aws(stack: Stack, progress: Progress, *, wanted: Wanted, confirm: Callable[[], bool]) -> bool:
    """Destroy a stack on AWS that `confirm` agrees to.

    Raises:
        Misuse: When the stack is protected.
    """
    if stack.settings.protection:
        raise Misuse(
            f"stack {stack.name!r} is protected: set protection: false in {stack_file(stack.name).name}, "
            f"run `signals up --stack {stack.name}`, then this again"
        )
    engine = choose(stack, STACKS / stack.name, wanted)
    with progress.paused():
        agreed = confirm()
    if not agreed:
        return False
    engine.destroy(progress)
    return True
