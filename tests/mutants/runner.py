"""Runs tests in a copy of the tree with one fault in it."""

from __future__ import annotations

import compileall
import hashlib
import os
import py_compile
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.mutants.faults import ROOT, Fault

# A fault may make a loop endless; the slowest selection takes less than a minute.
TIMEOUT_S, BASELINE_S = 300, 1_800
_FIRST_FAILURE = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_ALL_PASSED, _SOME_FAILED, _INTERRUPTED = 0, 1, 2

Verdict = Literal["caught", "survived", "broken"]


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: `by` is the test that failed, or why it could not be judged."""

    fault_id: str
    verdict: Verdict
    by: str


class BaselineError(Exception):
    """The tests fail without any fault."""


class Copy:
    """A copy of the work tree's files, in which tests run as in the tree itself.

    Args:
        folder: Where it is made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in files():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        # By content: a fault and its removal within one second would look the same to the clock.
        compileall.compile_dir(
            folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH, workers=1
        )

    def judge(self, fault: Fault) -> Outcome:
        """Run a fault's tests with the fault in place."""
        with self._in_place(fault):
            try:
                ended = self.run(fault.tests)
            except subprocess.TimeoutExpired:
                return Outcome(fault.id, "caught", f"the time-out of {TIMEOUT_S} s")
        failed = _FIRST_FAILURE.search(ended.stdout)
        if ended.returncode == _ALL_PASSED:
            return Outcome(fault.id, "survived", " ".join(fault.tests))
        if ended.returncode in (_SOME_FAILED, _INTERRUPTED) and failed:
            return Outcome(fault.id, "caught", failed[1])
        return Outcome(
            fault.id, "broken", f"pytest ended with {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-500:]}"
        )

    def run(self, tests: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> subprocess.CompletedProcess[str]:
        """Run tests until the first fails.

        Raises:
            subprocess.TimeoutExpired: They did not end; what they started has been ended.
        """
        # The same examples each time, however slow the machine: a fault is caught by the tests, not by luck.
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
        command += ["--hypothesis-profile=ci", "-m", "not embedded and not long", *tests]
        environment = {
            **os.environ,
            "PYTHONPATH": str(self._folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SIGNALS_CACHE": os.environ.get("SIGNALS_CACHE") or str(ROOT / ".local" / "packages"),
            "SIGNALS_SEED": "1",
        }
        with subprocess.Popen(
            command,
            cwd=self._folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    @contextmanager
    def _in_place(self, fault: Fault) -> Iterator[None]:
        path = self._folder / fault.file
        whole = path.read_text()
        path.write_text(fault.applied_to(whole))
        try:
            yield
        finally:
            path.write_text(whole)


def files() -> list[str]:
    """The files of the work tree, as git would add them."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file())


def digest() -> str:
    """What the work tree's files are: outcomes are kept for the tree that they were found in."""
    found = hashlib.sha256()
    for name in files():
        found.update(name.encode() + b"\0" + hashlib.sha256((ROOT / name).read_bytes()).digest())
    return found.hexdigest()[:16]
