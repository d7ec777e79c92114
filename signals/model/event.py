"""An event on a bus, how a rule and a target see it, and the patterns that it matches (by moto)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

import orjson
from moto.events.models import EventPattern

from handlers.shared.times import timestamp
from signals.model.clock import EPOCH


@dataclass(frozen=True)
class Event:
    """One event.

    Args:
        id: EventBridge's own, another one for each copy.
        region: Where it came in first.
        bus: Name of its bus.
        time_s: When it came in; a copy and a replay keep it.
        through_endpoint: Whether it came in through the global endpoint, here.
        from_bus: Whether another bus sent it here: it is not forwarded to a third.
        replay: Name of the replay that delivers it.
        paced: Whether the return path sent it: its invocations are part of the flow of `capacity`, as it is paced.
    """

    id: str
    source: str
    detail_type: str
    detail: str
    account: str
    region: str
    bus: str
    time_s: float
    resources: tuple[str, ...] = ()
    through_endpoint: bool = False
    from_bus: bool = False
    replay: str | None = None
    paced: bool = False

    @cached_property
    def seen(self) -> Mapping[str, Any]:
        """The event as rules and functions see it."""
        seen = {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": timestamp(EPOCH + timedelta(seconds=self.time_s)),
            "region": self.region,
            "resources": list(self.resources),
            "detail": orjson.loads(self.detail),
        }
        return {**seen, "replay-name": self.replay} if self.replay else seen

    @cached_property
    def text(self) -> str:
        return orjson.dumps(self.seen).decode()


class Pattern:
    """A rule's or archive's event pattern; without one, everything matches."""

    def __init__(self, pattern: str | None) -> None:
        self._matcher = EventPattern.load(pattern)
        self._matches = lru_cache(maxsize=256)(self._match_outside)

    @cached_property
    def looks_inside(self) -> bool:
        """Whether it depends on anything but what is the same in many events, so that results cannot be cached."""
        return bool(self._matcher.get_pattern().keys() - {"source", "detail-type", "account", "region", "replay-name"})

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether an event, as a rule sees it, matches."""
        if self.looks_inside:
            return bool(self._matcher.matches_event(dict(event)))  # type: ignore[arg-type]
        return self._matches(
            event["source"], event["detail-type"], event["account"], event["region"], "replay-name" in event
        )

    def _match_outside(self, source: str, detail_type: str, account: str, region: str, replayed: bool) -> bool:
        event = {"source": source, "detail-type": detail_type, "account": account, "region": region}
        if replayed:
            event["replay-name"] = "replay"
        return bool(self._matcher.matches_event(event))  # type: ignore[arg-type]
