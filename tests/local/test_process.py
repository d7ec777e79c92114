"""The process of the embedded AWS."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import boto3
import httpx
import pytest

from signals.errors import LocalError
from signals.local import process
from tests.support.embedded import Aws, eventually, free_port


def test_start_answers_on_both_ports_and_stop_leaves_no_process_and_no_port(own_home: Path) -> None:
    local = process.start(own_home, aws_port=free_port(), port=free_port())
    assert httpx.get(f"{local.aws_url}/_ministack/health").is_success
    assert httpx.get(local.url).status_code == 503
    Aws(local.aws_url).role("any")
    alias = Aws(local.aws_url).function("f", "handler = lambda event, context: 1")
    boto3.client(
        "lambda", "us-west-2", endpoint_url=local.aws_url, aws_access_key_id="test", aws_secret_access_key="test"
    ).invoke(FunctionName=alias)
    group = _processes_of_group(local.pid)
    assert len(group) == 2, "the server and the function's worker"
    assert process.stop(own_home)
    assert process.running(own_home) is None
    assert not _processes_of_group(local.pid)
    for port in (local.aws_port, local.port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_starting_again_keeps_what_runs(embedded: process.Local) -> None:
    assert process.start(embedded.home, "test", aws_port=embedded.aws_port, port=embedded.port).pid == embedded.pid


def test_starting_again_on_other_ports_says_what_to_do(embedded: process.Local) -> None:
    with pytest.raises(LocalError, match=f"already runs on ports {embedded.aws_port} and {embedded.port}"):
        process.start(embedded.home, "test", aws_port=free_port(), port=free_port())


def test_a_taken_port_is_named_with_the_option_that_chooses_another(own_home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {taken} is taken.* --port"):
            process.start(own_home, aws_port=free_port(), port=taken)


def test_stop_ends_nothing_when_the_recorded_process_is_not_ours(own_home: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (own_home / process.LOCK_FILE).touch()
        (own_home / process.RECORD_FILE).write_text(f'{{"pid": {bystander.pid}, "aws_port": 1, "port": 2}}')
        assert not process.stop(own_home)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_killed_process_counts_as_not_running(own_home: Path) -> None:
    local = process.start(own_home, aws_port=free_port(), port=free_port())
    os.kill(local.pid, signal.SIGKILL)
    assert eventually(lambda: process.running(own_home) is None)


def test_a_start_that_fails_names_the_log(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(own_home))
    (own_home / "hypercorn.py").write_text("raise ImportError('hypercorn is broken')")
    with pytest.raises(LocalError, match=r"did not start: .*hypercorn is broken.*server\.log"):
        process.start(own_home, aws_port=free_port(), port=free_port())


def test_the_loopback_alone_is_listened_on(embedded: process.Local) -> None:
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1", "127.0.1.1"}:
        with socket.socket() as probe:
            assert probe.connect_ex((address, embedded.aws_port)) != 0


def _processes_of_group(group: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,pid="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]
