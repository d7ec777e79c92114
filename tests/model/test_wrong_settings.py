"""The proof can fail: one wrong setting at a time, and the model reports what AWS would do with it.

Each test changes one thing in a copy of the recorded stack, or one collaborator of the functions, and compares with the
unchanged stack in the same outage.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from components.resource_types import (
    ALARM,
    ARCHIVE,
    ASYNC_CONFIG,
    BUS,
    ENDPOINT,
    HEALTH_CHECK,
    MAPPING,
    PERMISSION,
    QUEUE,
    QUEUE_POLICY,
    ROLE,
    ROLE_POLICY,
    RULE,
    SCHEDULE,
    TARGET,
)
from handlers.shared.packing import Entry
from handlers.shared.senders import EventPublisher
from signals.model.blueprint import CannotDeployError, read
from signals.model.clock import HOUR_S, MINUTE_S
from signals.model.code import Collaborators
from signals.model.faults import Fault, FaultKind
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.model.run import reasons
from signals.recording.resources import Recording
from tests.model.support import PRIMARY, SECONDARY, changed, hours, plan, platform_of, policy_without, recorded, without

ENRICHMENT = f"processing-{PRIMARY}-enrichment"


def out(kind: FaultKind, first: float, last: float, region: str = PRIMARY, **more: Any) -> Fault:
    """A fault from one hour to another."""
    return Fault(kind, region, first * HOUR_S + 30, last * HOUR_S + 30, **more)


def through(
    recording: Recording | None, faults: Sequence[Fault], sent_s: Sequence[float], *, replay: bool = False, **more: Any
) -> Platform:
    """Run the outage and the documented procedure, with the replay if asked for."""
    platform = platform_of(recording, faults, sent_s=sent_s, **more)
    end_s = max([fault.end_s for fault in faults] + list(sent_s))
    Operator(platform).recover(end_s, replay=replay)
    return platform


def lost(platform: Platform) -> int:
    return len(platform.ledger.lost)


def test_without_replication_even_a_short_outage_leaves_signals_in_the_secondary() -> None:
    off = changed(ENDPOINT, "ingress-endpoint", lambda i: i.update(replicationConfig={"state": "DISABLED"}))
    outage = [out(FaultKind.EVENTBRIDGE, 1, 4)], hours(0.5, 5, 60)
    assert lost(through(None, *outage)) == 0
    assert lost(through(off, *outage)) > 30


def test_an_archive_of_one_day_loses_the_start_of_a_longer_outage_and_says_so() -> None:
    short = changed(ARCHIVE, f"ingress-archive-{SECONDARY}", lambda i: i.update(retentionDays=1))
    outage = [out(FaultKind.EVENTBRIDGE, 1, 31)], hours(0.5, 32, 90)
    assert lost(through(None, *outage, replay=True)) == 0
    platform = through(short, *outage, replay=True)
    assert lost(platform) > 10
    assert set(reasons(platform)) == {f"the archive in {SECONDARY} keeps 1 days"}


def test_without_a_heartbeat_a_quiet_night_looks_like_an_outage() -> None:
    silent = without((SCHEDULE, "heartbeat-schedule"))
    night = hours(0.1, 0.5, 20) + hours(8, 9, 20)
    assert through(None, [], night).ledger.counts[f"routed to {SECONDARY}"] == 0
    assert through(silent, [], night).ledger.counts[f"routed to {SECONDARY}"] > 0


def test_an_alarm_with_a_dimension_never_has_data_and_sends_everything_to_the_secondary() -> None:
    narrow = changed(ALARM, "failover-alarm", lambda i: i.update(dimensions={"EventBusName": "signals-prod-ingress"}))
    assert through(None, [], hours(1, 2, 9)).failover.active == PRIMARY
    assert through(narrow, [], hours(1, 2, 9)).failover.active == SECONDARY


def test_a_retry_age_of_one_hour_turns_a_longer_hitch_into_dead_letters() -> None:
    def one_hour(inputs: dict[str, Any]) -> None:
        inputs["retryPolicy"]["maximumEventAgeInSeconds"] = 3_600

    hasty = changed(TARGET, f"{ENRICHMENT}-target", one_hour)
    outage = [out(FaultKind.LAMBDA_API, 1, 4, of="enrichment")], hours(0.5, 5, 40)
    assert through(None, *outage).ledger.counts["dead letters"] == 0
    assert through(hasty, *outage).ledger.counts["dead letters"] > 10


def test_without_a_return_path_a_replay_reaches_nobody() -> None:
    no_way_back = without((RULE, "return-subscription-rule"))
    outage = [out(FaultKind.EVENTBRIDGE, 1, 31)], hours(0.5, 32, 90)
    assert lost(through(None, *outage, replay=True)) == 0
    platform = through(no_way_back, *outage, replay=True)
    assert lost(platform) > 10
    assert any("nothing can be replayed" in moment.text for moment in platform.ledger.moments)


def test_a_replay_without_filter_arns_may_be_replicated_as_well() -> None:
    # AWS does not say whether its managed rule takes replays; with FilterArns it does not matter.
    def copies(*, filtered: bool) -> int:
        inverted, sent_s = [out(FaultKind.INVERTED, 0.5, 3)], hours(1, 2, 20)
        platform = platform_of(None, inverted, sent_s=sent_s, managed_rule_ignores_replays=False)
        platform.clock.run(5 * HOUR_S)
        Operator(platform).replay(0, 3 * HOUR_S, filtered=filtered)
        platform.clock.run()
        return sum(map(len, platform.ledger.lake.values()))

    assert copies(filtered=True) == 2 * 20
    assert copies(filtered=False) == 3 * 20


def test_without_the_spool_clients_are_sent_away_until_the_endpoint_has_moved() -> None:
    outage = [out(FaultKind.EVENTBRIDGE, 1, 2)], hours(0.9, 1.5, 200)
    assert not through(None, *outage).ledger.refusals
    bare = through(None, *outage, collaborators=Collaborators(spools=False))
    assert bare.ledger.counts["answered 503"] > 10


class _Careless(EventPublisher):
    """Treats every answer with status 200 as success."""

    def _request(self, things: Sequence[Entry]) -> dict[int, Any]:
        failures = super()._request(things)
        return failures if len(failures) == len(things) > 1 else {}


def test_a_publisher_that_ignores_failed_entry_count_loses_what_failed() -> None:
    outage = [out(FaultKind.PARTIAL, 1, 3, rate=0.3)], hours(0.5, 4, 60)
    assert lost(through(None, *outage)) == 0
    assert lost(through(None, *outage, collaborators=Collaborators(publisher=_Careless))) > 5


def _policy(name: str, change: Any) -> Recording:
    return changed(ROLE_POLICY, name, lambda i: i.update(policy=json.dumps(change(json.loads(i["policy"])))))


def _only_primary(document: dict[str, Any]) -> dict[str, Any]:
    for statement in document["Statement"]:
        if statement["Action"] == "events:PutEvents":
            statement["Resource"] = [arn for arn in statement["Resource"] if SECONDARY not in arn]
    return document


def test_a_publisher_without_the_secondarys_bus_in_its_policy_spools_all_through_the_failover() -> None:
    half = _policy(f"api-{PRIMARY}-ingest-role-policy", _only_primary)
    outage = [out(FaultKind.EVENTBRIDGE, 1, 20)], hours(0.5, 21, 120)
    assert through(None, *outage).ledger.counts["AccessDeniedException"] == 0
    denied = through(half, *outage).ledger.counts
    assert denied["AccessDeniedException"] > 40
    assert denied["batches spooled"] > 40


def test_a_replication_role_without_the_primarys_bus_copies_nothing_back() -> None:
    def only_secondary(document: dict[str, Any]) -> dict[str, Any]:
        for statement in document["Statement"]:
            if statement["Action"] == "events:PutEvents":
                statement["Resource"] = [arn for arn in statement["Resource"] if PRIMARY not in arn]
        return document

    one_way = _policy("ingress-replication-policy", only_secondary)
    assert lost(through(one_way, [out(FaultKind.EVENTBRIDGE, 1, 4)], hours(0.5, 5, 60))) > 30


def test_two_buses_of_different_names_cannot_have_an_endpoint() -> None:
    other = changed(BUS, f"ingress-bus-{SECONDARY}", lambda i: i.update(name="signals-prod-ingress-east"))
    with pytest.raises(CannotDeployError, match="two event buses of one name"):
        read(other)


def test_a_dead_letter_queue_without_a_policy_takes_nothing() -> None:
    mute = without((QUEUE_POLICY, f"{ENRICHMENT}-dlq-policy"))
    outage = [out(FaultKind.LAMBDA_API, 1, 27, of="enrichment")], hours(0.5, 28, 60)
    assert lost(through(None, *outage)) == 0
    platform = through(mute, *outage)
    assert lost(platform) > 0
    assert any("the dead-letter queue refuses" in why for why in reasons(platform))


def test_a_spool_that_keeps_one_hour_loses_what_waits_longer_and_says_so() -> None:
    def one_hour(inputs: dict[str, Any]) -> None:
        inputs["messageRetentionSeconds"] = 3_600

    forgetful = changed(QUEUE, f"spool-{PRIMARY}-queue-queue", one_hour)
    outage = [out(FaultKind.EVENTBRIDGE, 1, 4), out(FaultKind.EVENTBRIDGE, 1, 4, SECONDARY)], hours(0.5, 5, 40)
    assert lost(through(None, *outage)) == 0
    platform = through(forgetful, *outage)
    assert lost(platform) > 5
    assert set(reasons(platform)) == {"signals-prod-spool keeps a message 3600 s"}


def test_an_enrichment_rule_that_ignores_replays_cannot_be_replayed_to() -> None:
    pattern = json.dumps({"source": [{"anything-but": ["signals.heartbeat"]}], "replay-name": [{"exists": False}]})
    deaf = changed(RULE, f"{ENRICHMENT}-rule", lambda i: i.update(eventPattern=pattern))

    def copies(recording: Recording | None) -> int:
        platform = platform_of(recording, sent_s=hours(1, 2, 20))
        platform.clock.run(5 * HOUR_S)
        (archive,) = platform.archives_of(PRIMARY, plan().endpoint.bus)
        rule = next(r.arn for r in plan().rules if r.region == PRIMARY and r.name == "signals-prod-enrichment")
        archive.start_replay("again", 0, 3 * HOUR_S, [rule])
        platform.clock.run()
        return sum(map(len, platform.ledger.lake.values()))

    assert (copies(None), copies(deaf)) == (40, 20)


def test_a_bus_chained_to_a_third_gets_nothing_of_what_was_replicated() -> None:
    account, third = plan().account, f"arn:aws:events:us-east-2:{plan().account}:event-bus/third"
    base = recorded()
    bus = base.resource(BUS, f"ingress-bus-{SECONDARY}")
    rule, target = base.resource(RULE, "return-subscription-rule"), base.resource(TARGET, "return-subscription-target")
    allowed = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": third}
    policy = replace(
        base.resource(ROLE_POLICY, "ingress-replication-policy"),
        name="chain",
        urn="chain-policy",
        inputs={"role": "chain", "policy": json.dumps({"Statement": [allowed]})},
    )
    role = base.resource(ROLE, "ingress-replication")
    role = replace(role, name="chain", urn="chain-role", inputs={**role.inputs, "name": "chain"})
    ours = json.dumps({"source": ["signals.ingest"]})
    chain = {**target.inputs, "rule": "chain", "arn": third, "roleArn": f"arn:aws:iam::{account}:role/chain"}
    added = (
        replace(bus, name="third", urn="third", region="us-east-2", inputs={"name": "third"}),
        replace(rule, name="chain", urn="chain", inputs={**rule.inputs, "name": "chain", "eventPattern": ours}),
        replace(target, name="chain", urn="chain-target", inputs=chain),
        policy,
        role,
    )
    chained = replace(base, all=(*base.all, *added))
    platform = through(chained, [out(FaultKind.INVERTED, 2, 3)], hours(1, 2, 20) + hours(2.1, 2.9, 20))
    assert lost(platform) == 0
    assert platform.ledger.counts["THIRD_REGION_HOP_DETECTED"] == 20  # all that came by replication


def test_a_function_without_a_failure_destination_loses_what_it_fails_on() -> None:
    nowhere = without((ASYNC_CONFIG, f"{ENRICHMENT}-async"))
    outage = [out(FaultKind.FUNCTION_ERRORS, 1, 3, of="enrichment")], hours(0.5, 4, 40)
    assert lost(through(None, *outage)) == 0
    platform = through(nowhere, *outage)
    assert lost(platform) > 10
    assert any("there is no on-failure destination" in why for why in reasons(platform))


def test_a_function_that_the_rule_may_not_invoke_gets_only_dead_letters() -> None:
    closed = without((PERMISSION, f"{ENRICHMENT}-invoked-by-ingress-rule"))
    platform = platform_of(closed, sent_s=hours(1, 2, 20))
    platform.clock.run(3 * HOUR_S)
    assert (len(platform.ledger.lake), platform.ledger.counts["dead letters"]) == (0, 20)


def test_a_mapping_without_partial_failures_deletes_what_could_not_be_published() -> None:
    blind = changed(MAPPING, f"spool-{PRIMARY}-mapping", lambda i: i.update(functionResponseTypes=[]))
    outage = [out(FaultKind.EVENTBRIDGE, 1, 2), out(FaultKind.EVENTBRIDGE, 1, 2, SECONDARY)], hours(0.5, 3, 40)
    assert lost(through(None, *outage)) == 0
    assert lost(through(blind, *outage)) > 5


def test_a_check_that_keeps_its_last_status_never_notices_that_there_is_no_data() -> None:
    lenient = changed(ALARM, "failover-alarm", lambda i: i.update(treatMissingData="missing"))
    lenient = changed(
        HEALTH_CHECK, "failover-check", lambda i: i.update(insufficientDataHealthStatus="LastKnownStatus"), lenient
    )
    outage = [out(FaultKind.EVENTBRIDGE, 1, 4)], hours(0.5, 5, 40)
    assert through(None, *outage).ledger.counts[f"routed to {SECONDARY}"] == 1
    assert through(lenient, *outage).ledger.counts[f"routed to {SECONDARY}"] == 0


def test_an_alarm_of_one_minute_fails_over_for_a_hiccup() -> None:
    nervous = changed(ALARM, "failover-alarm", lambda i: i.update(evaluationPeriods=1))
    outage = [Fault(FaultKind.STALLED, PRIMARY, HOUR_S, HOUR_S + 2 * MINUTE_S)], hours(0.5, 2, 20)
    assert through(None, *outage).ledger.counts[f"routed to {SECONDARY}"] == 0
    assert through(nervous, *outage).ledger.counts[f"routed to {SECONDARY}"] > 0


def test_a_check_left_inverted_keeps_everything_in_the_secondary() -> None:
    drilled = changed(HEALTH_CHECK, "failover-check", lambda i: i.update(invertHealthcheck=True))
    assert through(drilled, [], hours(1, 2, 9)).failover.active == SECONDARY


def test_a_spool_that_gives_up_after_three_receives_fills_its_dead_letter_queue() -> None:
    def three(inputs: dict[str, Any]) -> None:
        inputs["redrivePolicy"] = inputs["redrivePolicy"].replace('"maxReceiveCount": 240', '"maxReceiveCount": 3')

    impatient = changed(QUEUE, f"spool-{PRIMARY}-queue-queue", three)
    outage = [out(FaultKind.EVENTBRIDGE, 1, 2), out(FaultKind.EVENTBRIDGE, 1, 2, SECONDARY)], hours(0.5, 3, 40)
    assert through(None, *outage).ledger.counts["dead letters"] == 0
    assert through(impatient, *outage).ledger.counts["dead letters"] > 5


def test_a_return_queue_that_does_not_let_the_rule_send_sends_replays_to_dead_letters() -> None:
    def from_rules(statement: dict[str, Any]) -> bool:
        return statement.get("Sid") == "RulesSend"

    closed = changed(
        QUEUE_POLICY,
        "return-queue-policy",
        lambda i: i.update(policy=policy_without(i["policy"], statement=from_rules)),
    )
    outage = [out(FaultKind.EVENTBRIDGE, 1, 31)], hours(0.5, 32, 90)
    assert through(None, *outage, replay=True).ledger.counts["dead letters"] == 0
    assert through(closed, *outage, replay=True).ledger.counts["dead letters"] > 10


def test_a_return_path_through_the_endpoint_is_replicated_back_into_the_archive_it_came_from() -> None:
    endpoints = {plan().endpoint.bus: plan().endpoint.id}

    def through_endpoint(client: Any, *, bus_name: str, **more: Any) -> EventPublisher:
        """A publisher that never goes to the ingress bus but through the endpoint; only the return path's does."""
        return EventPublisher(client, bus_name=bus_name, **more | {"endpoint_id": endpoints.get(bus_name)})

    def archived(publisher: Callable[..., EventPublisher]) -> int:
        platform = platform_of(None, sent_s=hours(1, 2, 20), collaborators=Collaborators(publisher=publisher))
        platform.clock.run(5 * HOUR_S)
        Operator(platform).replay(0, 3 * HOUR_S)
        platform.clock.run()
        return len(platform.archives_of(SECONDARY, plan().endpoint.bus)[0].held())

    assert (archived(EventPublisher), archived(through_endpoint)) == (20, 40)
