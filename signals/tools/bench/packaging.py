"""How long the archives of prod take."""

import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from components.packaging.archive import PROJECT, FunctionArchive, package
from signals.tools.bench import Row

FRESH_PROCESS = "import sys, pathlib; from signals.tools.bench.packaging import build; build(pathlib.Path(sys.argv[1]))"


def run() -> list[Row]:
    """Seconds for the archives of all functions, and their sizes (MB)."""
    with tempfile.TemporaryDirectory(prefix="signals-bench-") as scratch:
        cache = Path(scratch)
        cold_s, archives = _timed(cache)
        for archive in archives.values():
            archive.path.unlink()
        edited_s, _ = _timed(cache)
        again_s = statistics.median(_timed(cache)[0] for _ in range(5))
        command = [sys.executable, "-c", FRESH_PROCESS, scratch]
        process_s = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(command, cwd=PROJECT, check=True)
            process_s.append(time.perf_counter() - start)
        sizes = [f"{name} {archive.path.stat().st_size / 1e6:.1f}" for name, archive in archives.items()]
    return [
        ("packaging prod, nothing changed, new process", f"{statistics.median(process_s):.2f} s (aim: under 1 s)"),
        ("packaging prod, nothing changed, same process", f"{again_s:.3f} s"),
        ("packaging prod, code of every function edited", f"{edited_s:.2f} s"),
        ("packaging prod, nothing cached but downloads", f"{cold_s:.2f} s"),
        ("archives (MB, stored)", ", ".join(sizes)),
    ]


def build(cache: Path) -> dict[str, FunctionArchive]:
    """Package every function as prod does."""
    functions = sorted(path.parent.name for path in (PROJECT / "handlers").glob("*/handler.py"))
    return {name: package(name, runtime="python3.13", architecture="arm64", cache=cache) for name in functions}


def _timed(cache: Path) -> tuple[float, dict[str, FunctionArchive]]:
    start = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        archives = build(cache)
    return time.perf_counter() - start, archives
