"""The outages that a drill rehearses on a deployed stack and that the model runs in virtual time."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from components.names import Names
from signals.errors import Misuse
from signals.model.faults import Fault, FaultKind
from signals.recording.values import with_leaves

Symptom = Literal["endpoint", "api", "replication", "enrichment", "lake", "none"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Scenario:
    """One outage.

    Args:
        name: As on the command line.
        about: In a sentence.
        alias: A shorter name, accepted as well.
        symptom: Where somebody would notice it.
        kinds: The model's faults, in the primary.
        of: Folder in handlers/ of the only function that those faults hit.
        in_both_regions: Whether the model's faults are in the secondary too.
        faults: What the embedded AWS is told (see `signals.local.faults`); `{primary}` and `{names.lake}`, or
            another name, stand for the stack's. None: it cannot fail like this.
        fails_over: Whether the response is to fail over.
        outage_s: How long a drill's fault lasts, at least (s).
    """

    name: str
    about: str
    alias: str = ""
    symptom: Symptom = "none"
    kinds: tuple[FaultKind, ...] = ()
    of: str | None = None
    in_both_regions: bool = False
    faults: Mapping[str, Any] | None = field(default_factory=dict)
    fails_over: bool = False
    outage_s: float = 15.0

    def faults_for(self, *, names: Names, primary: str) -> dict[str, Any]:
        """What the embedded AWS is told for one stack."""

        def fill(leaf: Any) -> Any:
            return leaf.format(names=names, primary=primary) if isinstance(leaf, str) else leaf

        return dict(with_leaves(self.faults or {}, fill))

    def schedule(self, primary: str, secondary: str, start_s: float, end_s: float) -> list[Fault]:
        """The model's faults, from one time to the other (s)."""
        regions = (primary, secondary) if self.in_both_regions else (primary,)
        return [Fault(kind, region, start_s, end_s, of=self.of) for kind in self.kinds for region in regions]


SCENARIOS = {
    entry["name"]: Scenario(**entry)
    for entry in yaml.safe_load(Path(__file__).with_name("scenarios.yaml").read_text("utf-8"))
}
DEFAULT, FAILOVER = SCENARIOS["primary-eventbridge-down"], SCENARIOS["failover"]


def scenario_named(name: str | None) -> Scenario:
    """The scenario of a name or alias; the default without one.

    Raises:
        Misuse: There is none.
    """
    for scenario in SCENARIOS.values():
        if (name or DEFAULT.name) in (scenario.name, scenario.alias):
            return scenario
    raise Misuse(f"there is no scenario {name!r}: choose one of {', '.join(SCENARIOS)}")
