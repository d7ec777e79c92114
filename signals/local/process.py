"""Start, stop and find the process of the embedded AWS; everything it writes is below one folder, its home."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from signals.errors import LocalError
from signals.local.identity import Identity, ask

_T = TypeVar("_T")
AWS_PORT = 4566
FRONT_DOOR_PORT = 8080
LOOPBACK = "127.0.0.1"
# Files in the home.
LOG_FILE = "server.log"  # what the process and the functions' workers log
LOCK_FILE = "server.lock"  # locked for as long as the process lives, so that a stale record is never mistaken for it
RECORD_FILE = "server.json"  # written by the process once its ports listen: its pid, they and its identity
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Local:
    """A running embedded AWS."""

    home: Path
    pid: int
    aws_port: int
    port: int
    identity: Identity

    @property
    def aws_url(self) -> str:
        """What AWS clients take as their endpoint."""
        return f"http://{LOOPBACK}:{self.aws_port}"

    @property
    def url(self) -> str:
        """The front door."""
        return f"http://{LOOPBACK}:{self.port}"


def default_home() -> Path:
    """SIGNALS_LOCAL_HOME, or `.local` beside the program."""
    return Path(os.environ.get("SIGNALS_LOCAL_HOME") or Path(__file__).parents[2] / ".local").resolve()


def running(home: Path) -> Local | None:
    """The embedded AWS of `home`, if it is up."""
    if not _locked(home):
        return None
    try:
        record = json.loads((home / RECORD_FILE).read_text())
        # A process from before there were identities has none: it can be stopped, and nothing else.
        identity = Identity(record.get("id", ""), record.get("stack", ""))
        return Local(home, int(record["pid"]), int(record["aws_port"]), int(record["port"]), identity)
    except (OSError, ValueError, KeyError):
        return None


def attach(home: Path, stack: str) -> Local:
    """The embedded AWS of `home`, once both its ports have answered with its id.

    Raises:
        LocalError: None runs there, it runs another stack, or something else listens on its ports.
    """
    found = running(home)
    if found is None:
        raise LocalError(f"stack {stack!r} does not run on this machine ({home}): run `signals up --stack {stack}`")
    refuse_other_stack(found, stack)
    port = _port_of_another(found)
    if port:
        raise LocalError(
            f"what listens on port {port} is not the platform of {home}: "
            f"run `signals down --stack {stack}`, then `signals up --stack {stack}`"
        )
    return found


def _port_of_another(found: Local) -> int | None:
    """The first of its ports that does not answer with its id, if there is one."""
    return next((port for port in (found.aws_port, found.port) if ask(LOOPBACK, port) != found.identity), None)


def refuse_other_stack(found: Local, stack: str) -> None:
    """Raise LocalError when it was started for another stack."""
    if found.identity.stack not in (stack, ""):
        raise LocalError(
            f"stack {found.identity.stack!r} runs in {found.home}: run `signals down --stack {found.identity.stack}` "
            f"first, or name another folder for {stack!r} with SIGNALS_LOCAL_HOME"
        )


def start(home: Path, stack: str = "local", *, aws_port: int = AWS_PORT, port: int = FRONT_DOOR_PORT) -> Local:
    """Start the embedded AWS of `home` and wait until it answers; one that already runs on these ports is kept.

    Args:
        home: Its folder.
        stack: What it is for: commands for another stack are refused.
        aws_port: Where it answers as AWS.
        port: Where its front door is.

    Raises:
        LocalError: It runs on other ports or for another stack, a port is taken, or it did not come up.
    """
    home = home.resolve()
    found = running(home)
    if found:
        refuse_other_stack(found, stack)
        if (found.aws_port, found.port) != (aws_port, port):
            raise LocalError(
                f"the embedded AWS already runs on ports {found.aws_port} and {found.port}: "
                "run `signals down` first, or use those ports"
            )
        return attach(home, stack)
    for number, option in ((aws_port, "--aws-port"), (port, "--port")):
        bound(number, option).close()
    process = _spawn(home, stack, aws_port, port)

    def answering() -> Local | None:
        if process.poll() is not None:
            last = ((home / LOG_FILE).read_text(errors="replace").strip() or "no message").splitlines()[-1]
            raise LocalError(f"the embedded AWS did not start: {last} (log: {home / LOG_FILE})")
        found = running(home)
        return found if found and found.pid == process.pid and not _port_of_another(found) else None

    started = _wait_for(answering, _START_SECONDS)
    if started is None:
        os.killpg(process.pid, signal.SIGKILL)
        raise LocalError(f"the embedded AWS did not answer within {_START_SECONDS:.0f} s: see {home / LOG_FILE}")
    return started


def bound(port: int, option: str) -> socket.socket:
    """A socket on the loopback's port; raises LocalError, with the option that chooses another, where it is taken."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((LOOPBACK, port))
    except OSError:
        opened.close()
        raise LocalError(f"port {port} is taken: stop what listens there, or choose another with {option}") from None
    return opened


def _spawn(home: Path, stack: str, aws_port: int, port: int) -> subprocess.Popen[bytes]:
    home.mkdir(parents=True, exist_ok=True)
    (home / RECORD_FILE).unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["SIGNALS_LOCAL_HOME"] = str(home)
    options = (f"--stack={stack}", f"--aws-port={aws_port}", f"--port={port}")
    with (home / LOG_FILE).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "signals.local.server", *options],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def stop(home: Path) -> bool:
    """End the embedded AWS of `home` and its workers; False if it was not running.

    Only the process that holds the home's lock is ended, so a recycled pid is never hit.
    """
    home = home.resolve()
    found = running(home)
    # Its workers share its process group.
    for end, number in ((os.kill, signal.SIGTERM), (os.killpg, signal.SIGKILL)):
        if not found or not _locked(home):
            break
        with suppress(ProcessLookupError):
            end(found.pid, number)
        _wait_for(lambda: not _locked(home), _STOP_SECONDS / 2)
    if found and _locked(home):
        raise LocalError(f"the embedded AWS (pid {found.pid}) does not end: see {home / LOG_FILE}")
    (home / RECORD_FILE).unlink(missing_ok=True)
    return found is not None


def _wait_for(look: Callable[[], _T], seconds: float) -> _T:
    """What `look` finds once it finds something; the last it found when time is up."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _locked(home: Path) -> bool:
    try:
        with (home / LOCK_FILE).open("rb") as lock:
            # Shared, so that two who look at once do not take each other for the process.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
