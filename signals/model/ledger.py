"""What became of every signal: who was told yes, what is in the lake, and where copies perished and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson


@dataclass(frozen=True)
class Perished:
    """A copy of a signal that is no more.

    Args:
        where: What held it.
        why: A sentence.
        limit: Whether that is a documented limit of the platform (how long an archive or a queue keeps things).
    """

    where: str
    why: str
    limit: bool = False


@dataclass(frozen=True)
class Moment:
    """Something on the timeline: when (s), what kind of thing, and a sentence."""

    at_s: float
    kind: str
    text: str


@dataclass
class Ledger:
    """Accounts by signal id; times in seconds."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    unanswered: Counter[str] = field(default_factory=Counter)
    lake: Counter[str] = field(default_factory=Counter)
    arrived: dict[str, float] = field(default_factory=dict)
    perished: dict[str, list[Perished]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    moments: list[Moment] = field(default_factory=list)

    def perish(self, text: str, what: Perished) -> None:
        """Account for a copy that is no more."""
        self.counts[what.why] += 1
        for identity in ids_in(text):
            self.perished[identity].append(what)

    def deliver(self, text: str, now_s: float) -> None:
        """Account for a line in the lake."""
        for identity in ids_in(text):
            self.lake[identity] += 1
            self.arrived.setdefault(identity, now_s)

    def say(self, now_s: float, kind: str, text: str) -> None:
        """Put something on the timeline."""
        self.moments.append(Moment(now_s, kind, text))

    @property
    def lost(self) -> list[str]:
        """Ids of signals that were acknowledged and are not in the lake."""
        return [identity for identity in self.acknowledged if identity not in self.lake]

    @property
    def duplicates(self) -> int:
        return self.lake.total() - len(self.lake)


@lru_cache(maxsize=65_536)
def ids_in(text: str) -> tuple[str, ...]:
    """Ids of the signals in anything that holds some: a batch, an event, a failed invocation, a signal."""
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
