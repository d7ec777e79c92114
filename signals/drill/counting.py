"""What became of a drill's signals: each counted by its id at the client, in the archives and in the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from signals.drill.ground import Entered
from signals.drill.report import Lane, Part, Role, Verdict, buckets
from signals.drill.traffic import Traffic

MISSING_SHOWN = 20


class Outcome:
    """The counts of one drill.

    Args:
        traffic: The clients, and what they know.
        lake: Every copy in the lake, with the time it came there.
        archived: By Region, what its archive holds; None where that cannot be told.
    """

    def __init__(
        self,
        traffic: Traffic,
        lake: Sequence[tuple[str, datetime]],
        archived: Mapping[str, Sequence[Entered] | None],
    ) -> None:
        self._ledger, self._began = traffic.ledger, traffic.began
        self._acknowledged = traffic.acknowledged()
        self._lake = sorted(lake, key=lambda copy: copy[1])
        self._archived = archived

    def verdict(self) -> Verdict:
        """The numbers; times are the course's to add."""
        copies = Counter(identity for identity, _ in self._lake)
        known = self._acknowledged.keys()
        return Verdict(
            sent=len(self._ledger.sent),
            acknowledged=len(known),
            delivered=len(known & copies.keys()),
            duplicates=copies.total() - len(copies),
            archived={
                region: None if found is None else len({identity for identity, _, _ in found} & known)
                for region, found in self._archived.items()
            },
            missing=tuple(sorted(known - copies.keys())[:MISSING_SHOWN]),
        )

    def lanes(self, regions: tuple[str, str], duration_s: float) -> tuple[Lane, ...]:
        """Traffic over time: at the client, at the buses where an archive tells, and at the lake."""

        def part(name: str, role: Role, times: Iterable[float]) -> Part:
            return Part(name, role, buckets(times, bucket_s=1.0, duration_s=duration_s))

        primary, secondary = regions
        told = self._acknowledged.values()
        refused = [at for at, number in self._ledger.refusals for _ in range(number)]
        lanes = [
            Lane(
                "what clients were told",
                (
                    part(f"accepted by {primary}", "primary", [at for at, by in told if by == primary]),
                    part(f"accepted by {secondary}", "secondary", [at for at, by in told if by != primary]),
                    part("send it again", "bad", refused),
                ),
            )
        ]
        # A signal may be in both archives, and twice in one.
        entered = {copy for found in self._archived.values() if found for copy in found}
        if entered:
            at_bus = {region: [self._seconds(at) for _, at, by in entered if by == region] for region in regions}
            parts = (part(primary, "primary", at_bus[primary]), part(secondary, "secondary", at_bus[secondary]))
            lanes.append(Lane("which Region's bus took them in", parts))
        first, again = self._arrivals()
        lanes.append(Lane("what reached the lake", (part("first", "good", first), part("again", "again", again))))
        return tuple(lanes)

    def _arrivals(self) -> tuple[list[float], list[float]]:
        """Times of first copies, and of all further ones."""
        first: dict[str, float] = {}
        again = []
        for identity, at in self._lake:
            if identity in first:
                again.append(self._seconds(at))
            else:
                first[identity] = self._seconds(at)
        return list(first.values()), again

    def _seconds(self, at: datetime) -> float:
        return (at - self._began).total_seconds()
