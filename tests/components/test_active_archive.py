"""The active/archive pair, and aws-facts' rules for it."""

import json
from collections.abc import Callable
from typing import Any

from components.resource_types import ARCHIVE, BUCKET, BUS, ENDPOINT, QUEUE, ROLE, RULE, STREAM, TABLE, TARGET
from signals.recording.record import record
from signals.recording.resources import Recording
from tests.support.reading import publishers, referred, role_statements, statements


def test_both_ingress_buses_share_one_name(platform: Recording) -> None:
    buses = platform.resources(BUS, component="ActiveArchivePair")
    assert len({b.inputs["name"] for b in buses}) == 1
    assert {b.region for b in buses} == {"us-west-2", "us-east-1"}


def test_the_endpoint_replicates_between_the_two_and_fails_over_by_the_check(platform: Recording) -> None:
    (endpoint,) = platform.resources(ENDPOINT)
    assert endpoint.region == "us-west-2"
    buses = [referred(platform, bus["eventBusArn"]).name for bus in endpoint.inputs["eventBuses"]]
    assert buses == ["ingress-bus-us-west-2", "ingress-bus-us-east-1"]
    assert endpoint.inputs["replicationConfig"] == {"state": "ENABLED"}
    failover = endpoint.inputs["routingConfig"]["failoverConfig"]
    assert referred(platform, failover["primary"]["healthCheck"]).name == "failover-check"
    assert failover["primary"]["healthCheck"].endswith("#arn>>")
    assert failover["secondary"] == {"route": "us-east-1"}


def test_the_replication_role_may_do_what_aws_lists_and_no_more(prod: Recording) -> None:
    rules, put, pass_itself = role_statements(prod, "ingress-replication")
    assert sorted(rules["Action"]) == [
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
    ]
    assert rules["Resource"] == ["arn:aws:events:*:444455556666:rule/signals-prod-ingress/GlobalEndpointManagedRule-*"]
    assert put["Action"] == ["events:PutEvents"]
    assert [referred(prod, arn).region for arn in put["Resource"]] == ["us-west-2", "us-east-1"]
    role = prod.resource(ROLE, "ingress-replication")
    assert pass_itself["Action"] == ["iam:PassRole"]
    assert pass_itself["Resource"] == [f"arn:aws:iam::444455556666:role/{role.inputs['name']}"]
    assert pass_itself["Condition"] == {"StringLike": {"iam:PassedToService": "events.amazonaws.com"}}
    (trust,) = statements(role.inputs["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}


def test_the_endpoint_waits_for_its_roles_policy(platform: Recording) -> None:
    (endpoint,) = platform.resources(ENDPOINT)
    assert any(urn.endswith("ingress-replication-policy") for urn in endpoint.dependencies.explicit)


def test_the_secondarys_archive_keeps_all_but_signs_of_life_for_the_set_days(prod: Recording, dev: Recording) -> None:
    for recording, days in ((prod, 30), (dev, 3)):
        archive = recording.resource(ARCHIVE, "ingress-archive-us-east-1")
        assert archive.inputs["retentionDays"] == days
        assert json.loads(archive.inputs["eventPattern"]) == {
            "source": [{"anything-but": ["signals.heartbeat", "signals.probe"]}]
        }
        assert referred(recording, archive.inputs["eventSourceArn"]).name == "ingress-bus-us-east-1"
        assert len(archive.inputs["name"]) <= 48


def test_the_primarys_archive_is_like_the_secondarys(prod: Recording) -> None:
    west, east = (prod.resource(ARCHIVE, f"ingress-archive-{region}").inputs for region in ("us-west-2", "us-east-1"))
    for key in ("name", "retentionDays", "eventPattern"):
        assert west[key] == east[key]
    assert referred(prod, west["eventSourceArn"]).name == "ingress-bus-us-west-2"


def test_the_primarys_archive_is_optional(prod: Recording, dev: Recording) -> None:
    assert {a.region for a in prod.resources(ARCHIVE)} == {"us-west-2", "us-east-1"}
    assert {a.region for a in dev.resources(ARCHIVE)} == {"us-east-1"}


def test_publishers_may_put_on_both_regions_buses_and_nowhere_else(platform: Recording) -> None:
    names = {f.inputs["name"].rpartition("-")[2] for f in publishers(platform)}
    assert names == {"ingest", "republish", "canary"}
    for function in publishers(platform):
        role = referred(platform, function.inputs["role"])
        put = [s for s in role_statements(platform, role.name) if "events:PutEvents" in s["Action"]]
        assert len(put) == 1
        assert {referred(platform, arn).name for arn in put[0]["Resource"]} == {
            "ingress-bus-us-west-2",
            "ingress-bus-us-east-1",
        }
        source = "signals.probe" if function.inputs["name"].endswith("-canary") else "signals.ingest"
        assert put[0]["Condition"] == {"StringEquals": {"events:source": source}}


def test_publishers_get_the_endpoints_id_from_its_url_and_the_buss_name(platform: Recording) -> None:
    for function in publishers(platform):
        variables = function.inputs["environment"]["variables"]
        assert variables["EVENT_ENDPOINT_ID"].endswith("#endpointUrl|endpoint_id>>")
        assert variables["EVENT_BUS_NAME"] == platform.outputs["ingress_bus_name"]


def test_no_bus_is_the_target_of_a_rule(platform: Recording) -> None:
    # An event received from another bus is not routed to a third (EventBridge User Guide, "Bus to bus").
    for target in platform.resources(TARGET):
        assert "event-bus" not in target.inputs["arn"]
        assert "eventBus:EventBus" not in target.inputs["arn"]


def test_a_replay_in_the_secondary_is_not_processed_there(prod: Recording) -> None:
    for name, replays in {
        "active-active-us-east-1-enrichment-rule": [{"exists": False}],
        "processing-us-west-2-enrichment-rule": None,
    }.items():
        pattern = json.loads(prod.resource(RULE, name).inputs["eventPattern"])
        assert pattern.get("replay-name") == replays


def test_a_protected_stack_protects_all_that_holds_data_and_an_unprotected_one_nothing(
    prod: Recording, dev: Recording
) -> None:
    protected = {r.type for r in prod.all if r.options.get("protect")}
    assert {BUS, ARCHIVE, ENDPOINT, TABLE, BUCKET} <= protected
    for type_ in (BUS, ARCHIVE, TABLE):
        assert all(r.options.get("protect") for r in prod.resources(type_))
    assert not any(r.options.get("protect") for r in dev.all)


def test_a_protected_stack_protects_the_queues_that_hold_the_only_copy(prod: Recording) -> None:
    for queue in prod.resources(QUEUE):
        holds = not queue.name.startswith(("heartbeat-sink", "probe-us"))
        assert bool(queue.options.get("protect")) == holds, queue.name


def test_a_stack_without_active_active_consumers_has_no_second_processing(
    settings_of: Callable[[str], dict[str, Any]], dev: Recording
) -> None:
    settings = settings_of("dev")
    settings["consumers"] = [{"name": "lake", "kind": "lake", "mode": "active-active"}]
    both = record("dev", settings)
    assert {s.region for s in both.resources(STREAM)} == {"us-west-2", "us-east-1"}
    assert dev.resources(component="ActiveActiveConsumers") == []


def test_a_stack_from_before_the_pair_had_its_name_keeps_it(platform: Recording) -> None:
    pair = platform.resource("signals:index:ActiveArchivePair", "ingress")
    assert [alias["spec"]["type"] for alias in pair.options["aliases"]] == ["signals:index:GlobalBus"]


def test_a_spool_from_before_it_was_a_drained_queue_alone_is_kept(platform: Recording) -> None:
    for region in ("us-west-2", "us-east-1"):
        spool = platform.resource("signals:index:DrainedQueue", f"spool-{region}")
        specs = [alias["spec"] for alias in spool.options["aliases"]]
        parents = [spec["parentUrn"] for spec in specs if "parentUrn" in spec and "type" not in spec]
        former = "signals:index:CustomerSignalPlatform$signals:index:Spool"
        assert [urn.rpartition("::signals::")[2] for urn in parents] == [f"{former}::spool-{region}"]
