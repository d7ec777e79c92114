"""Extensions and the functions of ministack that they patch."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from signals.local.extensions import patching

EXTENSIONS = Path(patching.__file__).parent


def test_a_function_that_is_gone_is_an_error() -> None:
    with pytest.raises(patching.PatchError, match=r"emulator\._put_events is gone"):
        patching.require(ModuleType("emulator"), "_put_events(data)")


def test_a_function_with_other_parameters_is_an_error() -> None:
    module = ModuleType("emulator")
    module._put_events = lambda request: request  # type: ignore[attr-defined]
    with pytest.raises(patching.PatchError, match="takes"):
        patching.require(module, "_put_events(data)")


def test_a_process_does_not_start_on_a_ministack_without_a_patched_function() -> None:
    broken = "from ministack.services import eventbridge; del eventbridge._put_events\n"
    script = f"{broken}from signals.local import extensions; extensions.install()"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "_put_events is gone" in ended.stderr


def test_every_extension_is_installed_and_says_what_aws_does(tmp_path: Path) -> None:
    script = "import sys; from signals.local import extensions; extensions.install(); print(*sys.modules)"
    environment = {**os.environ, "STATE_DIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    extensions = [module for module in EXTENSIONS.glob("*.py") if "\n@patching." in module.read_text()]
    assert len(extensions) > 10
    for module in extensions:
        source = module.read_text()
        assert f"signals.local.extensions.{module.stem}" in ended.stdout.split(), f"{module.name} is not installed"
        assert "\nAWS" in source, f"{module.name} does not say what AWS does"
        assert "\nministack" in source or " ministack " in source, module.name
