"""What can be rehearsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Symptom = Literal["endpoint", "api", "replication", "enrichment", "lake", "none"]


@dataclass(frozen=True)
class Scenario:
    """One fault and how it shows.

    Args:
        name: As on the command line.
        about: In a sentence.
        symptom: Where somebody would notice it.
        faults: What `signals.local.faults` is told; `{name}`, `{primary}` stand for the stack's.
        fails_over: Whether the answer is to fail over.
        outage_s: How long the fault lasts, at least (s).
    """

    name: str
    about: str
    symptom: Symptom
    faults: Mapping[str, Any] = field(default_factory=dict)
    fails_over: bool = False
    outage_s: float = 15.0

    def faults_for(self, *, name: str, primary: str) -> dict[str, Any]:
        """The faults of one stack."""

        def fill(value: Any) -> Any:
            if isinstance(value, list):
                return [fill(item) for item in value]
            return value.format(name=name, primary=primary) if isinstance(value, str) else value

        return {key: fill(value) for key, value in self.faults.items()}


FAILOVER = Scenario("failover", "The endpoint is failed over by hand; nothing is ill.", "none", fails_over=True)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "primary-eventbridge-down",
            "EventBridge in the primary takes nothing, for longer than replication retries (24 h; here 8 s).",
            "endpoint",
            # Days in seconds: what replication has not delivered when it gives up has to be replayed.
            {"refusing_regions": ["{primary}"], "replication_gives_up_s": 8},
            fails_over=True,
            outage_s=22.0,
        ),
        Scenario(
            "primary-api-down",
            "The primary's ingest API answers 503; its clients are sent to the secondary's.",
            "api",
            {"refusing_apis": ["{primary}"]},
        ),
        Scenario(
            "replication-cut",
            "Events enter the primary and no copy reaches the secondary.",
            "replication",
            {"cut_replication": True},
        ),
        Scenario(
            "enrichment-failing",
            "Enrichment ends with an error for every batch, retries included.",
            "enrichment",
            {"failing_functions": ["{name}-enrichment"]},
        ),
        Scenario("slow-lake", "Firehose throttles every record.", "lake", {"refusing_streams": ["{name}-lake"]}),
        FAILOVER,
    )
}
DEFAULT = "primary-eventbridge-down"
