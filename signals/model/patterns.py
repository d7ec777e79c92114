"""Event patterns, matched by moto."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from moto.events.models import EventPattern


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
