"""How much longer a recording and its Terraform take than the same program under Pulumi's own mocks.

Both run `prod` in this process, in turns; packaging is done before, and each run then only finds it done. What is
compared is the process's CPU time, which other processes hardly change; the ratio is the median of the turns' ratios.
"""

import asyncio
import contextvars
import json
import runpy
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.config import set_all_config
from pulumi.runtime.stack import run_pulumi_func

from components.resource_types import CERTIFICATE, DOMAIN_NAME
from signals.recording.record import record
from signals.stack_files import ROOT, read_config, stack_file
from signals.terraform.emit import emit
from signals.tools.bench import Row

STACK = "prod"
# What the program looks into, so that it must not be None.
_TEXT = ("arn", "apiEndpoint", "endpointUrl", "executionArn", "invokeArn", "name", "qualifiedArn", "url", "version")
_COMPUTED: dict[str, dict[str, Any]] = {
    CERTIFICATE: {
        "domainValidationOptions": [
            {"resourceRecordName": "name", "resourceRecordType": "CNAME", "resourceRecordValue": "value"}
        ]
    },
    DOMAIN_NAME: {"domainNameConfiguration": {"targetDomainName": "name", "hostedZoneId": "zone"}},
}


class _Mocks(pulumi.runtime.Mocks):
    """As Pulumi's guide to unit testing has them: every resource is what was put in, and an id."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        told = dict.fromkeys(_TEXT, args.name)
        return f"{args.name}-id", {**told, **args.inputs, **_COMPUTED.get(args.typ, {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"look-up {args.token}")


def _under_mocks() -> None:
    """Run the program the way a test with Pulumi's mocks does."""
    config = read_config(stack_file(STACK))

    async def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(_Mocks(), project="signals", stack=STACK)
    set_all_config({key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()})
    asyncio.get_event_loop().run_until_complete(run_pulumi_func(program))
    asyncio.get_event_loop().close()


def _record() -> None:
    emit(record(STACK)).text()


def _seconds(work: Callable[[], None]) -> float:
    """CPU time that `work` takes in a thread and context of its own, as both need (s)."""
    start = time.process_time()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(contextvars.copy_context().run, work).result()
    return time.process_time() - start


def run(repeats: int = 5) -> list[Row]:
    """Measure."""
    _seconds(_under_mocks)
    _seconds(_record)
    pairs = [(_seconds(_under_mocks), _seconds(_record)) for _ in range(repeats)]
    ratio = statistics.median(recorded / plain for plain, recorded in pairs)
    seconds = statistics.median(recorded for _, recorded in pairs)
    return [
        (f"recording and Terraform of {STACK} against the program under plain mocks", f"{ratio:.2f}x"),
        (f"recording and Terraform of {STACK}, CPU", f"{seconds:.2f} s"),
    ]
