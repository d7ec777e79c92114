"""What AWS does and ministack does not, each in a module of its own with `install()`; see their docstrings."""

from __future__ import annotations


def install() -> None:
    """Install every extension; raises PatchError where ministack is not the one they were written for."""
    from signals.local.extensions import (
        alarms,
        archive,
        async_invocation,
        bus_targets,
        delivery,
        event_bus,
        fault_injection,
        firehose_buffer,
        global_endpoint,
        health_check,
        http_api,
        managed_runtime,
        no_waiting,
        queue_attributes,
        scheduler,
    )

    # From the bus outwards: what wraps the same function comes after what it wraps.
    for extension in (
        event_bus,
        delivery,
        scheduler,
        bus_targets,
        archive,
        alarms,
        health_check,
        global_endpoint,
        firehose_buffer,
        async_invocation,
        http_api,
        fault_injection,
        managed_runtime,
        no_waiting,
        queue_attributes,
    ):
        extension.install()
