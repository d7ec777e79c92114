"""The platform's own functions, packaged from their locks."""

import hashlib
import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from components.packaging.archive import PROJECT, FunctionArchive, package
from components.packaging.dependencies import host_architecture
from components.packaging.sources import RUNTIME_PACKAGES

FUNCTIONS = sorted(path.parent.name for path in (PROJECT / "handlers").glob("*/handler.py"))
PUBLISHERS = ("canary", "ingest", "republish")
SOURCES = {"sources.json": json.dumps({"demo": [hashlib.sha256(b"key").hexdigest()]}).encode()}
QUEUE = "https://sqs.us-west-2.amazonaws.com/000000000000/queue"
ENVIRONMENT = {
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_LAMBDA_FUNCTION_NAME": "signals-function",
    "LOG_LEVEL": "INFO",
    "ACCOUNT_ID": "000000000000",
    "EVENT_BUS_NAME": "signals-ingress",
    "INGEST_FUNCTION": "arn:aws:lambda:us-west-2:000000000000:function:signals-ingest:live",
    "PRIMARY_REGION": "us-west-2",
    "EVENT_ENDPOINT_ID": "abc123.veo",
    "DATA_BUS_NAME": "signals-data",
    "SPOOL_QUEUE_URL": QUEUE,
    "QUARANTINE_QUEUE_URL": QUEUE,
    "MAX_SIGNAL_BYTES": "131072",
    "STATE_TABLE": "signals-profile-state",
    "IDEMPOTENCY_TABLE": "signals-profile-idempotency",
}
START = """
import importlib, sys
sys.path[:0] = sys.argv[2:]
module = importlib.import_module(f"handlers.{sys.argv[1]}.handler")
assert callable(module.handler)
places = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
assert not [place for place in places if "site-packages" in place]
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


def for_lambda(function: str, cache: Path) -> FunctionArchive:
    return package(function, runtime="python3.13", architecture="arm64", files=SOURCES, cache=cache)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_from_its_archive_alone(function: str, cache: Path, tmp_path: Path) -> None:
    """With what Lambda adds: the standard library and the AWS SDK."""
    archive = package(
        function,
        runtime=f"python3.{sys.version_info.minor}",
        architecture=host_architecture(),
        platform="host",
        files=SOURCES,
        cache=cache,
    )
    with zipfile.ZipFile(archive.path) as opened:
        opened.extractall(tmp_path / "task")
    sdk = tmp_path / "runtime"
    sdk.mkdir()
    for name in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.origin is not None
        origin = Path(spec.origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (sdk / found.name).symlink_to(found)
    # -I and -S: neither this environment's packages nor the current folder.
    command = [sys.executable, "-I", "-S", "-c", START, function, str(tmp_path / "task"), str(sdk)]
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT, "LAMBDA_TASK_ROOT": str(tmp_path / "task")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("function", PUBLISHERS)
def test_publishers_carry_awscrt_for_arm64(function: str, cache: Path) -> None:
    with zipfile.ZipFile(for_lambda(function, cache).path) as archive:
        module = archive.read("_awscrt.abi3.so")
    assert module[:4] == b"\x7fELF"
    assert struct.unpack_from("<H", module, 18)[0] == 0xB7  # EM_AARCH64


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - set(PUBLISHERS)))
def test_the_others_do_not_carry_awscrt(function: str, cache: Path) -> None:
    with zipfile.ZipFile(for_lambda(function, cache).path) as archive:
        assert not [name for name in archive.namelist() if "awscrt" in name]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_archive_for_lambda_is_the_same_from_another_cache(function: str, cache: Path, tmp_path: Path) -> None:
    assert for_lambda(function, cache).sha256_base64 == for_lambda(function, tmp_path).sha256_base64


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_archive_holds_no_other_function_and_no_path_of_this_machine(function: str, cache: Path) -> None:
    with zipfile.ZipFile(for_lambda(function, cache).path) as archive:
        names = archive.namelist()
        text = b"".join(archive.read(name) for name in names if not name.endswith(".so"))
    assert not [n for n in names for other in FUNCTIONS if other != function and n.startswith(f"handlers/{other}/")]
    assert str(PROJECT).encode() + b"/" not in text and sys.prefix.encode() not in text


def test_functions_run_the_versions_that_the_tests_run() -> None:
    environment = set(_pins(PROJECT / "requirements.lock"))
    locks = list((PROJECT / "handlers").glob("*/requirements.txt"))
    assert locks
    for lock in locks:
        assert set(_pins(lock)) <= environment


def _pins(lock: Path) -> list[str]:
    return re.findall(r"^[a-z0-9-]+==[^ ;]+", lock.read_text(), re.MULTILINE)
