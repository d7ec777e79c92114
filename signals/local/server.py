"""The process of the embedded AWS: ministack with this platform's extensions, and the front door, on loopback only."""

import argparse
import asyncio
import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from signals.errors import LocalError
from signals.local import connections
from signals.local.front_door import TARGETS_FILE, FrontDoor
from signals.local.identity import Identity
from signals.local.middleware import REQUEST_LOG, with_faults, with_identity, with_repeats, with_request_log
from signals.local.process import AWS_PORT, FRONT_DOOR_PORT, LOCK_FILE, LOOPBACK, RECORD_FILE, bound, default_home


def main() -> None:
    """`python -m signals.local.server --stack local --aws-port 4566 --port 8080`; ends on SIGTERM or SIGINT."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stack", default="local")
    options.add_argument("--aws-port", type=int, default=AWS_PORT)
    options.add_argument("--port", type=int, default=FRONT_DOOR_PORT)
    chosen = options.parse_args()
    home = default_home()
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK_FILE).open("wb") as lock:
        if not alone(lock):
            sys.exit(f"an embedded AWS already runs for {home}")
        try:
            sockets = [bound(chosen.aws_port, "--aws-port"), bound(chosen.port, "--port")]
        except LocalError as error:
            sys.exit(str(error))
        prepare(home, chosen.aws_port)
        asyncio.run(serve(home, sockets, Identity(uuid.uuid4().hex, chosen.stack)))


def alone(lock: BinaryIO) -> bool:
    """Take the home's lock; whoever only looks whether it is taken holds it for an instant."""
    for _ in range(20):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.05)
    return False


def prepare(home: Path, aws_port: int) -> None:
    """Set what ministack reads from the environment when it is imported; nothing of it outlives the process."""
    state, temporary = home / "state", home / "tmp"
    # There is no persistence: whatever an earlier run left is of no use, and its ports may be another platform's now.
    for file in (home / REQUEST_LOG, home / TARGETS_FILE, home / RECORD_FILE):
        file.unlink(missing_ok=True)
    for folder in (state, temporary):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name in [n for n in os.environ if n.startswith(("AWS_", "LOCALSTACK_", "MINISTACK_"))]:
        # A developer's own profile or keys must not reach the functions' workers.
        del os.environ[name]
    os.environ.update(
        {
            "GATEWAY_PORT": str(aws_port),
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_ACCOUNT_ID": "000000000000",
            # It authorizes each request (signals/local/extensions/permissions.py). The engines' keys are the account's.
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "PERSIST_STATE": "0",
            "S3_PERSIST": "0",
            "STATE_DIR": str(state),
            "S3_DATA_DIR": str(state / "s3"),
            "TMPDIR": str(temporary),
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{state}/no-docker.sock",
            "LOG_LEVEL": os.environ.get("SIGNALS_LOCAL_LOG_LEVEL", "WARNING"),
        }
    )


async def serve(home: Path, sockets: list[socket.socket], identity: Identity) -> None:
    """Serve both, as the home's record then says, until a signal comes; then end with all its workers."""
    from hypercorn.asyncio import serve as hypercorn
    from ministack import app as ministack
    from ministack.core import lambda_runtime

    from signals.local import extensions

    logging.getLogger("hypercorn").setLevel(logging.WARNING)
    extensions.install()
    connections.install()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    aws = with_faults(with_request_log(with_repeats(ministack.app), home))
    applications: list[Any] = [
        with_identity(connections.with_connections(app), identity) for app in (aws, FrontDoor(home / TARGETS_FILE))
    ]
    for opened in sockets:
        opened.listen(512)
    aws_port, port = (opened.getsockname()[1] for opened in sockets)
    record = {"pid": os.getpid(), "aws_port": aws_port, "port": port, **asdict(identity)}
    written = (home / RECORD_FILE).with_suffix(".new")
    written.write_text(json.dumps(record))
    written.replace(home / RECORD_FILE)
    try:
        served = [
            asyncio.create_task(hypercorn(application, _config(opened), shutdown_trigger=ended.wait))
            for application, opened in zip(applications, sockets, strict=True)
        ]
        await asyncio.wait([*served, asyncio.create_task(ended.wait())], return_when=asyncio.FIRST_COMPLETED)
        ended.set()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*served), timeout=4)
    finally:
        lambda_runtime.reset()
        shutil.rmtree(home / "tmp", ignore_errors=True)
        (home / RECORD_FILE).unlink(missing_ok=True)
    # Workers of ministack are daemon threads that may wait for a function that is gone: do not wait for them.
    logging.shutdown()
    if os.getpgrp() == os.getpid():
        # One of them may have started a function's worker since.
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _config(opened: socket.socket) -> Any:
    from hypercorn.config import Config

    return Config.from_mapping(
        bind=[f"fd://{opened.fileno()}"],
        keep_alive_timeout=75,
        graceful_timeout=1,
        loglevel="WARNING",
        h11_max_incomplete_size=64 * 1024,
    )


if __name__ == "__main__":
    main()
