"""A replay's plan: what replication cannot have delivered, how much that is, and in which slices it is replayed."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from signals.errors import Failed, Misuse
from signals.observe import archives, lake
from signals.observe.archives import ArchiveWindow, archive_window
from signals.recover import storage
from signals.recover.live import account_quotas, in_words, mapping_rate, replay_speed
from signals.recover.outage import outage_windows
from signals.recover.window import Interval
from signals.stack import Stack

CONCURRENT = 10
_LONGEST_SLICE_MINUTES = 60
# USD; the first from one public source (aws-facts 6 calls it unsure), all of us-east-1 and us-west-2.
_PRICES = {"replay": 1.00e-6, "events in the primary": 1.00e-6, "queue": 1.2 * 0.40e-6}
_TRANSFER_PER_GB = 0.02
# One invocation of the return path's function: a request across the continent, and Lambda's own time (s).
_INVOCATION_S = 0.25
HEADROOM = 0.7  # of the quota; above it no slice is started


class Slice(BaseModel):
    """One replay. A slice ends in the second in which the next begins: its events may come twice."""

    model_config = ConfigDict(frozen=True)

    name: str
    start: datetime
    end: datetime


class Plan(BaseModel):
    """What `start` will do. `slices` is empty where completed replays cover every outage.

    Attributes:
        id: Name of the plan; the same window always makes the same plan and the same replays.
        start, end: Of what is replayed, the beginning and the end (UTC, whole minutes).
        windows: What is replayed; more than one where outages were apart.
        archives: By Region, what its archive holds of the window; the secondary's is replayed.
        duplicates: Signals of the window that are in the lake already; None where that cannot be told.
        drained_per_second: Events that the return path can bring to the primary each second.
        events_per_second: Events that come back each second beside what is live; None: see `feasible`.
        binding, limit: What allows no more, `return path` or a quota: its name, and the same in words.
        live_share: By quota, the share of it that is live; empty on a laptop.
        feasible: Whether what is live leaves anything of the quotas.
        ready_at: When the archive is complete for the window.
        backlog_limit: Messages in the return queue above which no further slice is started.
        invocations_quota: Of the primary's EventBridge (a second), where it is not AWS's default.
        put_events_limit: Requests a second in the primary above which none is started; None: unlimited.
        duration_s: At `events_per_second`; where nothing can come back beside what is live, by the return path alone.
        cost_usd: By item, up to the primary's bus; from there a signal costs what it always costs.
    """

    model_config = ConfigDict(frozen=True)

    stack: str
    id: str
    outage_start: datetime
    outage_end: datetime
    ongoing: bool
    found_by: str
    start: datetime
    end: datetime
    whole: bool
    windows: tuple[Interval, ...] = ()
    slices: tuple[Slice, ...]
    archives: dict[str, ArchiveWindow]
    duplicates: int | None
    signals: int | None
    drained_per_second: float
    backlog_limit: int
    put_events_limit: float | None
    invocations_quota: int | None = None
    ready_at: datetime
    duration_s: float
    events_per_second: float | None = None
    binding: str = "return path"
    limit: str = "return path"
    live_share: dict[str, float] = {}
    feasible: bool = True
    cost_usd: dict[str, float]
    notes: tuple[str, ...]

    @property
    def spans(self) -> tuple[Interval, ...]:
        """The windows; a plan that was saved before plans had several has one."""
        return self.windows or ((self.start, self.end),)

    @property
    def length(self) -> timedelta:
        """How much time is replayed."""
        return sum((end - start for start, end in self.spans), timedelta())

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def make_plan(
    stack: Stack,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    whole: bool = False,
    put_events_quota: int | None = None,
    invocations_quota: int | None = None,
) -> Plan:
    """Plan the replay after an outage, and save the plan.

    Args:
        stack: The stack.
        start: When the primary's outage began (with a time zone); none: every known outage that is not made good.
        end: When it ended; none: it is still going on.
        whole: Replay again what completed replays cover.
        put_events_quota: The primary's PutEvents quota (requests a second); none: AWS's default.
        invocations_quota: Its quota of invocations (a second), likewise.

    Raises:
        Misuse: When the end is not after the start.
        Failed: When no outage is known, or the stack has no archive.
    """
    found = outage_windows(stack, start, end, whole=whole)
    first, last = (found.windows[0][0], found.windows[-1][1]) if found.windows else (found.outage.start,) * 2
    counts = {region: _held(stack, region, found.windows) for region in stack.regions} if found.windows else {}
    held = {region: window for region, window in counts.items() if window}
    if found.windows and stack.secondary not in held:
        raise Failed(f"there is no archive {stack.names.archive} in {stack.secondary}: run `signals up` first")
    counted = held.get(stack.secondary) or ArchiveWindow(events=0, size_bytes=0, exact=True, how="nothing to replay")
    signals, duplicates = _seen(stack, found.windows) if held else (0, 0)
    rate = drain_rate(stack)
    quotas = account_quotas(stack, put_events=put_events_quota, invocations=invocations_quota)
    speed = replay_speed(
        stack,
        events=counted.events,
        size_bytes=counted.size_bytes,
        length=sum((end - start for start, end in found.windows), timedelta()),
        return_path=rate,
        quotas=quotas,
        ongoing=found.outage.ongoing,
    )
    feasible = speed.events_per_second > 0
    duration_s = counted.events / (speed.events_per_second or rate)
    quota, lag = put_events_quota or stack.aws.put_events_quota(stack.primary), stack.aws.archive_lag
    planned = Plan(
        stack=stack.name,
        id=f"{first:%Y%m%dT%H%M}-{last:%Y%m%dT%H%M}",
        outage_start=found.outage.start,
        outage_end=found.outage.end,
        ongoing=found.outage.ongoing,
        found_by=found.outage.found_by,
        start=first,
        end=last,
        whole=whole,
        windows=found.windows,
        slices=tuple(slices(stack.names.return_path, found.windows)),
        archives=held,
        duplicates=duplicates,
        signals=signals,
        drained_per_second=rate,
        backlog_limit=math.ceil(rate * 3_600),
        put_events_limit=quota * HEADROOM if quota else None,
        invocations_quota=invocations_quota,
        ready_at=last + lag if lag else found.outage.end,
        duration_s=duration_s,
        events_per_second=speed.events_per_second if feasible else None,
        binding=speed.binding,
        limit=in_words(speed.binding, quotas, stack.primary),
        live_share=dict(speed.live_share),
        feasible=feasible,
        cost_usd=_cost(counted),
        notes=(
            *found.notes,
            *_archives_check(stack, found.windows),
            *_outlived(stack, first, duration_s if feasible else None),
        ),
    )
    storage.save(stack, f"replay-{planned.id}", planned.as_json())
    return planned


def load_plan(stack: Stack, plan_id: str | None = None) -> Plan:
    """A plan that was made on this machine, by default the last one.

    Raises:
        Misuse: When nothing is planned, or there is no plan of that name.
    """
    names = storage.names(stack, "replay-")
    if not names:
        raise Misuse(
            f"no replay of stack {stack.name!r} is planned on this machine: run "
            f"`signals replay plan --stack {stack.name}` first"
        )
    name = f"replay-{plan_id}" if plan_id else names[0]
    if name not in names:
        known = ", ".join(each.removeprefix("replay-") for each in names)
        raise Misuse(f"there is no plan {plan_id!r}: choose one of {known}, or make one with `signals replay plan`")
    return Plan.model_validate(storage.load(stack, name))


def slices(prefix: str, windows: Sequence[Interval]) -> list[Slice]:
    """Windows in whole minutes, cut into ten slices, or into hours where ten would be longer."""
    minutes = math.ceil(sum((end - start for start, end in windows), timedelta()) / timedelta(minutes=1))
    length = timedelta(minutes=max(1, min(_LONGEST_SLICE_MINUTES, math.ceil(minutes / CONCURRENT))))
    found = []
    for start, end in windows:
        at = start
        while at < end:
            to = min(at + length, end)
            found.append(Slice(name=f"{prefix}-{at:%Y%m%dT%H%M}-{to:%Y%m%dT%H%M}", start=at, end=to))
            at = to
    return found


def _held(stack: Stack, region: str, windows: Sequence[Interval]) -> ArchiveWindow | None:
    """What a Region's archive holds of all windows together."""
    found = [archive_window(stack, region, start, end) for start, end in windows]
    parts = [part for part in found if part]
    if not parts:
        return None
    events, size = sum(part.events for part in parts), sum(part.size_bytes for part in parts)
    return parts[0].model_copy(update={"events": events, "size_bytes": size})


def _archives_check(stack: Stack, windows: Sequence[Interval]) -> list[str]:
    """Both archives' totals; nothing is planned or left out by them (User Guide, "Creating event archives")."""
    found = [archives.archive(stack, region) for region in stack.regions] if windows else []
    totals = [archive.get("EventCount", 0) for archive in found if archive]
    if len(totals) < 2:
        return []
    primary, secondary = totals
    counted = f"{primary:,} events are in the primary's archive and {secondary:,} in the secondary's"
    return [f"for a check: {counted}, by what AWS reconciles within a day"]


def _seen(stack: Stack, windows: Sequence[Interval]) -> tuple[int | None, int | None]:
    """Signals of the window, and those of them in the lake already; None where that cannot be told."""
    all_in_lake = any(consumer.kind == "lake" and not consumer.pattern for consumer in stack.settings.consumers)
    if not stack.aws.archives_readable or not all_in_lake:
        return None, None
    ids = archives.archived_signal_ids(archives.within(archives.archived_events(stack, stack.secondary), windows))
    return len(ids), len(ids & lake.lake_signal_ids(stack, windows[0][0]))


def drain_rate(stack: Stack) -> float:
    """Events a second from the return queue to the primary, by the mapping's settings."""
    rate = mapping_rate(stack, stack.secondary, stack.names.return_path)
    if rate is None:
        raise Failed(
            f"stack {stack.name!r} has no return path in {stack.secondary}: run `signals up --stack {stack.name}` first"
        )
    return rate


def _outlived(stack: Stack, first: datetime, duration_s: float | None) -> list[str]:
    """That the archive deletes the beginning of what is replayed before the end is."""
    left = first + timedelta(days=stack.settings.archive.retention_days) - datetime.now(UTC)
    if duration_s is None or duration_s <= left.total_seconds():
        return []
    days = stack.settings.archive.retention_days
    return [f"at this rate it does not end before the archive deletes what came in first: it keeps {days} days"]


def _cost(counted: ArchiveWindow) -> dict[str, float]:
    cost = {item: counted.events * price for item, price in _PRICES.items()}
    return {**cost, "transfer": counted.size_bytes / 1e9 * _TRANSFER_PER_GB}
