"""Start, stop and find the process of the embedded AWS; everything it writes is below one folder, its home."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from signals.errors import LocalError
from signals.local.identity import Identity, ask

AWS_PORT = 4566
FRONT_DOOR_PORT = 8080
LOOPBACK = "127.0.0.1"
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


def log_file(home: Path) -> Path:
    """Where the process and the functions' workers write their logs."""
    return home / "server.log"


def lock_file(home: Path) -> Path:
    """Held locked by the process for as long as it lives, so that a stale record is never mistaken for it."""
    return home / "server.lock"


def record_file(home: Path) -> Path:
    """Written by the process once it answers: its pid, ports and identity."""
    return home / "server.json"


def running(home: Path) -> Local | None:
    """The embedded AWS of `home`, if it is up."""
    if not _locked(home):
        return None
    try:
        record = json.loads(record_file(home).read_text())
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
    for port in (found.aws_port, found.port):
        if ask(LOOPBACK, port) != found.identity:
            raise LocalError(
                f"what listens on port {port} is not the platform of {home}: "
                f"run `signals down --stack {stack}`, then `signals up --stack {stack}`"
            )
    return found


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
    for option, number in (("--aws-port", aws_port), ("--port", port)):
        if not _free(number):
            raise LocalError(f"port {number} is taken: stop what listens there, or choose another with {option}")
    process = _spawn(home, stack, aws_port, port)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = running(home)
        if found and found.pid == process.pid:
            return found
        if process.poll() is not None:
            raise LocalError(f"the embedded AWS did not start: {_last_line(home)} (log: {log_file(home)})")
        time.sleep(0.05)
    _end(process.pid, process)
    raise LocalError(f"the embedded AWS did not answer within {_START_SECONDS:.0f} s: see {log_file(home)}")


def _spawn(home: Path, stack: str, aws_port: int, port: int) -> subprocess.Popen[bytes]:
    home.mkdir(parents=True, exist_ok=True)
    record_file(home).unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["SIGNALS_LOCAL_HOME"] = str(home)
    with log_file(home).open("wb") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "signals.local.server"),
                *("--stack", stack, "--aws-port", str(aws_port), "--port", str(port)),
            ],
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
    if not found:
        record_file(home).unlink(missing_ok=True)
        return False
    _end(found.pid)
    deadline = time.monotonic() + _STOP_SECONDS
    while _locked(home):
        if time.monotonic() > deadline:
            raise LocalError(f"the embedded AWS (pid {found.pid}) does not end: see {log_file(home)}")
        time.sleep(0.05)
    record_file(home).unlink(missing_ok=True)
    return True


def _end(pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
    """SIGTERM, then SIGKILL to the process's own group, which its workers share."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            (os.kill if number == signal.SIGTERM else os.killpg)(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _STOP_SECONDS / 2
        while time.monotonic() < deadline:
            if child is not None:
                child.poll()
            if not _alive(pid):
                return
            time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        # A child that has ended stays a zombie, which accepts signals, until it is waited for.
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _locked(home: Path) -> bool:
    try:
        with lock_file(home).open("rb") as lock:
            # Shared, so that two who look at once do not take each other for the process.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _last_line(home: Path) -> str:
    lines = log_file(home).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"
