"""Bringing a stack up."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from signals.deploy.down import DEPLOYMENT_FILE, forget_deployment
from signals.deploy.engines import EngineChoice, choose_engine
from signals.errors import Failed
from signals.local import process
from signals.local.front_door import TARGETS_FILE
from signals.local.process import Local
from signals.observe import apis
from signals.stack import Stack, load_stack
from signals.terminal.progress import Progress

_ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Deployed:
    """What was deployed on this machine, with which engine, and where clients reach it."""

    stack: Stack
    engine: str
    url: str


def up_local(stack: Stack, progress: Progress, *, port: int, aws_port: int | None, choice: EngineChoice) -> Deployed:
    """Start the embedded AWS unless it runs, deploy, and open the front door.

    Args:
        stack: A stack with aws_endpoint.
        progress: Shows how far it is.
        port: The front door's.
        aws_port: The embedded AWS's; none: as in the settings.
        choice: What the user said about the engine.
    """
    home = stack.aws.folder
    # Before anything is started: without an engine the embedded AWS would be of no use.
    choose_engine(stack, choice)
    progress.phase("starting the embedded AWS")
    configured = urlsplit(stack.settings.aws_endpoint or "").port
    running = process.start(home, stack.name, aws_port=aws_port or configured or process.AWS_PORT, port=port)
    stack = load_stack(stack.name)
    forget_other_instances(running)
    engine = choose_engine(stack, choice)
    engine.deploy(progress)
    progress.phase("waiting for both Regions' APIs to answer")
    write_front_door(stack, home)
    _wait_for_apis(stack)
    return Deployed(stack, engine.name, running.url)


def up_aws(stack: Stack, progress: Progress, *, choice: EngineChoice, confirm: Callable[[list[str]], None]) -> str:
    """Deploy to AWS, unless `confirm`, given the changes, raises; the URL that clients use."""
    engine = choose_engine(stack, choice)
    changes = engine.preview(progress)
    with progress.paused():
        confirm(changes)
    engine.deploy(progress)
    return apis.public_url(stack) or ""


def forget_other_instances(running: Local) -> None:
    """Remove the engines' state if it describes an earlier process of the embedded AWS, which keeps nothing."""
    file, identity = running.home / DEPLOYMENT_FILE, asdict(running.identity)
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        known = None
    if known != identity:
        forget_deployment(running.home)
        file.write_text(json.dumps(identity))


def write_front_door(stack: Stack, home: Path) -> None:
    """Tell the front door where the two APIs are."""
    targets = {}
    for role, region in zip(("primary", "secondary"), stack.regions, strict=True):
        api = apis.region_api(stack, region)
        if api is None:
            raise Failed(f"there is no API in {region} after the deployment: run `signals down` and `signals up` again")
        host = f"{api['ApiId']}.execute-api.{process.LOOPBACK}"
        targets[role] = {"region": region, "url": stack.embedded.platform.aws_url, "host": host}
    written = home / f"{TARGETS_FILE}.new"
    written.write_text(json.dumps(targets, indent=2))
    written.replace(home / TARGETS_FILE)


def _wait_for_apis(stack: Stack) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    for region in stack.regions:
        url = apis.url_for(stack, region)
        while not apis.healthy(stack, url):
            if time.monotonic() > deadline:
                log = stack.aws.folder / process.LOG_FILE
                raise Failed(f"the API in {region} does not answer at {url}/health: see {log}")
            time.sleep(0.2)
