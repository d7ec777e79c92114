"""Physical names: all of them are listed, no two owners share one, and AWS accepts each."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.names import KINDS, RULE, TABLE, Kind, Names
from components.parts.references import Reference
from components.resource_types import ALIAS, CATALOG_TABLE, LOG_STREAM, NAMED_QUERY, RECORD, ROLE_POLICY, STAGE
from components.settings import SettingsError, load_settings
from policies import rules  # noqa: F401 - makes them known
from policies.rule import violations
from policies.view import recorded
from signals.recording.record import record
from signals.recording.resources import Recording, Resource
from tests.support.recordings import stack_settings

SettingsOf = Callable[[str], dict[str, Any]]
# Names that are unique within another resource only, or that the user chooses.
NAMED_WITHIN_ANOTHER = {
    STAGE,
    NAMED_QUERY,
    LOG_STREAM,
    CATALOG_TABLE,
    ROLE_POLICY,
    ALIAS,
    RECORD,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "everything in both Regions": {
        "consumers": [
            {"name": "store", "kind": "lake", "mode": "active-active"},
            {"name": "orders", "kind": "queue", "mode": "active-active"},
            {"name": "profile", "kind": "function", "handler": "profile"},
        ]
    },
    "neither heartbeat nor a lake": {
        "failover": {"heartbeat": False, "missing_data": "missing"},
        "consumers": [{"name": "orders", "kind": "queue"}],
    },
}

Listed = tuple[str, str, str, str]


def recorded_names(recording: Recording) -> Counter[Listed]:
    """Kind, Region, bus and name of every named resource of a recording."""
    found: Counter[Listed] = Counter()
    for kind in KINDS:
        for resource in recording.resources(kind.type):
            regions = [resource.region or ""]
            if kind is TABLE:
                regions += [replica["regionName"] for replica in resource.inputs.get("replicas", ())]
            name = resource.inputs[kind.name_property]
            found.update((kind.word, region, _bus(recording, kind, resource), name) for region in regions)
    return found


def _bus(recording: Recording, kind: Kind, resource: Resource) -> str:
    if kind is not RULE:
        return ""
    reference = Reference.parse(resource.inputs["eventBusName"])
    assert reference
    return str(recording.resource(reference.type, reference.name).inputs["name"])


def listed_names(names: Names) -> Counter[Listed]:
    return Counter((name.kind.word, name.region, name.bus, name.text) for name in names.all)


@pytest.mark.parametrize("stack", ["prod", "dev", "local"])
def test_every_name_of_a_stack_is_listed_and_none_besides(stack: str, request: pytest.FixtureRequest) -> None:
    recording: Recording = request.getfixturevalue(stack)
    assert listed_names(load_settings(stack_settings(stack)).names) == recorded_names(recording)


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS)
def test_every_name_is_listed_whatever_the_settings(settings_of: SettingsOf, change: dict[str, Any]) -> None:
    raw = {**settings_of("local"), **change}
    assert listed_names(load_settings(raw).names) == recorded_names(record("local", raw))


def test_every_kind_of_resource_that_has_a_name_of_its_own_is_known(platform: Recording) -> None:
    known = {kind.type for kind in KINDS} | NAMED_WITHIN_ANOTHER
    named = {r.type for r in platform.all if r.custom and r.type.startswith("aws:") and "name" in r.inputs}
    assert named - known == set()


# What the platform and other consumers derive names from, so that most generated stacks are near a collision.
WORDS = ("lake", "ingest", "enrichment", "return", "canary", "spool", "probe", "heartbeat", "quarantine", "republish")
STEMS = ("orders", "x1", "data", "ingress", "replication", *WORDS)
SUFFIXES = ("", "-dlq", "-failed", "-state", "-delivery", "-missing", "-schedule", "-latency", "-api", "-lake")
NAMES = [stem + suffix for stem in STEMS for suffix in SUFFIXES if len(stem + suffix) <= 15]
# Lists of plain values: Hypothesis draws thousands of these in the time of a few hundred built ones.
consumers = st.sampled_from(
    [
        {"name": name, "mode": mode, **kind}
        for name in NAMES
        for kind in ({"kind": "lake"}, {"kind": "queue"}, {"kind": "function", "handler": "profile"})
        for mode in ("active-archive", "active-active")
    ]
)
stacks = st.builds(
    lambda **settings: {**stack_settings("prod"), "alarm_topics": "none", **settings},
    name=st.sampled_from(["signals", "n" * 24, "xn--stack", "sthree-stack"]),
    regions=st.sampled_from(
        [
            {"primary": "us-west-2", "secondary": "us-east-1"},
            {"primary": "ap-northeast-1", "secondary": "ap-southeast-2"},
        ]
    ),
    consumers=st.lists(consumers, min_size=1, max_size=5, unique_by=lambda consumer: consumer["name"]),
)


@pytest.mark.slow
@hypothesis_settings(max_examples=3_000, deadline=None)
@given(raw=stacks)
def test_settings_are_refused_or_no_two_resources_share_a_name(raw: dict[str, Any]) -> None:
    try:
        names = load_settings(raw).names
    except SettingsError as refused:
        owners = re.findall(r"consumer '[a-z0-9-]+'|'[a-z0-9-]+' and '[a-z0-9-]+' are both a lake", str(refused))
        assert owners, refused
        return
    in_use = Counter(
        (n.kind.word, "" if n.kind.unique_in == "account" else n.region, n.bus, n.text.lower()) for n in names.all
    )
    assert [name for name, count in in_use.items() if count > 1] == []
    assert [n for n in names.all if not re.fullmatch(n.kind.form, n.text, re.ASCII)] == []


FUNCTION, QUEUE = {"kind": "function", "handler": "profile"}, {"kind": "queue"}
CLASHES: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    **{
        word: ([{"name": word, **kind}], owner, f"consumer '{word}'")
        for word, owner, kind in (
            ("ingest", "ingest", FUNCTION),
            ("enrichment", "enrichment", QUEUE),
            ("quarantine", "enrichment", QUEUE),
            ("return", "the return path", QUEUE),
            ("return-failed", "the return path", QUEUE),
            ("canary", "the probe", FUNCTION),
            ("probe", "the probe", QUEUE),
            ("spool", "the spool", QUEUE),
            ("spool-dlq", "the spool", QUEUE),
            ("republish", "the spool", FUNCTION),
            ("heartbeat", "the heartbeat", QUEUE),
        )
    },
    "two lakes": ([{"name": "lake", "kind": "lake"}, {"name": "store", "kind": "lake"}], "'lake'", "'store'"),
    "a lake of another name": (
        [{"name": "store", "kind": "lake"}, {"name": "lake", **FUNCTION}],
        "consumer 'store'",
        "consumer 'lake'",
    ),
    "a role of a lake": (
        [{"name": "lake", "kind": "lake"}, {"name": "lake-delivery", **FUNCTION}],
        "consumer 'lake'",
        "consumer 'lake-delivery'",
    ),
    **{
        f"x1 and x1{suffix}": (
            [{"name": "x1", **FUNCTION}, {"name": f"x1{suffix}", **QUEUE}],
            "consumer 'x1'",
            f"consumer 'x1{suffix}'",
        )
        for suffix in ("-dlq", "-failed")
    },
}


@pytest.mark.parametrize(("consumers_", "one", "other"), CLASHES.values(), ids=CLASHES)
def test_two_owners_of_one_name_are_refused_and_both_are_named(
    settings_of: SettingsOf, consumers_: list[dict[str, Any]], one: str, other: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**settings_of("dev"), "consumers": consumers_})
    (line,) = str(refused.value).splitlines()
    assert one in line and other in line
    assert "rename" in line or "keep one" in line


@pytest.mark.parametrize(
    "consumer",
    [{"name": "data", **FUNCTION}]
    + [{"name": name, **QUEUE} for name in ("ingest", "canary", "republish", "data", "profile-state", "lake-delivery")],
    ids=lambda consumer: f"{consumer['name']} {consumer['kind']}",
)
def test_resources_of_two_kinds_may_share_a_name(settings_of: SettingsOf, consumer: dict[str, Any]) -> None:
    others = [{"name": "profile", **FUNCTION}, {"name": "lake", "kind": "lake"}]
    recording = record("local", {**settings_of("local"), "consumers": [*others, consumer]})
    assert "NAMES-UNIQUE" not in {violation.rule.id for violation in violations(recorded(recording))}
    assert max(recorded_names(recording).values()) == 1


def test_a_name_that_aws_does_not_accept_is_refused(settings_of: SettingsOf) -> None:
    with pytest.raises(SettingsError, match="AWS does not accept xn--a-lake-111122223333-us-west-2, the S3 bucket of"):
        load_settings({**settings_of("dev"), "name": "xn--a"})


# S3, SQS, DynamoDB and API Gateway say nothing of it in their models; Lambda's takes an ARN too.
MODELS = {
    "event bus": ("events", "CreateEndpoint", "Name"),  # whose buses must have names as short as its own
    "global endpoint": ("events", "CreateEndpoint", "Name"),
    "event archive": ("events", "CreateArchive", "ArchiveName"),
    "EventBridge rule": ("events", "PutRule", "Name"),
    "schedule": ("scheduler", "CreateSchedule", "Name"),
    "CloudWatch alarm": ("cloudwatch", "PutMetricAlarm", "AlarmName"),
    "log group": ("logs", "CreateLogGroup", "logGroupName"),
    "IAM role": ("iam", "CreateRole", "RoleName"),
    "Firehose stream": ("firehose", "CreateDeliveryStream", "DeliveryStreamName"),
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.word in MODELS], ids=lambda kind: kind.word)
def test_a_name_may_be_as_long_as_aws_says(kind: Kind) -> None:
    service, operation, member = MODELS[kind.word]
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    limit = model.input_shape.members[member].metadata["max"]
    assert re.fullmatch(kind.form, "n" * limit, re.ASCII)
    assert not re.fullmatch(kind.form, "n" * (limit + 1), re.ASCII)


@pytest.fixture(scope="module", params=["local", "dev", "prod"])
def names(request: pytest.FixtureRequest) -> Names:
    return load_settings(stack_settings(request.param)).names


def test_a_queue_says_what_it_is_for(names: Names) -> None:
    prefix = names.prefix
    kinds = {queue: names.queue_kind(f"{prefix}-{queue}") for queue in ("spool", "return", "probe", "heartbeat")}
    assert kinds == {kind: kind for kind in kinds}
    assert names.queue_kind(f"{prefix}-orders") == "queue"
    assert names.queue_kind(f"{prefix}-orders-dlq") == names.queue_kind(f"{prefix}-enrichment-failed") == "dlq"


def test_a_message_in_a_failure_queue_means_that_something_went_wrong(names: Names) -> None:
    queues = {name.text for name in names.all if name.kind.word == "SQS queue"}
    failures = {queue for queue in queues if names.is_failure_queue(queue)}
    assert failures == {queue for queue in queues if queue.endswith(("-dlq", "-failed", "-quarantine"))}


def test_functions_are_listed_in_the_order_a_signal_meets_them(names: Names) -> None:
    parts = [function.removeprefix(f"{names.prefix}-") for function in names.functions()]
    answering = ["ingest", "ingest-healthcheck"] if names.checked else ["ingest"]
    assert parts[: len(answering) + 4] == [*answering, "enrichment", "republish", "return", "canary"]
    assert set(parts[len(answering) + 4 :]) <= {"profile"}


def test_a_stack_does_not_take_anothers_queues_for_its_own(settings_of: SettingsOf) -> None:
    names = load_settings(settings_of("local")).names
    assert names.is_queue("signals-local-spool")
    assert not names.is_queue("signals-local-two-spool")
    assert not names.is_queue("signals-spool")
