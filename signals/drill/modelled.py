"""The model's verdict in the form of a drill's, so that both are shown alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signals.drill.report import Kind, Moment, Report, Verdict
from signals.errors import Misuse

if TYPE_CHECKING:
    from signals.model.report import Report as ModelReport

# A drill's scenario and the model's, where both can run it.
SAME = {
    "primary-eventbridge-down": "eventbridge",
    "primary-api-down": "api",
    "replication-cut": "replication",
    "enrichment-failing": "enrichment",
    "slow-lake": "lake",
    "failover": "inverted",
}
_KINDS: dict[str, Kind] = {"outage": "fault", "alarm": "detected", "recovered": "healed", "operator": "recovery"}


def modelled(
    stack: str, outage: str = "30h", signals_per_day: float = 400e6, *, replay: bool = True, scenario: str | None = None
) -> Report:
    """Run the model and show it as a drill.

    Args:
        stack: Name of the stack whose recording is modelled.
        outage: How long (`45m`, `30h`, `35d`).
        signals_per_day: Load.
        replay: Whether the operator replays.
        scenario: The model's, or a drill's that the model can run; none: EventBridge in the primary.

    Raises:
        Misuse: No such scenario or duration.
    """
    from signals.model.run import run

    chosen = SAME.get(scenario or "primary-eventbridge-down", scenario)
    try:
        return from_model(run(stack, outage, signals_per_day, replay=replay, scenario=chosen or "eventbridge"))
    except ValueError as error:
        raise Misuse(f"{error}") from None


def from_model(found: ModelReport) -> Report:
    """A model's report as a drill's."""
    notes = [f"one signal in the model stands for {found.weight:,.0f}; seed {found.seed}"]
    notes += [f"lost: {count:,} {why}" for why, count in found.lost_by.items()]
    notes += [f"to do: {step}" for step in found.operator]
    notes += [f"taken for granted: {assumption}" for assumption in found.assumptions]
    moments = tuple(Moment(step.at_s, step.text, _kind(step.kind)) for step in found.timeline)
    return Report(
        stack=found.stack,
        scenario=found.scenario,
        about=f"{found.scenario} for {found.outage_s / 3600:g} h at {found.signals_per_day:,.0f} signals a day",
        began=None,
        duration_s=max((moment.seconds for moment in moments), default=found.outage_s),
        moments=moments,
        lanes=(),
        verdict=Verdict(
            sent=found.acknowledged,
            acknowledged=found.acknowledged,
            delivered=found.delivered,
            duplicates=found.duplicates,
            seconds_to_detect=found.detected_s,
            seconds_to_route=found.routed_s,
            notes=tuple(notes),
        ),
        outage=(0.0, found.outage_s),
    )


def _kind(kind: str) -> Kind:
    return "routed" if kind.startswith("routed") else _KINDS.get(kind, "step")
