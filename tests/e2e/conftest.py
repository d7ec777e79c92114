"""The local stack, deployed once by terraform through the `signals` command, on ports and in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from signals.local import process
from signals.stack import Stack, load_stack

T = TypeVar("T")
COMMAND = Path(sys.executable).parent / "signals"
ARRIVAL_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, look: Callable[[], T | None], seconds: float = ARRIVAL_SECONDS) -> T:
    """What `look` brings once it brings something; fails when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:.0f} s: {what}")
        time.sleep(0.2)


@dataclass(frozen=True)
class Deployment:
    """The deployed stack and the ways to it."""

    home: Path
    aws_port: int
    port: int
    stack: Stack

    def run(self, *arguments: str, stdin: str | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `signals …` as a person would; it must end with `code`."""
        result = subprocess.run([COMMAND, *arguments], input=stdin, capture_output=True, text=True, check=False)
        assert result.returncode == code, f"signals {' '.join(arguments)}: {result.stdout}\n{result.stderr}"
        return result

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        ports = ("--port", str(self.port), "--aws-port", str(self.aws_port))
        return self.run("up", "--stack", "local", "--engine", "terraform", *ports, *arguments)

    def send(self, *signals: dict[str, Any], region: str | None = None) -> list[dict[str, Any]]:
        """Send signals and return what ingest said of each."""
        option = ("--region", region) if region else ()
        lines = "\n".join(json.dumps(signal) for signal in signals)
        results: list[dict[str, Any]] = json.loads(self.run("send", "-", "--json", *option, stdin=lines).stdout)[
            "results"
        ]
        return results

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--stack", "local", "--json").stdout)
        return found


def order(**more: Any) -> dict[str, Any]:
    """An order with an id of its own."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": "order.placed",
        "source": "/shop/checkout",
        "time": "2026-03-01T12:00:00Z",
        "data": {"order": "A-1"},
        **more,
    }


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    if not shutil.which("terraform"):
        pytest.skip("needs the terraform CLI: https://developer.hashicorp.com/terraform/install")
    home = tmp_path_factory.mktemp("local-stack")
    before = os.environ.get("SIGNALS_LOCAL_HOME")
    os.environ["SIGNALS_LOCAL_HOME"] = str(home)
    try:
        aws_port, port = free_port(), free_port()
        found = Deployment(home, aws_port, port, load_stack("local", aws_port=aws_port))
        found.up()
        yield found
    finally:
        process.stop(home)
        if before is None:
            del os.environ["SIGNALS_LOCAL_HOME"]
        else:
            os.environ["SIGNALS_LOCAL_HOME"] = before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes the stack down comes last."""
    items.sort(key=lambda item: item.name.startswith("test_down_"))
