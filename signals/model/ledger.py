"""What became of every signal of a drill or of the model: acknowledged, in the lake, or dropped, and why."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from signals.model.report import DrillVerdict, Lane, Moment, MomentKind, Part, Role, buckets


@dataclass(frozen=True)
class Drop:
    """The end of one copy of a signal.

    Args:
        why: A sentence.
        at_s: When (s).
        limit_s: The documented limit of the platform that was exceeded, such as an archive's retention (s); None:
            nothing excuses it.
        failing: What was failing then or, where a limit ended it, at any time since the signal was acknowledged.
    """

    why: str
    at_s: float
    limit_s: float | None = None
    failing: tuple[str, ...] = ()


@dataclass
class Ledger:
    """Accounts by signal id; times in seconds since the start.

    Args:
        sent: When a client first had the signal.
        acknowledged: When it was acknowledged, and by which Region.
        refusals: When a client was told to send again, and how many signals.
        lake: When each copy reached the lake.
        reached: By consumer, the signals that it has processed, or read from its queue.
        dropped: Copies that were dropped.
        counts: How often else something happened.
        moments: The timeline.
        strayed_s: The oldest connection (s) over which a function still published to the Region that the endpoint had
            left; signals follow the routing within that time.
    """

    sent: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, tuple[float, str]] = field(default_factory=dict)
    refusals: list[tuple[float, int]] = field(default_factory=list)
    lake: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    reached: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    dropped: dict[str, list[Drop]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    moments: list[Moment] = field(default_factory=list)
    strayed_s: float = 0.0

    def drop(self, text: str, copy: Drop) -> None:
        """Record that a copy of the signals in `text` was dropped."""
        self.counts[copy.why] += 1
        for identity in ids_in(text):
            self.dropped[identity].append(copy)

    def failing(self, identity: str) -> tuple[str, ...]:
        """What was failing when the copies of a signal were dropped."""
        return tuple(sorted({thing for copy in self.dropped.get(identity, ()) for thing in copy.failing}))

    def deliver(self, text: str, now_s: float) -> None:
        """Record a line in the lake."""
        for identity in ids_in(text):
            self.lake[identity].append(now_s)

    def reach(self, consumer: str, text: str) -> None:
        """Record that a consumer has the signals in `text`."""
        self.reached[consumer].update(ids_in(text))

    def note(self, now_s: float, text: str, kind: MomentKind = "step") -> None:
        """Put a sentence on the timeline."""
        self.moments.append(Moment(now_s, text, kind))

    @property
    def lost(self) -> list[str]:
        """Ids of signals that were acknowledged and are not in the lake."""
        return [identity for identity in self.acknowledged if identity not in self.lake]

    @property
    def duplicates(self) -> int:
        """Copies in the lake beyond the first of each signal."""
        return sum(len(times) - 1 for times in self.lake.values())

    def verdict(self, *, weight: float = 1.0, **details: Any) -> DrillVerdict:
        """The counts, each signal standing for `weight`; `details` are further fields of the verdict."""
        return DrillVerdict(
            sent=round(len(self.sent) * weight),
            acknowledged=round(len(self.acknowledged) * weight),
            delivered=round((len(self.acknowledged) - len(self.lost)) * weight),
            duplicates=round(self.duplicates * weight),
            **details,
        )

    def lanes(
        self, entered: Collection[tuple[float, str]], regions: tuple[str, str], duration_s: float
    ) -> tuple[Lane, ...]:
        """Count the signals of each second at the client, at the buses and at the lake.

        Args:
            entered: When (s) a signal entered a bus, and in which Region, as far as archives show.
            regions: The primary and the secondary.
            duration_s: Length of the drill.
        """

        def lane(title: str, *parts: tuple[str, Role, Iterable[float]]) -> Lane:
            counted = ((name, role, buckets(times, bucket_s=1.0, duration_s=duration_s)) for name, role, times in parts)
            return Lane(title, tuple(Part(*part) for part in counted))

        primary, secondary = regions
        told = self.acknowledged.values()
        found = [
            lane(
                "responses to clients",
                (f"accepted by {primary}", "primary", [at for at, by in told if by == primary]),
                (f"accepted by {secondary}", "secondary", [at for at, by in told if by != primary]),
                ("refused, sent again", "bad", [at for at, number in self.refusals for _ in range(number)]),
            )
        ]
        if entered:
            at_primary = [at for at, by in entered if by == primary]
            at_secondary = [at for at, by in entered if by == secondary]
            title = "which Region's bus received them"
            found.append(lane(title, (primary, "primary", at_primary), (secondary, "secondary", at_secondary)))
        copies = [sorted(times) for times in self.lake.values()]
        first, again = [times[0] for times in copies], [at for times in copies for at in times[1:]]
        return (*found, lane("what reached the lake", ("first", "good", first), ("again", "again", again)))


@lru_cache(maxsize=65_536)
def ids_in(text: str) -> tuple[str, ...]:
    """Ids of the signals in a batch, an event, a failed invocation or a signal, given as JSON."""
    try:
        return tuple(_ids(orjson.loads(text)))
    except orjson.JSONDecodeError:
        return ()


def _ids(value: Any) -> Iterable[str]:
    if not isinstance(value, dict):
        return
    if isinstance(value.get("signals"), list):
        for signal in value["signals"]:
            yield from _ids(signal)
    elif isinstance(value.get("detail"), dict):
        yield from _ids(value["detail"])
    elif isinstance(value.get("requestPayload"), dict):
        yield from _ids(value["requestPayload"])
    elif "specversion" in value and isinstance(value.get("id"), str):
        yield value["id"]
