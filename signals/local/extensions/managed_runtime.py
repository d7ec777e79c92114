"""What a Python function finds beside its own archive, and how soon it is there.

AWS: Lambda's managed Python runtimes hold the standard library and boto3 with its dependencies, nothing else and no
awscrt (Lambda Developer Guide, "Building Lambda functions with Python"); an archive that lacks a package fails. A new
function is Pending, and its update InProgress, for seconds.

ministack: runs functions in the Python of its own process, with everything that is installed there. It waits half a
second, which Terraform turns into several, for it looks again only after its own pause; here nothing waits.
"""

import importlib.util
import os
from pathlib import Path

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from signals.local.extensions import patching

patching.require(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "_detect_runtime_binary(runtime)")
patching.require(lambda_svc, "_schedule_state_transition(func_name, delay)", "_LAMBDA_STATE_TRANSITION_DELAY")
_WITH_BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
_ISOLATED = """
import sys, sysconfig
sys.meta_path[:] = [f for f in sys.meta_path if not getattr(f, "__module__", "").startswith("__editable__")]
_standard = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
sys.path[:] = [p for p in sys.path if p.startswith(_standard) and "-packages" not in p or p.endswith(".zip")]
sys.path.append({runtime!r})
"""


@patching.at_installation
def install() -> None:
    """Put together what functions find, and have nothing wait."""
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0.0
    runtime = Path(os.environ["STATE_DIR"]) / "runtime"
    runtime.mkdir(parents=True)
    for name in _WITH_BOTO3:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            source = Path(found.origin)
            source = source.parent if source.name == "__init__.py" else source
            (runtime / source.name).symlink_to(source)
    lambda_runtime._PYTHON_WORKER_SCRIPT = _ISOLATED.format(runtime=str(runtime)) + lambda_runtime._PYTHON_WORKER_SCRIPT
