"""The functions of handlers/ as they run in Lambda, built with AWS clients, a clock and pauses of the model's own."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any

from handlers.shared.environment import Environment
from handlers.shared.events import EventPublisher
from signals.model import blueprint
from signals.model.clients import Stopwatch, clients_of

if TYPE_CHECKING:
    from signals.model.platform import Platform

WRITE_KEY = "the model's own write key"
_WRITE_KEYS = (sha256(WRITE_KEY.encode()).hexdigest(),)
_KNOWN = frozenset({"ingest", "enrichment", "republish", "return_path", "profile"})

# In a modelled outage they would log a line for every entry that is refused.
logging.getLogger("handlers").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Collaborators:
    """What functions work with; a wrong setting may be another one of these."""

    publisher: Callable[..., EventPublisher] = EventPublisher
    spools: bool = True


def runner(plan: blueprint.FunctionPlan, platform: Platform) -> Callable[[Any], Any]:
    """What runs when this function is invoked; a consumer's function that the model does not know accepts everything.

    Raises:
        BadEnvironmentError: The function would not start with the environment that it is deployed with.
    """
    if plan.folder not in _KNOWN:
        return lambda _event: None
    sources = json.dumps(dict.fromkeys(plan.sources, _WRITE_KEYS)).encode()
    environment = Environment(plan.environment, lambda _name: sources)
    watch = Stopwatch(platform, plan.timeout_s)
    build = import_module(f"handlers.{plan.folder}.wiring").build
    more = {"recorder": _every_time} if plan.folder == "profile" else {}
    handler = build(clients=clients_of(plan, watch, platform), environment=environment, **more)

    def run(event: Any) -> Any:
        watch.start()
        return handler(event, watch)

    return run


def _every_time(_client: Any, *, store: Any, **_settings: str) -> Callable[[Any, Any], str]:
    """In the place of Powertools' idempotency, which only saves work and never decides what a profile says."""

    def record(item: Any, _context: Any) -> str:
        store.put(item)
        return "RecordedSignals"

    return record
