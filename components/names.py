"""The physical names of a stack: every one follows from its settings, so nothing has to be looked up by tag or id."""

from __future__ import annotations

import re
from dataclasses import dataclass

from components.settings import PlatformSettings


@dataclass(frozen=True)
class Names:
    """Physical names of one stack."""

    settings: PlatformSettings

    @property
    def endpoint(self) -> str:
        return self.settings.name

    @property
    def ingress_bus(self) -> str:
        return f"{self.settings.name}-ingress"

    @property
    def data_bus(self) -> str:
        return f"{self.settings.name}-data"

    @property
    def archive(self) -> str:
        return f"{self.settings.name}-ingress"

    def state_table(self, consumer: str) -> str:
        return f"{self.settings.name}-{consumer}-state"

    @property
    def api(self) -> str:
        return f"{self.settings.name}-ingest"

    @property
    def probe(self) -> str:
        """Rule and queue, in both Regions, that probes through the endpoint come to."""
        return f"{self.settings.name}-probe"

    @property
    def return_path(self) -> str:
        """Rule, queue and function in the secondary that bring replayed events back to the primary."""
        return f"{self.settings.name}-return"

    @property
    def queue_prefix(self) -> str:
        return f"{self.settings.name}-"

    def lake_bucket(self, region: str) -> str:
        return f"{self.settings.name}-lake-{self.settings.account_id}-{region}"

    def functions(self) -> tuple[str, ...]:
        """Every function that a Region may have, in the order a signal meets them."""
        consumers = (consumer.name for consumer in self.settings.consumers if consumer.kind == "function")
        parts = ("ingest", "enrichment", "republish", "return", "canary", *consumers)
        return tuple(f"{self.settings.name}-{part}" for part in parts)

    def is_queue(self, name: str) -> bool:
        """Whether a queue is this stack's: a stack `signals` must not count the queues of `signals-dev`."""
        parts = ("spool", "quarantine", "ingest", "enrichment", "republish", "return", "canary", "heartbeat", "probe")
        owners = "|".join(map(re.escape, (*parts, *(consumer.name for consumer in self.settings.consumers))))
        return re.fullmatch(rf"{re.escape(self.queue_prefix)}(?:{owners})(?:-[a-z]+)?", name) is not None

    def is_troubled(self, queue: str) -> bool:
        """Whether a message in `queue` means that something went wrong."""
        return queue.endswith(("-dlq", "-failed")) or queue == f"{self.queue_prefix}quarantine"

    def queue_kind(self, queue: str) -> str:
        """What a queue is for, in a word."""
        if queue.endswith(("-dlq", "-failed")):
            return "dlq"
        kind = queue.removeprefix(self.queue_prefix)
        return kind if kind in ("spool", "quarantine", "return", "heartbeat", "probe") else "queue"
