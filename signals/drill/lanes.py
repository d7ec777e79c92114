"""A drill's traffic over time, at the client, at the buses and at the lake."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from signals.model.ledger import Ledger
from signals.model.report import Lane, Part, Role, buckets


def lanes(
    ledger: Ledger, entered: Collection[tuple[float, str]], regions: tuple[str, str], duration_s: float
) -> tuple[Lane, ...]:
    """Count the signals of each second, place by place.

    Args:
        ledger: What clients and the lake know.
        entered: When (s) a signal entered a bus, and in which Region, as far as archives show.
        regions: The primary and the secondary.
        duration_s: Length of the drill.
    """

    def part(name: str, role: Role, times: Iterable[float]) -> Part:
        return Part(name, role, buckets(times, bucket_s=1.0, duration_s=duration_s))

    primary, secondary = regions
    told = ledger.acknowledged.values()
    refused = [at for at, number in ledger.refusals for _ in range(number)]
    found = [
        Lane(
            "responses to clients",
            (
                part(f"accepted by {primary}", "primary", [at for at, by in told if by == primary]),
                part(f"accepted by {secondary}", "secondary", [at for at, by in told if by != primary]),
                part("refused, sent again", "bad", refused),
            ),
        )
    ]
    if entered:
        parts = (
            part(primary, "primary", [at for at, by in entered if by == primary]),
            part(secondary, "secondary", [at for at, by in entered if by == secondary]),
        )
        found.append(Lane("which Region's bus received them", parts))
    copies = [sorted(times) for times in ledger.lake.values()]
    first = part("first", "good", [times[0] for times in copies])
    again = part("again", "again", [at for times in copies for at in times[1:]])
    return (*found, Lane("what reached the lake", (first, again)))
