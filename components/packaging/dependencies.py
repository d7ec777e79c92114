"""A function's locked dependencies, as Lambda's own Python and CPU need them; installed by uv, checked, trimmed."""

import os
import platform as machine
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from components.errors import PackagingError

# Lambda Developer Guide, "Lambda runtimes": python3.11 is Amazon Linux 2 (glibc 2.26), newer ones AL2023 (glibc 2.34).
GLIBC = {"python3.11": "manylinux_2_17"}
NEWER_GLIBC = "manylinux_2_34"
UV_CPU = {"arm64": "aarch64", "x86_64": "x86_64"}
ELF_MACHINES = {0xB7: "arm64", 0x3E: "x86_64"}  # e_machine of System V ABI: EM_AARCH64, EM_X86_64

# Written by the installer, for its machine; nothing reads them at run time.
INSTALLER_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"})
UNUSED_SUFFIXES = frozenset({".pyc", ".pyi"})
UNUSED_FOLDERS = frozenset({"bin", "tests"})  # at the archive's root: console scripts name this machine's Python


@dataclass(frozen=True)
class BuildTarget:
    """Where a function runs.

    Attributes:
        runtime: Lambda's name of its Python, such as python3.13.
        architecture: Lambda's name of its CPU.
        platform: `lambda` is Amazon Linux; `host` this machine, for the embedded AWS.

    Raises:
        PackagingError: For an unknown runtime or CPU, or a host target that is not this host.
    """

    runtime: str
    architecture: Literal["arm64", "x86_64"]
    platform: Literal["lambda", "host"]

    @property
    def python_version(self) -> str:
        return self.runtime.removeprefix("python")

    def __str__(self) -> str:
        return f"{self.runtime} on {self.architecture} ({'Lambda' if self.platform == 'lambda' else 'this machine'})"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"python3\.1[1-9]", self.runtime) or self.architecture not in UV_CPU:
            raise PackagingError(f"cannot package for {self}: choose python3.11 or newer and arm64 or x86_64")
        host = f"python3.{sys.version_info.minor}", host_architecture()
        if self.platform == "host" and (self.runtime, self.architecture) != host:
            raise PackagingError(
                f"cannot package for {self}: this machine is {' on '.join(host)}; set functions.runtime and "
                "functions.architecture to host, or run the program with that Python"
            )


def host_architecture() -> Literal["arm64", "x86_64"]:
    """This machine's CPU by Lambda's name."""
    return "arm64" if machine.machine().lower() in ("arm64", "aarch64") else "x86_64"


def declared_packages(requirements_in: bytes) -> list[str]:
    """Names that a requirements.in lists, normalized as in PEP 503."""
    lines = (line.split("#")[0].strip() for line in requirements_in.decode().splitlines())
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if line and not line.startswith("-"))
    return [re.sub(r"[-_.]+", "-", name.group()).lower() for name in names if name]


def install(function: str, lock: bytes, target: BuildTarget) -> dict[str, bytes]:
    """Install a hash-checked lock for a target and return the files a function needs of it, by path.

    Args:
        function: Named in errors.
        lock: A requirements file in which every line is pinned and hashed.
        target: Where the function runs.

    Raises:
        PackagingError: When a wheel is missing or wrong, or the registry does not answer.
    """
    if not declared_packages(lock):
        return {}
    command = [uv_binary(), "pip", "install", "--requirements", "requirements.txt", "--target", "site"]
    command += ["--python", sys.executable, "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--link-mode", "copy", "--quiet", "--color", "never", "--no-progress"]
    if target.platform == "lambda":
        libc = GLIBC.get(target.runtime, NEWER_GLIBC)
        command += ["--python-platform", f"{UV_CPU[target.architecture]}-{libc}"]
        command += ["--python-version", target.python_version]
    environment = {**os.environ, "UV_COMPILE_BYTECODE": "0"}
    with tempfile.TemporaryDirectory(prefix="signals-package-") as scratch:
        folder = Path(scratch, "site")
        Path(scratch, "requirements.txt").write_bytes(lock)
        done = subprocess.run(
            command, cwd=scratch, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            raise PackagingError(_explain(function, target, done.stderr))
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        return {name: path.read_bytes() for name, path in files.items() if not _is_unused(PurePosixPath(name))}


def elf_cpu(module: bytes) -> str | None:
    """The CPU that a compiled module is for, by Lambda's name; None if it is not for Linux."""
    # Both of Lambda's CPUs are little-endian; e_machine is at byte 18.
    machine = int.from_bytes(module[18:20], "little")
    return ELF_MACHINES.get(machine, f"machine {machine}") if module[:4] == b"\x7fELF" else None


def check_compiled(function: str, names: Mapping[str, bytes], target: BuildTarget, *, signs: bool) -> None:
    """Refuse compiled modules made for another CPU or Python, and the lack of `_awscrt` where it is needed.

    Args:
        function: Named in errors.
        names: The archive's files.
        target: Where the function runs.
        signs: Whether the function signs requests to the global endpoint.

    Raises:
        PackagingError: Saying which module, and what to do.
    """
    compiled = {name: body for name, body in names.items() if name.endswith((".so", ".pyd", ".dylib"))}
    for name, body in compiled.items():
        python = re.search(r"\.cpython-3(\d+)", name)
        if python and f"3.{python.group(1)}" != target.python_version:
            raise PackagingError(
                f"{function}: {name} is for Python 3.{python.group(1)}, not for {target}: run `make lock`"
            )
        if target.platform == "lambda" and elf_cpu(body) != target.architecture:
            raise PackagingError(f"{function}: {name} is not for {target}: lock a version that has a wheel for it")
    if signs and not any(name.split(".")[0] == "_awscrt" for name in compiled):
        raise PackagingError(
            f"{function}: the archive for {target} lacks _awscrt, without which no request to the global endpoint "
            f"can be signed (SigV4A): list awscrt in handlers/{function}/requirements.in and run `make lock`"
        )


def _is_unused(path: PurePosixPath) -> bool:
    in_installer_files = path.name in INSTALLER_FILES and path.parent.suffix == ".dist-info"
    at_root = path.parts[0] in UNUSED_FOLDERS or path.parts[0].startswith(".")
    return in_installer_files or at_root or path.suffix in UNUSED_SUFFIXES or "__pycache__" in path.parts


def uv_binary() -> str:
    """Path of the uv that the environment's lock installs.

    Raises:
        PackagingError: When it is not there.
    """
    try:
        import uv

        return str(uv.find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise PackagingError("uv is not installed in this environment: run `make setup`") from error


def _explain(function: str, target: BuildTarget, said: str) -> str:
    text = " ".join(said.split())
    lock = f"handlers/{function}/requirements"
    missing = re.search(r"([A-Za-z0-9._-]+)==(\S+?) has no (?:usable )?wheels?", text)
    if missing:
        return (
            f"{function}: {missing.group(1)} {missing.group(2)} has no wheel for {target}: name a version that has one "
            f"in {lock}.in and run `make lock`, or choose another functions.runtime or functions.architecture"
        )
    if "hash mismatch" in text.lower():
        return f"{function}: what the registry served is not what {lock}.txt locks; do not deploy it. uv says: {text}"
    if re.search(r"error sending request|dns error|connect|timed out|network", text, re.IGNORECASE):
        return f"{function}: the package registry does not answer: connect, then run it again. uv says: {text}"
    return f"{function}: installing {lock}.txt for {target} failed: correct it or run `make lock`. uv says: {text}"
