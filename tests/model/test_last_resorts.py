"""A primary that never returns, and an archive that missed events: what docs/runbook.md says of them."""

import json
from functools import cache, partial
from typing import Any

import pytest

from components import resource_types as types
from signals.model.blueprint import Blueprint, read
from signals.model.bus import SimulatedArchive
from signals.model.clock import DAY_S, HOUR_S
from signals.model.faults import Fault, FaultKind
from signals.model.ledger import ids_in
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.recording.record import record
from signals.recording.resources import Recording
from signals.stack_files import stack_settings
from tests.model.support import PRIMARY, SECONDARY, changed, hours, platform_of

GONE_S, NEVER_S = 1 * HOUR_S, 300 * DAY_S
THIRD = "us-east-2"
CUT = FaultKind.REPLICATION
ENDED = [FaultKind.EVENTBRIDGE, FaultKind.API, FaultKind.SQS, FaultKind.LAMBDA_API]


@cache
def moved() -> Blueprint:
    """The stack with the former secondary as its primary, and another Region beside it."""
    topics = {region: f"arn:aws:sns:{region}:444455556666:signals-prod-alarms" for region in (SECONDARY, THIRD)}
    regions = {"primary": SECONDARY, "secondary": THIRD}
    return read(record("prod", {**stack_settings("prod"), "regions": regions, "alarm_topics": topics}))


@cache
def in_both_regions() -> Recording:
    """The stack with every consumer in both Regions."""
    settings = stack_settings("prod")
    consumers = [{**consumer, "mode": "active-active"} for consumer in settings["consumers"]]
    return record("prod", {**settings, "consumers": consumers})


def taking_replays(recording: Recording) -> Recording:
    """After `aws events put-rule` has taken the condition on replays from enrichment's rule in the secondary."""

    def change(inputs: dict[str, Any]) -> None:
        pattern = json.loads(inputs["eventPattern"])
        assert pattern.pop("replay-name") == [{"exists": False}]
        inputs["eventPattern"] = json.dumps(pattern)

    rules = [rule for rule in recording.resources(types.RULE) if rule.region == SECONDARY]
    [rule] = [rule for rule in rules if rule.inputs["name"].endswith("enrichment")]
    return changed(types.RULE, rule.name, change, recording)


def with_the_archive_of(before: Platform, blueprint: Blueprint) -> Platform:
    """A platform whose archive in the secondary holds what that of another does."""
    after = Platform(blueprint)
    for event in archive_in(before, SECONDARY).held():
        after.clock.at(event.time_s, partial(archive_in(after, SECONDARY).keep, event))
    return after


def archive_in(platform: Platform, region: str) -> SimulatedArchive:
    return next(archive for archive in platform.archives if archive.plan.region == region)


def archived(platform: Platform, region: str) -> set[str]:
    return {identity for event in archive_in(platform, region).held() for identity in ids_in(event.detail)}


def replay_to_enrichment(platform: Platform, region: str, start_s: float, end_s: float) -> None:
    """`aws events start-replay` of a Region's own archive, for the rule of enrichment alone."""
    bus = platform.blueprint.endpoint.bus
    rules = [rule for rule in platform.blueprint.rules_on(region, bus) if rule.name.endswith("enrichment")]
    archive_in(platform, region).start_replay("by-hand", start_s, end_s, [rule.arn for rule in rules])


@cache
def without_the_primary() -> Platform:
    """Nine hours of signals after the primary has gone for ever, and one before."""
    faults = [Fault(kind, PRIMARY, GONE_S, NEVER_S) for kind in ENDED]
    platform = platform_of(None, faults, sent_s=hours(0.01, 10, 200))
    platform.clock.run(11 * HOUR_S)
    return platform


def test_what_is_sent_after_the_primary_has_gone_is_in_the_secondarys_archive_and_with_consumers_of_both() -> None:
    platform = without_the_primary()
    ledger = platform.ledger
    later = {identity for identity, (at, _) in ledger.acknowledged.items() if at >= GONE_S}
    assert len(later) > 170
    # What ingress in the primary could not hand over by then waits in its spool, with the Region.
    assert later <= archived(platform, SECONDARY)
    assert later <= set(ledger.reached["signals-prod-profile"])
    assert not later & ledger.lake.keys()


@pytest.mark.parametrize("back_s", [10 * DAY_S, 15 * DAY_S])
def test_what_only_the_primarys_spool_took_comes_if_the_region_returns_within_14_days(back_s: float) -> None:
    faults = [Fault(kind, PRIMARY, GONE_S + 180 * (kind != FaultKind.EVENTBRIDGE), back_s) for kind in ENDED]
    platform = platform_of(None, faults, sent_s=[GONE_S + 10 * number for number in range(60)])
    platform.clock.run(2 * HOUR_S)
    spools = [q for q in platform.queues.values() if "spool" in q.plan.name and q.plan.region == PRIMARY]
    spooled = {identity for queue in spools for message in queue.waiting() for identity in ids_in(message.body)}
    assert spooled
    assert platform.ledger.acknowledged.keys() - archived(platform, SECONDARY) == spooled
    platform.clock.run(20 * DAY_S)
    assert (spooled <= platform.ledger.lake.keys()) is (back_s < 14 * DAY_S)


def test_consumers_in_both_regions_need_no_primary() -> None:
    faults = [Fault(kind, PRIMARY, GONE_S, NEVER_S) for kind in ENDED]
    platform = platform_of(in_both_regions(), faults, sent_s=hours(1.2, 10, 60))
    platform.clock.run(3 * DAY_S)
    ledger = platform.ledger
    assert len(ledger.acknowledged) == 60
    assert ledger.acknowledged.keys() == ledger.lake.keys() == ledger.reached["signals-prod-profile"]
    assert ledger.reached["signals-prod-orders"]


@pytest.mark.parametrize("taken", [True, False])
def test_the_secondary_processes_what_its_archive_kept_once_its_rule_takes_replays(taken: bool) -> None:
    before, recording = without_the_primary(), in_both_regions()
    after = with_the_archive_of(before, read(taking_replays(recording) if taken else recording))
    after.clock.run(12 * HOUR_S)
    replay_to_enrichment(after, SECONDARY, 0, 11 * HOUR_S)
    after.clock.run(3 * DAY_S)
    assert after.ledger.lake.keys() == (archived(before, SECONDARY) if taken else set())


def test_the_secondary_as_the_home_processes_what_its_archive_kept() -> None:
    before = without_the_primary()
    after = with_the_archive_of(before, moved())
    after.clock.run(12 * HOUR_S)
    replay_to_enrichment(after, SECONDARY, 0, 11 * HOUR_S)
    after.clock.run(2 * DAY_S)
    kept = archived(before, SECONDARY)
    assert before.ledger.acknowledged.keys() <= kept == after.ledger.lake.keys()
    assert after.ledger.reached["signals-prod-orders"]


def test_after_the_archives_retention_nothing_is_left_to_replay() -> None:
    after = with_the_archive_of(without_the_primary(), moved())
    after.clock.run(31 * DAY_S)
    replay_to_enrichment(after, SECONDARY, 0, 11 * HOUR_S)
    after.clock.run(32 * DAY_S)
    assert not after.ledger.lake


def missed(kind: FaultKind = CUT, region: str = PRIMARY, *, failing: bool = True) -> Platform:
    """No copy comes into the secondary for 30 hours, in which enrichment may fail too."""
    faults = [Fault(kind, region, 1 * HOUR_S, 31 * HOUR_S)]
    if failing:
        faults.append(Fault(FaultKind.FUNCTION_ERRORS, PRIMARY, 2 * HOUR_S, 4 * HOUR_S, of="enrichment"))
    platform = platform_of(None, faults, sent_s=hours(0.01, 5, 100), longest_pause_s=60.0)
    platform.clock.run(32 * HOUR_S)
    return platform


def purge(platform: Platform) -> int:
    """Purge where enrichment's failures are."""
    queues = [queue for queue in platform.queues.values() if "enrichment" in queue.plan.name]
    found = sum(len(queue.messages) for queue in queues)
    for queue in queues:
        queue.messages.clear()
    return found


@pytest.mark.parametrize(("kind", "region"), [(CUT, PRIMARY), (FaultKind.BUS_MISSING, SECONDARY)])
def test_an_archive_that_missed_events_loses_nothing_by_itself(kind: FaultKind, region: str) -> None:
    platform = missed(kind, region, failing=False)
    assert len(archived(platform, SECONDARY)) < 60
    assert platform.ledger.lost == []


def test_what_failed_meanwhile_is_in_the_failure_queues() -> None:
    platform = missed()
    assert platform.ledger.lost
    Operator(platform).recover(31 * HOUR_S)
    assert platform.ledger.lost == []


@pytest.mark.parametrize("by_plan", [False, True])
def test_the_primarys_own_archive_has_what_the_secondarys_missed(by_plan: bool) -> None:
    platform = missed()
    assert purge(platform)
    if by_plan:  # which reads the secondary's archive
        Operator(platform).recover(32 * HOUR_S)
        assert platform.ledger.lost
        return
    replay_to_enrichment(platform, PRIMARY, 0, 6 * HOUR_S)
    platform.clock.run()
    assert platform.ledger.lost == []
