"""The deployed local stack and the ways to it, for the suites that look at one."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pytest

from signals.stack import Stack, load_stack

T = TypeVar("T")
COMMAND = Path(sys.executable).parent / "signals"
ARRIVAL_SECONDS = 30.0


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


def reconnect(stack: Stack) -> None:
    """Break what connections the functions keep: they would go on to where the endpoint pointed, for a minute."""
    stack.embedded.faults({"broken_connections": True})


@dataclass(frozen=True)
class Deployment:
    """The deployed stack and the ways to it."""

    home: Path
    aws_port: int
    port: int

    @cached_property
    def stack(self) -> Stack:
        return load_stack("local")

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
