"""What a Python function finds beside its own archive.

AWS: Lambda's managed Python runtimes hold the standard library and boto3 with its dependencies, nothing else and no
awscrt (Lambda Developer Guide, "Building Lambda functions with Python"); an archive that lacks a package fails.

ministack: runs functions in the Python of its own process, with everything that is installed there.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from ministack.core import lambda_runtime

from signals.local.extensions import patching

_WITH_BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
_ISOLATED = """
import sys, sysconfig
sys.meta_path[:] = [f for f in sys.meta_path if not getattr(f, "__module__", "").startswith("__editable__")]
_standard = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
sys.path[:] = [p for p in sys.path if p.startswith(_standard) and "-packages" not in p or p.endswith(".zip")]
sys.path.append({runtime!r})
"""


def install() -> None:
    patching.require(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "_detect_runtime_binary(runtime)")
    runtime = Path(os.environ["STATE_DIR"]) / "runtime"
    runtime.mkdir(parents=True)
    for name in _WITH_BOTO3:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            source = Path(found.origin)
            source = source.parent if source.name == "__init__.py" else source
            (runtime / source.name).symlink_to(source)
    lambda_runtime._PYTHON_WORKER_SCRIPT = _ISOLATED.format(runtime=str(runtime)) + lambda_runtime._PYTHON_WORKER_SCRIPT
