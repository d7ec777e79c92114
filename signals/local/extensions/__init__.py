"""What AWS does and ministack does not, each in a module of its own with `install()`; see their docstrings."""

from __future__ import annotations


def install() -> None:
    """Install every extension; raises SeamGoneError where ministack has changed underneath."""
    from signals.local.extensions import (
        alarms,
        archive,
        async_invocation,
        bus_targets,
        delivery,
        event_bus,
        firehose_buffer,
        global_endpoint,
        health_check,
        http_api,
        ill_services,
        managed_runtime,
        no_waiting,
        queue_attributes,
        scheduler,
    )

    # From the bus outwards: what wraps the same seam comes after what it wraps.
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
        ill_services,
        managed_runtime,
        no_waiting,
        queue_attributes,
    ):
        extension.install()
