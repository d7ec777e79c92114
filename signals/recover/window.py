"""What a replay has to cover, from what AWS shows of the past: no clients here, so that the model runs this very code.

Every outage is replayed whole, though replication delivers most of it, or all. How EventBridge spreads its retries over
"24 hours and up to 185 times" is not published (User Guide, "Event retry policy": 185 tries may be over after 3 hours),
whether it could deliver after the outage no metric shows, and counts cannot tell a second copy from another signal.
What is delivered twice carries the same ids. For the same reason hours in which the primary received fewer events than
the secondary are added to the outages that alarms show, and none is taken away where the counts are equal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signals.recover.comparison import Hour, explained, lacking

Interval = tuple[datetime, datetime]
# An alarm's state: from when, and until when; None: still.
Period = tuple[datetime, datetime | None]

# The first signals of an outage carry a slightly earlier time than the first data point that breaches, and an hour
# whose counts are as good as equal may hold the beginning of what the next one lacks.
_LEAD = timedelta(minutes=5)
# After an alarm has ended, the endpoint takes minutes to move, and publishers' connections a minute more.
_TAIL = timedelta(minutes=10)
# An event that is given up on came in at most so long ago: EventBridge's 24 hours of tries, and then Lambda's 6.
_TRIED = timedelta(hours=30)


@dataclass(frozen=True)
class Outage:
    """When the primary did not take what replication brought, `end` being now while it is `ongoing`."""

    start: datetime
    end: datetime
    ongoing: bool
    found_by: str

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Evidence:
    """What is known of the past.

    Args:
        now: When this was read.
        retention: How long the archive keeps events; None: for ever.
        alarm: When the alarm on the primary's latency was in ALARM.
        alarm_delay: For how long the metric breaches before the alarm says so.
        failovers: From when to when somebody held the endpoint failed over.
        missed: When no probe arrived in the primary.
        missed_too: When none arrived in the secondary either: then none was sent, or none entered.
        probe_delay: How long probes are missed before the alarm says so.
        undelivered: When events were given up on that a dead-letter queue or failure destination could not take.
        received: What both Regions received, hour by hour.
        replayed: Windows of completed replays into the return path, as far as the archive was complete when they began;
            none that began before something was undelivered, which may have been of that replay.
        given: The outage as somebody tells it; nothing else counts then.
    """

    now: datetime
    retention: timedelta | None
    alarm: Sequence[Period] = ()
    alarm_delay: timedelta = timedelta(minutes=5)
    failovers: Sequence[Period] = ()
    missed: Sequence[Period] = ()
    missed_too: Sequence[Period] = ()
    probe_delay: timedelta = timedelta(minutes=5)
    undelivered: Sequence[Interval] = ()
    received: Sequence[Hour] = ()
    replayed: Sequence[Interval] = ()
    given: Outage | None = None


@dataclass(frozen=True)
class Windows:
    """What has to be replayed: nothing where `windows` is empty.

    Args:
        outage: From the first outage that is not made good to the end of the last; the last of all where each is.
        windows: Whole minutes (UTC), in order and apart.
        notes: Why.
    """

    outage: Outage
    windows: tuple[Interval, ...]
    notes: tuple[str, ...]


def windows(evidence: Evidence, *, whole: bool = False) -> Windows | None:
    """What has to be replayed; None when no outage is known.

    Args:
        evidence: What is known.
        whole: Replay again what completed replays cover.
    """
    outages = [evidence.given] if evidence.given else _outages(evidence)
    if not outages:
        return None
    kept_since = _floor(evidence.now - evidence.retention) if evidence.retention else None
    wanted: list[Outage] = []
    found: list[Interval] = []
    notes: list[str] = []
    for outage in outages:
        left = _without((_floor(outage.start), _ceil(outage.end)), () if whole else evidence.replayed)
        if not left:
            notes.append(f"completed replays cover {outage}")
        if kept_since and left and left[0][0] < kept_since:
            notes.append(
                f"LOST: what came in from {left[0][0]:%Y-%m-%d %H:%M} to {kept_since:%Y-%m-%d %H:%M} is no longer in "
                "the archive, and gone unless it was replicated: see archive.retention_days"
            )
            left = [(max(start, kept_since), end) for start, end in left if end > kept_since]
        if left:
            wanted.append(outage)
            found += left
    if found:
        notes.append("no metric shows what replication delivered: it comes twice, with the same ids")
    concerned = wanted or outages[-1:]
    if concerned[-1].ongoing:
        notes.append("the outage has not ended: plan again when it has, to replay the rest")
    merged = tuple(_merged(found))
    notes = explained(evidence.received, merged) + notes
    notes += [
        f"no probe arrived in the secondary from {gap:%Y-%m-%d %H:%M} on: its archive may have missed events then"
        for gap, end in evidence.missed_too
        if any(gap < until and (end or evidence.now) > since for since, until in merged)
    ]
    by = " and ".join(dict.fromkeys(outage.found_by for outage in concerned))
    return Windows(Outage(concerned[0].start, concerned[-1].end, concerned[-1].ongoing, by), merged, tuple(notes))


def _outages(evidence: Evidence) -> list[Outage]:
    """Every outage that is known, in order; those that overlap are one."""
    now = evidence.now
    neither = [(start, end or now) for start, end in evidence.missed_too]
    missed = [
        (start, end if end < now else None)
        for period in evidence.missed
        for start, end in _without((period[0], period[1] or now), neither)
    ]
    spells = [
        Outage(start - _LEAD - delay, min((end or now) + _TAIL, now), end is None, by)
        for periods, delay, by in (
            (evidence.alarm, evidence.alarm_delay, "the latency alarm's history"),
            (missed, evidence.probe_delay, "probes that did not arrive in the primary"),
            (evidence.failovers, timedelta(), "`signals failover` on this machine"),
        )
        for start, end in periods
    ]
    by = "events that no dead-letter queue could take"
    spells += [Outage(start - _TRIED, min(end, now), False, by) for start, end in evidence.undelivered]
    by = "hours in which the primary received fewer than the secondary"
    spells += [Outage(h.start - _LEAD, min(h.end + _TAIL, now), False, by) for h in lacking(evidence.received)]
    found: list[Outage] = []
    for spell in sorted(spells, key=lambda spell: spell.start):
        if found and spell.start <= found[-1].end:
            last = found[-1]
            by = last.found_by if spell.found_by in last.found_by else f"{last.found_by} and {spell.found_by}"
            found[-1] = Outage(last.start, max(last.end, spell.end), last.ongoing or spell.ongoing, by)
        else:
            found.append(spell)
    return found


def _without(window: Interval, covered: Iterable[Interval]) -> list[Interval]:
    """What of a window others do not cover, in order."""
    left, (at, end) = [], window
    for start, until in sorted(covered):
        if start > at:
            left.append((at, min(start, end)))
        at = max(at, until)
        if at >= end:
            break
    return [(since, until) for since, until in [*left, (at, end)] if since < until]


def _merged(windows: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for start, end in sorted(windows):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _floor(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _ceil(at: datetime) -> datetime:
    return _floor(at + timedelta(seconds=59, microseconds=999_999))
