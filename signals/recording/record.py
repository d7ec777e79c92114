"""Record a stack: run its Pulumi program in this process and keep what it registers, as plain data.

No Pulumi CLI, no credentials, no network. What comes back is a `Recording` (see `signals.recording.resources`, which
also says how references are marked).
"""

import asyncio
import contextvars
import gc
import json
import logging
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import Settings as RuntimeSettings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.stack import run_in_stack

from components.errors import PlatformError
from signals.errors import RecordError
from signals.recording.monitor import FORMATTED, IN_AN_F_STRING, RecordingMonitor
from signals.recording.resources import Recording
from signals.recording.spelling import Spelling, Tokens, look_alikes
from signals.recording.worked_on import worked_on
from signals.stack_files import ROOT, read_config, read_yaml, stack_file

_LOG = logging.getLogger(__name__)
_REMEDY = (
    "Terraform, previews and policies have only a reference to it. Use it whole, alone or in a longer text or JSON, or "
    "add a helper to components/parts/references.py"
)


def record(stack: str, settings: Mapping[str, Any] | Path | None = None, *, root: Path = ROOT) -> Recording:
    """Run the project's program for a stack and return what it declares.

    Args:
        stack: Name of the stack; its config is `Pulumi.<stack>.yaml`.
        settings: Instead of the stack's `signals:settings`: their value, or a file laid out like a stack's.
        root: Folder that holds Pulumi.yaml and `__main__.py`.

    Raises:
        Misuse: There is no such stack.
        RecordError: A refused look-up, or a program that ended with `pulumi.RunError`.
        Exception: Whatever else the program raised.
    """
    project = str(read_yaml(root / "Pulumi.yaml")["name"])
    file = settings if isinstance(settings, Path) else stack_file(stack, root)
    values = read_config(file)
    if isinstance(settings, Mapping):
        values["signals:settings"] = dict(settings)
    config = {
        key if ":" in key else f"{project}:{key}": _config_value(file, key, value) for key, value in values.items()
    }

    def program() -> None:
        runpy.run_path(str(root / "__main__.py"), run_name="__main__")

    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return record_program(program, stack=stack, project=project, config=config, root=root)


def record_program(
    program: Callable[[], object],
    *,
    stack: str = "test",
    project: str = "signals",
    config: Mapping[str, str] | None = None,
    root: Path = ROOT,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recording:
    """Run a callable as if it were a Pulumi program and return what it declares.

    Args:
        program: Makes resources and exports outputs.
        stack: Name of the stack it sees.
        project: Name of the project it sees.
        config: The stack's config as Pulumi hands it to a program: text, objects as JSON.
        root: Where relative asset paths start.
        answers: What a look-up returns, by its token; all others are refused.

    Raises:
        RecordError: A refused look-up, a program that ended with `pulumi.RunError`, or one that works on an output.
        Exception: Whatever else the program raised.
    """

    def run(spelling: Spelling) -> Recording:
        return _record(program, RecordingMonitor(stack, project, root, answers or {}, spelling), dict(config or {}))

    one, other = look_alikes()
    with _in_haste():
        try:
            recording = run(Tokens())
        except PlatformError:
            raise
        except Exception as error:
            # What cuts up a real ARN may fail with a token; two that look real then say where it does.
            try:
                found = worked_on(run(one), run(other))
            except Exception:  # noqa: BLE001 - it fails with any output: the first reason is the one to show
                raise error from None
            _refuse(found)
            raise RecordError(f"the program works on an output: with a reference it fails, {_said(error)}") from error
        try:
            again = run(one)
        except Exception as error:
            raise RecordError(
                f"the program works on an output: with one like AWS's it fails, {_said(error)}"
            ) from error
    _refuse(worked_on(recording, again))
    return recording


def _refuse(found: Sequence[str]) -> None:
    if found:
        more = f" (and {len(found) - 1} more)" if found[1:] else ""
        raise RecordError(f"{found[0]}{more}: {_REMEDY}")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _record(program: Callable[[], object], monitor: RecordingMonitor, config: dict[str, str]) -> Recording:
    # Pulumi's state lives in context variables and in the thread's event loop: a thread and a context of its own
    # leave nothing behind, and work under a caller that has a loop running.
    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(contextvars.Context().run, _run, program, monitor, config).result()
        except pulumi.RunError as error:
            raise RecordError(str(error)) from None
    if monitor.formatted_at:
        raise RecordError(f"{monitor.formatted_at}: {IN_AN_F_STRING}")
    resources = tuple(sorted(monitor.recorded.values(), key=lambda resource: resource.urn))
    return Recording(monitor.stack, resources, monitor.outputs)


@contextmanager
def _in_haste() -> Iterator[None]:
    """Do without what Pulumi's program takes a third of its time for, and a recording has no use for.

    That is to look for garbage while all is in use, and to look up the lines of each resource's stack.
    """
    collects, limited = gc.isenabled(), hasattr(sys, "tracebacklimit")
    gc.disable()
    if not limited:
        sys.tracebacklimit = 1
    try:
        yield
    finally:
        if not limited:
            vars(sys).pop("tracebacklimit", None)
        if collects:
            gc.enable()


class _Inline(ThreadPoolExecutor):
    """Runs what it is given at once: the monitor is in this process, and order stays the program's."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            done.set_exception(error)
        return done


class _Engine(MockEngine):
    """Pulumi's log, in which it only warns of an output that is made text of in Python."""

    def __init__(self, monitor: RecordingMonitor) -> None:
        super().__init__(_LOG)
        self._monitor = monitor

    def Log(self, request: Any) -> None:  # noqa: N802 - the engine's protocol names its methods
        if request.message.startswith(FORMATTED):
            package = str(Path(pulumi.__file__).parent)
            calls = (call for call, _ in traceback.walk_stack(sys._getframe(1)))
            program = next(call for call in calls if not call.f_code.co_filename.startswith(package))
            self._monitor.formatted_at = f"{Path(program.f_code.co_filename).name}:{program.f_lineno}"
        super().Log(request)  # type: ignore[no-untyped-call]


def _run(program: Callable[[], object], monitor: RecordingMonitor, config: dict[str, str]) -> None:
    # Constructing settings puts them into the current context.
    RuntimeSettings(
        project=monitor.project,
        stack=monitor.stack,
        monitor=monitor,
        engine=_Engine(monitor),
        dry_run=False,
        legacy_apply_enabled=False,
        organization="organization",
        root_directory=str(monitor.root),
    )
    set_all_config(config, [])

    async def main() -> None:
        program()
        # Lets the registrations start: Pulumi waits for those it knows at once, but for outputs one by one.
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Inline(max_workers=1))
    # What fails is raised below; asyncio's own complaints about the tasks that fall with it say nothing more.
    loop.set_exception_handler(lambda _loop, context: _LOG.debug("%s", context.get("message")))
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(main))
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()


def _config_value(file: Path, key: str, value: Any) -> str:
    """A config value as the Pulumi CLI hands it to a program."""
    if isinstance(value, dict) and "secure" in value:
        raise RecordError(f"{file.name}: {key} is encrypted, and a recording has no key: keep it out of the config")
    return value if isinstance(value, str) else json.dumps(value)
