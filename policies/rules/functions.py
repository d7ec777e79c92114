"""What is inside the functions' archives, and where their logs go."""

import ast
import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from components.packaging.dependencies import elf_cpu
from components.resource_types import FUNCTION, LOG_GROUP
from policies.rule import Finding, rule
from policies.rules.publishers import publishes_through_endpoint
from policies.view import StackView
from signals.recording.resources import Declared


@lru_cache(maxsize=64)
def _compiled(archive: Path, _modified_ns: int) -> dict[str, str | None]:
    """The compiled modules of an archive and the CPU that each is for; None for those of a Mac's embedded AWS."""
    with zipfile.ZipFile(archive) as zipped:
        return {name: elf_cpu(zipped.read(name)) for name in zipped.namelist() if name.endswith(".so")}


@lru_cache(maxsize=64)
def _times(archive: Path, _modified_ns: int) -> tuple[str, ...]:
    """Places in our own code of an archive that write a property `Time`, as `file:line`."""
    found = []
    with zipfile.ZipFile(archive) as zipped:
        for name in zipped.namelist():
            if name.startswith("handlers/") and name.endswith(".py"):
                tree = ast.parse(zipped.read(name), name)
                found += [f"{name}:{line}" for node in ast.walk(tree) if (line := _writes_time(node))]
    return tuple(found)


def _writes_time(node: ast.AST) -> int | None:
    match node:
        case ast.Dict(keys=keys):
            return next((k.lineno for k in keys if isinstance(k, ast.Constant) and k.value == "Time"), None)
        case ast.Subscript(slice=ast.Constant(value="Time"), ctx=ast.Store()):
            return node.lineno
        case ast.keyword(arg="Time"):
            return node.lineno
    return None


def _archive(function: Declared) -> tuple[Path, int] | None:
    """A function's archive, where there is one to look into."""
    path = getattr(function.inputs.get("code"), "path", None)
    if path is None or not Path(path).is_file() or not zipfile.is_zipfile(path):
        return None
    return Path(path), Path(path).stat().st_mtime_ns


@rule(
    "EB-NO-CLIENT-TIME",
    why="A replay's window works on an event's Time: what a client's clock says would put signals outside of every "
    "window that an operator can think of.",
    source="EventBridge User Guide, eb-archive (replay by event time); API reference, PutEventsRequestEntry.Time",
    remedy="leave Time out of PutEvents entries; the signal's own time belongs into its detail",
)
def time_is_eventbridges(stack: StackView) -> Iterator[Finding]:
    for function in stack.of(FUNCTION):
        archive = _archive(function)
        for place in _times(*archive) if archive else ():
            yield function, f"{place} sets Time"


@rule(
    "EB-PUBLISHER-CRT",
    why="A request to a global endpoint is signed with SigV4A, which boto3 does with awscrt alone, and Lambda's "
    "runtime has none: without it the first call fails.",
    source="botocore's endpoint rule set of events; awslabs/aws-crt-python#291",
    remedy="package awscrt with every function that publishes through the endpoint",
)
def publishers_can_sign(stack: StackView) -> Iterator[Finding]:
    for function in stack.of(FUNCTION):
        archive = _archive(function) if publishes_through_endpoint(function) else None
        if archive:
            compiled = _compiled(*archive)
            for_lambda = [name for name, cpu in compiled.items() if cpu]
            if (for_lambda or not compiled) and not any(name.startswith("_awscrt") for name in for_lambda):
                yield function, "its archive has no awscrt"


@rule(
    "LAMBDA-ARCHITECTURE",
    why="A compiled module for another CPU or another Python is found only when it is imported: the function deploys, "
    "and each invocation fails with 'No module named _awscrt'.",
    source="Lambda Developer Guide, python-package; awslabs/aws-crt-python#527",
    remedy="build the archive for the function's own architectures and runtime",
)
def archives_fit_their_functions(stack: StackView) -> Iterator[Finding]:
    for function in stack.of(FUNCTION):
        archive = _archive(function)
        if not archive:
            continue
        architecture = (function.get("architectures") or ["x86_64"])[0]
        python = str(function.get("runtime")).removeprefix("python").replace(".", "")
        for name, cpu in sorted((name, cpu) for name, cpu in _compiled(*archive).items() if cpu):
            built_for = re.search(r"\.cpython-(\d+)", name)
            if cpu != architecture:
                yield function, f"{name} is for {cpu}, the function runs on {architecture}"
            elif built_for and built_for[1] != python:
                yield function, f"{name} is for Python {built_for[1]}, the function runs {function.get('runtime')}"


@rule(
    "LOGS-RETENTION",
    why="A log group that Lambda makes for itself keeps for ever, and so do request ids and whatever a log line says "
    "of a customer.",
    source="CloudWatch Logs User Guide, Working-with-log-groups-and-streams (retention)",
    remedy="declare the log group of every function and set retentionInDays on each",
)
def logs_are_forgotten(stack: StackView) -> Iterator[Finding]:
    groups = {(group.inputs["name"], group.region) for group in stack.of(LOG_GROUP)}
    for group in stack.of(LOG_GROUP):
        if not group.get("retentionInDays"):
            yield group, "it keeps logs for ever"
    for function in stack.of(FUNCTION):
        name = function.get("loggingConfig.logGroup") or f"/aws/lambda/{function.inputs['name']}"
        if (name, function.region) not in groups:
            yield function, f"its log group {name} is not declared"
