"""No command works on a platform that is not its own, whatever listens where its own would."""

import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from signals.cli.app import app
from signals.local import identity, process
from tests.support.hand_made import signal

# What these say comes from the program and the settings: nothing has to run.
OFFLINE = {"record", "terraform", "policy", "permissions", "preview", "model"}
# A plan that nobody made is missed before the platform is asked for anything.
PLANNED = {("replay", "start"), ("replay", "watch")}
# Values of what a command must be given; a new kind of it needs one here.
GIVEN = {"file": "-", "signal_id": "a-signal", "queue": "signals-local-spool", "out": "out", "function": "ingest"}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the app that can be run, with the words that call it."""
    if isinstance(group, TyperGroup):
        if group.invoke_without_command:
            yield path, group
        for name, command in group.commands.items():
            yield from commands(command, (*path, name))
    else:
        yield path, group


COMMANDS = dict(commands(get_command(app)))


class Other:
    """Another platform: it answers everything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Answers(BaseHTTPRequestHandler):
            def do(self) -> None:
                asked.append(self.path)
                body = json.dumps({"id": "0ther", "stack": "local"}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self.server.server_port


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    found = Other()
    Thread(target=found.server.serve_forever, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where this process has connected to."""
    made: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        made.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGNALS_LOCAL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(words: tuple[str, ...], other: Other) -> tuple[int, str]:
    """Run a command for the stack `local` with what it must be given, and ports that somebody else has."""
    arguments = list(words)
    for parameter in COMMANDS[words].params:
        if parameter.name in ("port", "aws_port"):
            arguments += [parameter.opts[0], str(other.port)]
        elif parameter.name == "yes":
            arguments.append("--yes")
        elif parameter.required:
            value = GIVEN[str(parameter.name)]
            arguments += [value] if isinstance(parameter, TyperArgument) else [parameter.opts[0], value]
    result = CliRunner().invoke(app, arguments, input=json.dumps(signal("1")))
    assert "Traceback" not in result.stderr
    return result.exit_code, result.stderr


def record(home: Path, other: Other, **more: Any) -> None:
    """What a platform of `home` writes when it starts, with the other one's port."""
    written = {"pid": 2**22 + 1, "aws_port": other.port, "port": other.port, "id": "f00", "stack": "local", **more}
    (home / process.RECORD_FILE).write_text(json.dumps(written))


@contextmanager
def running(home: Path) -> Iterator[None]:
    """What a platform of `home` holds for as long as it lives."""
    with (home / process.LOCK_FILE).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize(
    ("words", "stale"),
    [
        # A preview records the stack's past too.
        pytest.param(
            words, stale, id=" ".join((*words, "stale" * stale)), marks=[pytest.mark.long] * ("preview" in words)
        )
        for words in COMMANDS
        for stale in (False, True)
        if not (stale and words[0] in OFFLINE)
    ],
)
def test_where_nothing_runs_no_command_connects_to_anything_and_each_says_what_to_do(
    words: tuple[str, ...], stale: bool, home: Path, other: Other, connections: list[Any]
) -> None:
    if stale:
        (home / process.LOCK_FILE).touch()
        record(home, other)
    code, told = run(words, other)
    assert [address for address in connections if address[0] == "127.0.0.1"] == []
    assert other.asked == []
    if words[0] == "up":
        assert (code, "is taken" in told) == (1, True), told
    elif words in PLANNED:
        assert "`signals replay plan" in told, told
    elif words[0] not in OFFLINE | {"down"}:
        assert code == 1
        assert "run `signals up --stack local`" in told, told


@pytest.mark.parametrize("words", [w for w in COMMANDS if w[0] not in OFFLINE | {"down"}], ids=" ".join)
def test_where_another_platform_took_the_ports_it_is_asked_who_it_is_and_nothing_else(
    words: tuple[str, ...], home: Path, other: Other
) -> None:
    record(home, other)
    other.asked.clear()
    with running(home):
        code, told = run(words, other)
    assert set(other.asked) <= {identity.PATH}
    if words not in PLANNED:
        assert code == 1
        assert f"port {other.port} is not the platform of {home}: run `signals down" in told, told


@pytest.mark.parametrize("words", [w for w in COMMANDS if w[0] not in OFFLINE], ids=" ".join)
def test_where_another_stack_runs_in_the_home_it_is_named_and_left_alone(
    words: tuple[str, ...], home: Path, other: Other
) -> None:
    record(home, other, stack="local-b")
    other.asked.clear()
    with running(home):
        code, told = run(words, other)
    assert other.asked == []
    if words not in PLANNED:
        assert code == 1
        assert "stack 'local-b' runs in" in told, told


def test_every_command_is_covered() -> None:
    assert {("up",), ("down",), ("status",), ("redrive",), ("redrive", "send"), ("failover", "start")} <= set(COMMANDS)
