"""Profiles come out the same for any order, any duplicate and both Regions at once."""

import random
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.profile.logic import Profile, customer_of, item_of, profile
from handlers.profile.once import record
from handlers.profile.store import ProfileStore
from tests.handlers.support import OTHER_REGION, REGION, Context, signal


def enriched(identity: str = "s-1", *, time: str = "2026-01-31T12:00:00Z", **changes: Any) -> dict[str, Any]:
    """A signal of the data platform bus."""
    platform = {
        "receivedat": time,
        "producer": "demo",
        "ingestregion": REGION,
        "enrichedregion": REGION,
        "batchid": "b",
    }
    return signal(identity, time=time, **{"subject": "c-1", **platform, **changes})


def folded(*signals: dict[str, Any]) -> Profile | None:
    """The profile of what a table holds after these signals: one item a key."""
    table = {(item["pk"], item["sk"]): item for item in map(item_of, signals) if item}
    return profile(table.values())


def test_a_profile_counts_signals_and_keeps_the_latest_attributes():
    assert folded(
        enriched("b", time="2026-01-02T00:00:00Z", data={"plan": "gold", "seats": 3, "tags": ["x"]}),
        enriched("a", time="2026-01-01T00:00:00Z", data={"plan": "free", "city": "Tempe"}),
        enriched("c", time="2026-01-03T00:00:00Z", data=[1]),
    ) == Profile(
        customer="c-1",
        signals=3,
        first_seen="2026-01-01T00:00:00Z",
        last_seen="2026-01-03T00:00:00Z",
        attributes={"plan": "gold", "seats": 3, "city": "Tempe"},
    )


def test_of_several_signals_of_one_id_the_earliest_counts():
    early = enriched("s", time="2026-01-01T00:00:00Z", data={"plan": "free"})
    late = enriched("s", time="2026-01-02T00:00:00Z", data={"plan": "gold"})
    assert folded(late, early) == folded(early, late) == folded(early)


def test_nobody_has_no_profile():
    assert profile([]) is None


@pytest.mark.parametrize(
    ("changes", "customer"),
    [
        ({}, "c-1"),
        ({"subject": None, "data": {"customer_id": "c-2"}}, "c-2"),
        ({"subject": None, "data": {"customer_id": 17}}, "17"),
        ({"subject": None, "data": {"customer_id": True}}, None),
        ({"subject": None, "data": {"customer_id": ""}}, None),
        ({"subject": None, "data": {}}, None),
        ({"subject": None, "data": "text"}, None),
        ({"subject": None}, None),
    ],
)
def test_the_customer_is_the_subject_or_in_the_data(changes, customer):
    assert customer_of(enriched(**changes)) == customer
    assert (item_of(enriched(**changes)) is None) == (customer is None)


def test_an_item_says_nothing_of_where_and_when_it_was_processed():
    here, there = enriched(), enriched(receivedat="2027-01-01T00:00:00Z", enrichedregion=OTHER_REGION, batchid="other")
    there |= {"ingestregion": OTHER_REGION, "clientnetwork": "10.0.0.0/24", "uabrowser": "curl 8"}
    assert item_of(here) == item_of(there)


def test_times_of_different_precision_are_in_order():
    times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.05Z", "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:01Z"]
    items = [item_of(enriched(f"{9 - place}", time=time)) for place, time in enumerate(times)]
    assert [item["time"] for item in sorted(items, key=lambda item: item["sk"])] == times  # type: ignore[index]


@pytest.mark.parametrize("missing", ["id", "producer", "time", "type"])
def test_what_is_no_enriched_signal_is_an_error(missing):
    with pytest.raises(ValueError, match="not an enriched signal"):
        item_of({name: value for name, value in enriched().items() if name != missing})


def test_a_customer_with_a_very_long_name_has_a_key():
    item = item_of(enriched(subject="é" * 1024))
    assert item
    assert len(item["pk"].encode()) <= 2048


signals = st.builds(
    enriched,
    st.sampled_from("abcd"),
    time=st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-02T00:00:00Z"]),
    producer=st.sampled_from(["demo", "shop"]),
    data=st.dictionaries(st.sampled_from(["plan", "city"]), st.integers(0, 3) | st.text(max_size=2)),
)


@given(st.lists(signals, max_size=12), st.randoms(use_true_random=False))
def test_the_profile_is_the_same_for_any_order_and_any_duplicate(signals, chance):
    again = [*signals, *chance.choices(signals, k=5)] if signals else []
    chance.shuffle(again)
    assert folded(*again) == folded(*signals)


@given(st.lists(signals, min_size=1, max_size=12))
def test_each_signal_of_a_producer_counts_once(signals):
    result = folded(*signals)
    assert result
    assert result.signals == len({(signal["producer"], signal["id"]) for signal in signals})


# In DynamoDB


def create_table(client: Any, name: str, *keys: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
    )


class GlobalTables:
    """A table that two Regions have, where nothing is replicated until the test says so; the last writer wins."""

    def __init__(self) -> None:
        self.clients = {region: boto3.client("dynamodb", region_name=region) for region in (REGION, OTHER_REGION)}
        self.stores = {region: ProfileStore(client, table="state") for region, client in self.clients.items()}
        self.requests: list[str] = []
        for client in self.clients.values():
            create_table(client, "state", "pk", "sk")
            client.meta.events.register("before-call.dynamodb", lambda model, **_: self.requests.append(model.name))

    def record(self, region: str, one: dict[str, Any]) -> str:
        item = item_of(one)
        assert item
        return record(item, self.stores[region])

    def write_units(self) -> int:
        """What was billed so far: each write of at most 1 KB once a replica, a condition that did not hold included.

        Source: DynamoDB Developer Guide, "Understanding DynamoDB billing for global tables", "Condition expressions".
        """
        return sum(name not in {"GetItem", "Query"} for name in self.requests) * len(self.clients)

    def replicate(self, source: str) -> None:
        """Lets what one Region has reach the other."""
        before = [*self.requests]
        target = OTHER_REGION if source == REGION else REGION
        for item in self.clients[source].scan(TableName="state")["Items"]:
            self.clients[target].put_item(TableName="state", Item=item)
        self.requests = before

    def profile(self, region: str) -> Profile | None:
        return profile(self.stores[region].items("c-1"))


@pytest.fixture
def tables(aws: None) -> GlobalTables:  # noqa: ARG001
    return GlobalTables()


def test_a_signal_costs_two_write_units_in_both_regions_together_whatever_its_duplicates(tables):
    for _ in range(3):
        assert tables.record(REGION, enriched()) == "RecordedSignals"
    tables.replicate(REGION)
    for region in (OTHER_REGION, REGION, OTHER_REGION):
        assert tables.record(region, enriched(enrichedregion=region)) == "RecordedSignals"
    assert tables.write_units() == 2
    assert tables.profile(REGION) == tables.profile(OTHER_REGION) == folded(enriched())


def test_both_regions_at_once_cost_a_second_write_of_the_same_item_and_no_more(tables):
    for region in (REGION, OTHER_REGION, REGION, OTHER_REGION):
        tables.record(region, enriched(enrichedregion=region))
    assert tables.write_units() == 4
    kept = [client.scan(TableName="state")["Items"] for client in tables.clients.values()]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 1


def test_a_signal_costs_one_request_that_reads_and_one_that_writes(tables):
    tables.record(REGION, enriched())
    assert tables.requests == ["Query", "PutItem"]
    tables.record(REGION, enriched())
    assert tables.requests[2:] == ["Query"]


def test_a_signal_that_only_the_other_region_has_is_written_here_too(tables):
    tables.record(REGION, enriched())  # and the Region is lost before the item follows
    assert tables.record(OTHER_REGION, enriched()) == "RecordedSignals"
    assert tables.profile(OTHER_REGION) == folded(enriched())


def test_an_id_that_begins_with_another_one_is_another_signal(tables):
    for identity in ("s#1", "s", "s#0123456789abcdef"):
        assert tables.record(REGION, enriched(identity)) == "RecordedSignals"
    assert tables.profile(REGION) == folded(*map(enriched, ("s", "s#1", "s#0123456789abcdef")))


def test_a_signal_of_an_id_that_was_used_very_often_is_kept(tables):
    said = [enriched(data={"n": n}) for n in range(25)]
    for one in said * 2:
        tables.record(REGION, one)
    assert tables.profile(REGION) == folded(*said)
    assert len(tables.clients[REGION].scan(TableName="state")["Items"]) == 25


# What the table of a stack may hold: `signals find` and the function read it as it was written.
HELD = {
    "attributes": '{"city":"Tempe","plan":"free"}',
    "customer": "c-1",
    "id": "a",
    "pk": "customer#c-1",
    "producer": "demo",
    "sk": "2026-01-01T00:00:00.000000000#demo#a#072958770183feba",
    "source": "/shop",
    "time": "2026-01-01T00:00:00Z",
    "type": "shop.order.placed",
}


def test_an_item_that_was_written_beside_an_idempotency_record_is_the_item_of_that_signal_still(tables):
    one = enriched("a", time=HELD["time"], data={"plan": "free", "city": "Tempe"})
    one |= {"source": HELD["source"], "type": HELD["type"]}
    tables.clients[REGION].put_item(TableName="state", Item={name: {"S": value} for name, value in HELD.items()})
    tables.requests.clear()
    assert tables.record(REGION, one) == "RecordedSignals"
    assert tables.requests == ["Query"]
    assert tables.profile(REGION) == folded(one)


def test_an_id_that_is_used_again_for_another_signal_counts_once_and_is_counted_apart(tables):
    first, second = enriched(data={"plan": "free"}), enriched(data={"plan": "gold"})
    assert tables.record(REGION, first) == "RecordedSignals"
    assert tables.record(REGION, second) == "IdReused"
    assert tables.record(OTHER_REGION, second) == "RecordedSignals"
    assert tables.record(OTHER_REGION, first) == "IdReused"
    assert tables.profile(REGION) == tables.profile(OTHER_REGION) == folded(first, second)


@pytest.mark.parametrize("seed", range(4))
def test_both_regions_agree_whatever_reaches_them_in_whatever_order(tables, seed):
    chance = random.Random(seed)
    said = [enriched(str(n % 7), time=f"2026-01-0{n % 9 + 1}T00:00:00Z", data={"plan": n % 3}) for n in range(12)]
    steps = [(region, one) for region in (REGION, OTHER_REGION) for one in said if chance.random() < 0.9] * 2
    steps += [(chance.choice((REGION, OTHER_REGION)), one) for one in said]
    chance.shuffle(steps)
    for region, one in steps:
        tables.record(region, one)
        if chance.random() < 0.2:
            tables.replicate(chance.choice((REGION, OTHER_REGION)))
    for region in (REGION, OTHER_REGION):
        tables.replicate(region)
    assert tables.profile(REGION) == tables.profile(OTHER_REGION) == folded(*said)


@pytest.mark.usefixtures("aws")
def test_the_function_records_a_signal_and_counts_it(start, capsys):
    client = boto3.client("dynamodb")
    create_table(client, "signals-profile-state", "pk", "sk")
    function = start("profile")
    for one in (enriched("a"), enriched("a"), enriched("b"), enriched("c", subject=None)):
        function.handler({"detail": one}, Context())
    kept = profile(ProfileStore(client, table="signals-profile-state").items("c-1"))
    assert kept
    assert kept.signals == 2
    assert capsys.readouterr().out.count('"SignalsWithoutCustomer":1') == 1
