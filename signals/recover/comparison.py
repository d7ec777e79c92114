"""What both Regions received, hour by hour: no clients here, so that the model runs this very code.

Counts are of `Invocations` of a rule that both ingress buses have, each with a target ("the number of times a target is
invoked by a rule", EventBridge User Guide, "Monitoring Amazon EventBridge"): probes, and signal batches where the
secondary processes them too. Through the endpoint both Regions receive the same. Counts cannot show which events came:
an hour that lacks some is replayed, whatever later hours have too many of.

The same page: delivery of metrics is best effort, "not meant to be a complete accounting", and this metric is not sent
while it is zero. So an hour for which CloudWatch has nothing of the secondary is not comparable, and never equal; one
for which it has something of the secondary and nothing of the primary counts as none received.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

PROBES, BATCHES = "probes", "signal batches"
# CloudWatch may be late with a data point.
SETTLED = timedelta(minutes=15)
# One data point of an hour's sixty may never come, and up to 30 s of events (from where the alarm on latency counts)
# be on their way when an hour begins or ends.
_TOLERATED_SHARE = 1.5 / 60
_TOLERATED_EVENTS = 2.0


@dataclass(frozen=True)
class Hour:
    """How much of one kind both Regions received in an hour, or in several where data points are as long.

    Args:
        of: What is counted: `PROBES` or `BATCHES`.
        start: The beginning.
        end: The end.
        primary: How many the primary received; None where CloudWatch has no count.
        secondary: Likewise, the secondary.
    """

    of: str
    start: datetime
    end: datetime
    primary: float | None
    secondary: float | None

    @property
    def comparable(self) -> bool:
        return bool(self.secondary)

    @property
    def lacking(self) -> bool:
        """Whether the primary received fewer than the secondary."""
        return self.comparable and (self.secondary or 0) - (self.primary or 0) > self._tolerated

    @property
    def late(self) -> bool:
        """Whether the primary received more."""
        return self.comparable and (self.primary or 0) - (self.secondary or 0) > self._tolerated

    @property
    def _tolerated(self) -> float:
        return max(_TOLERATED_EVENTS, _TOLERATED_SHARE * (self.secondary or 0))


def hours(
    of: str,
    primary: Mapping[datetime, float],
    secondary: Mapping[datetime, float],
    now: datetime,
    length: timedelta = timedelta(hours=1),
) -> list[Hour]:
    """Every hour from the first for which there is a count to the last that CloudWatch has counted.

    Args:
        of: What is counted.
        primary: By beginning of the hour, how many the primary received; none for an hour without a count.
        secondary: Likewise, the secondary.
        now: Up to when.
        length: Of a data point.
    """
    at, found = min([*primary, *secondary], default=now), []
    while at + length + SETTLED <= now:
        found.append(Hour(of, at, at + length, primary.get(at), secondary.get(at)))
        at += length
    return found


def lacking(received: Iterable[Hour]) -> list[Hour]:
    """The hours in which the primary may lack something that the secondary has.

    Those in which it received more, between two in which it received fewer, are among them: what came late hides how
    many of such an hour did not come. After the last of them what came late is of the hour itself, or known to lack.
    """
    found: list[Hour] = []
    late: list[Hour] = []
    for hour in sorted(received, key=lambda hour: (hour.of, hour.start)):
        before = [*found, *late][-1:]
        if not before or (before[0].of, before[0].end) != (hour.of, hour.start):
            late.clear()
        elif hour.late:
            late.append(hour)
            continue
        if hour.lacking:
            found += [*late, hour]
        late.clear()
    return found


def explained(received: Sequence[Hour], planned: Iterable[tuple[datetime, datetime]]) -> list[str]:
    """What the comparison found of what is planned, and what it could not see, each in a line."""
    windows, notes = list(planned), []
    for of in (PROBES, BATCHES):
        of_kind = [hour for hour in received if hour.of == of]
        fewer = [h for h in lacking(of_kind) if any(start < h.end and end > h.start for start, end in windows)]
        if fewer:
            primary, secondary = (sum(getattr(hour, name) or 0 for hour in fewer) for name in ("primary", "secondary"))
            notes.append(
                f"{_span(fewer)} the primary received {primary:,.0f} {of} and the secondary {secondary:,.0f}: "
                "counts do not show which came late and which never"
            )
        unknown = [hour for hour in of_kind if not hour.comparable]
        if unknown:
            notes.append(
                f"{_span(unknown)} both Regions cannot be compared by {of}: CloudWatch counted none in the secondary"
            )
    if received and not any(hour.of == BATCHES for hour in received):
        notes.append("the secondary has no rule that counts signals: both Regions are compared by probes alone")
    return notes


def _span(some: Sequence[Hour]) -> str:
    start, end = some[0].start, some[-1].end
    whole = all(one.end == other.start for one, other in pairwise(some))
    length = sum(((hour.end - hour.start) for hour in some), timedelta()) / timedelta(hours=1)
    within = "" if whole else f"in {length:,.0f} hours "
    return f"{within}from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
