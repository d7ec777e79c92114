"""Enrichment: the standard form, one event a signal; what cannot be processed is set aside alone, with its reason."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.enrichment.logic import EnrichmentDependencies, NothingDeliveredError, QuarantineError, enrich
from handlers.enrichment.received_batch import describe
from handlers.shared.senders import MESSAGE_BYTES, message
from tests.handlers.support import ACCOUNT, OTHER_REGION, REGION, SOURCE, Bus, Queue, ingress_event, signal

CHROME = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)


class Enrichment:
    """Enrichment with a bus and a quarantine that can be made to refuse."""

    def __init__(self, *, bus: Bus | None = None, quarantine: Queue | None = None) -> None:
        self.bus, self.quarantine = bus or Bus(), quarantine or Queue()
        self._platform = EnrichmentDependencies(ACCOUNT, {SOURCE}, OTHER_REGION, self.bus, self.quarantine)

    def __call__(self, event: dict[str, Any]) -> dict[str, int]:
        return enrich(event, self._platform)

    @property
    def reasons(self) -> list[str]:
        return [bad.reason for bad in self.quarantine.taken]


@pytest.fixture
def enrichment() -> Enrichment:
    return Enrichment()


def test_a_signal_is_put_in_the_standard_form(enrichment):
    sent = signal(time="2026-01-31T13:00:00.5+01:00", subject="c-1", traceparent="00-ab", datacontenttype="text/plain")
    counts = enrichment(ingress_event(sent, client={"network": "2001:db8:1::/48", "user_agent": CHROME}))
    [entry] = enrichment.bus.entries
    assert (entry.source, entry.detail_type) == ("signals", "order.placed")
    assert json.loads(entry.detail) == {
        **sent,
        "time": "2026-01-31T12:00:00.5Z",
        "receivedat": "2026-01-31T12:00:00.000Z",
        "ingestregion": REGION,
        "enrichedregion": OTHER_REGION,
        "producer": SOURCE,
        "batchid": "b" * 32,
        "clientnetwork": "2001:db8:1::/48",
        "uabrowser": "Chrome 126",
        "uaos": "Mac OS X 10",
        "uadevice": "Mac",
    }
    assert counts == {"EnrichedSignals": 1, "QuarantinedSignals": 0}


def test_each_signal_is_an_event_of_its_own_in_order(enrichment):
    enrichment(ingress_event(*[signal(str(n), type=f"t.{n}") for n in range(25)]))
    assert [(e.detail_type, json.loads(e.detail)["id"]) for e in enrichment.bus.entries] == [
        (f"t.{n}", str(n)) for n in range(25)
    ]


def test_the_longest_type_is_a_detail_type(enrichment):
    enrichment(ingress_event(signal(type="t" * 128)))
    assert enrichment.bus.entries[0].detail_type == "t" * 128


@pytest.mark.parametrize("absent", [{}, {"time": None}])
def test_a_signal_without_a_time_happened_when_it_was_received(enrichment, absent):
    enrichment(ingress_event({**signal(), **absent}))
    assert enrichment.bus.details[0]["time"] == "2026-01-31T12:00:00.000Z"


def test_attributes_that_are_null_are_left_out_and_data_that_is_null_is_data(enrichment):
    enrichment(ingress_event({**signal(), "data": None, "subject": None}))
    assert enrichment.bus.details[0]["data"] is None
    assert "subject" not in enrichment.bus.details[0]


def test_an_unknown_client_adds_nothing(enrichment):
    enrichment(ingress_event(signal(), client={"network": None, "user_agent": None}))
    assert not {"clientnetwork", "uabrowser", "uaos", "uadevice"} & enrichment.bus.details[0].keys()


@pytest.mark.parametrize("user_agent", ["?", "x" * 512, "Mozilla/5.0", "curl/8.1", "\x00"])
def test_any_user_agent_can_be_described(user_agent):
    assert all(value for _, value in describe(user_agent))


def test_a_replayed_batch_is_processed_like_any_other(enrichment):
    enrichment({**ingress_event(signal(), replayed_from="signals-ingress"), "replay-name": "r"})
    assert enrichment.bus.details[0]["id"] == "s-1"


# What is not ours


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account": "999999999999"}, "foreign_account"),
        ({"account": None}, "foreign_account"),
        ({"source": "somebody"}, "foreign_source"),
        ({"detail_type": "Order"}, "foreign_source"),
        ({"batch_id": None}, "malformed_batch"),
        ({"received_at": "now"}, "malformed_batch"),
        ({"received_at": None}, "malformed_batch"),
        ({"client": None}, "malformed_batch"),
        ({"client": {"network": 1}}, "malformed_batch"),
        ({"signals": {}}, "malformed_batch"),
        ({"signals": []}, "malformed_batch"),
    ],
)
def test_a_batch_that_is_not_ours_goes_to_quarantine_whole(enrichment, changes, reason):
    event = ingress_event(signal())
    for name, value in changes.items():
        place = name.replace("_", "-") if name == "detail_type" else name
        (event if place in event else event["detail"])[place] = value
    assert enrichment(event) == {"QuarantinedBatches": 1}
    assert enrichment.bus.entries == []
    [bad] = enrichment.quarantine.taken
    assert bad.reason == reason
    assert json.loads(bad.body) == event["detail"]


def test_a_batch_of_an_unregistered_source_goes_to_quarantine(enrichment):
    event = ingress_event(signal())
    event["detail"]["source"] = "stranger"
    enrichment(event)
    [bad] = enrichment.quarantine.taken
    assert (bad.reason, bad.source, bad.batch_id) == ("unregistered_source", "stranger", "b" * 32)


@pytest.mark.parametrize("detail", [None, [], "x", 7])
def test_a_detail_that_is_no_object_goes_to_quarantine(enrichment, detail):
    enrichment({**ingress_event(), "detail": detail})
    assert [(bad.reason, json.loads(bad.body)) for bad in enrichment.quarantine.taken] == [("malformed_batch", detail)]


# What cannot be processed


def test_a_bad_signal_goes_to_quarantine_alone(enrichment):
    bad = signal("bad", time="yesterday")
    counts = enrichment(ingress_event(signal("a"), bad, signal("c")))
    assert [detail["id"] for detail in enrichment.bus.details] == ["a", "c"]
    [quarantined] = enrichment.quarantine.taken
    assert json.loads(quarantined.body) == bad
    assert (quarantined.reason, quarantined.batch_id, quarantined.source) == ("invalid_time", "b" * 32, SOURCE)
    assert counts == {"EnrichedSignals": 2, "QuarantinedSignals": 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (7, "not_an_object"),
        (signal(None), "invalid_id"),
        (signal(type="aws.x"), "invalid_type"),
        (signal(type="t" * 129), "invalid_type"),
        (signal(producer="somebody"), "reserved_attribute"),
        (signal(data="\ud800"), "too_deep"),
    ],
)
def test_the_reason_is_typed(enrichment, bad, reason):
    enrichment(ingress_event(bad))
    assert enrichment.reasons == [reason]
    assert json.loads(enrichment.quarantine.taken[0].body) == bad


def test_a_batch_of_nothing_but_bad_signals_is_done_with(enrichment):
    assert enrichment(ingress_event(7, 8)) == {"EnrichedSignals": 0, "QuarantinedSignals": 2}


def test_what_is_too_large_for_the_quarantine_is_cut_and_says_so(enrichment):
    huge = signal(None, data="\uffff" * 200_000)
    enrichment(ingress_event(huge))
    [bad] = enrichment.quarantine.taken
    body = json.loads(bad.body)
    assert body["truncated"] is True
    assert body["bytes"] > 200_000
    assert message(bad.body, reason=bad.reason, message=bad.message).size_bytes <= MESSAGE_BYTES


# What the bus does not take


def test_the_rest_goes_to_quarantine_where_a_part_was_delivered():
    enrichment = Enrichment(bus=Bus(refuses=lambda entry: "InternalFailure" if '"id":"b"' in entry.detail else None))
    counts = enrichment(ingress_event(signal("a"), signal("b"), signal("c")))
    assert [detail["id"] for detail in enrichment.bus.details] == ["a", "c"]
    [bad] = enrichment.quarantine.taken
    assert (bad.reason, json.loads(bad.body)) == ("undelivered", signal("b"))
    assert "InternalFailure" in bad.message
    assert counts == {"EnrichedSignals": 2, "QuarantinedSignals": 1}


def test_a_batch_of_which_nothing_was_delivered_comes_again_whole():
    enrichment = Enrichment(bus=Bus(refuses=lambda _: "ThrottlingException"))
    with pytest.raises(NothingDeliveredError, match="ThrottlingException"):
        enrichment(ingress_event(signal(), 7))
    assert enrichment.quarantine.taken == []  # or it would be there once more with every try


@pytest.mark.parametrize("event", [ingress_event(signal(), 7), ingress_event(7), ingress_event(signal(), source="x")])
def test_a_batch_comes_again_while_the_quarantine_takes_nothing(event):
    with pytest.raises(QuarantineError, match="AccessDenied"):
        Enrichment(quarantine=Queue(refuses=True))(event)


def test_a_batch_comes_again_while_the_quarantine_refuses_any_of_it():
    enrichment = Enrichment(quarantine=Queue(refuses=lambda bad: json.loads(bad.body) == 8))
    with pytest.raises(QuarantineError, match="1 of 3"):
        enrichment(ingress_event(signal(), 7, 8, 9))


@pytest.mark.parametrize("size", [60_000, 200_000, 254_000])
@pytest.mark.parametrize("why", ["invalid", "undelivered", "foreign"])
def test_what_fits_the_quarantine_is_there_whole(size, why):
    enrichment = Enrichment(bus=Bus(refuses=lambda entry: "InternalFailure" if "x" * size in entry.detail else None))
    large = signal("large", data="x" * size, source=None if why == "invalid" else "shop")
    event = ingress_event(signal(), large, source="stranger" if why == "foreign" else "signals.ingest")
    enrichment(event)
    [bad] = enrichment.quarantine.taken
    assert json.loads(bad.body) == (event["detail"] if why == "foreign" else large)
    assert message(**bad._asdict()).size_bytes <= MESSAGE_BYTES


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_what_the_bus_refuses_is_quarantined_by_itself_and_not_another_whatever_stood_before_it(plan):
    """The plan says of each signal whether it is good and whether the bus takes it."""
    signals = [signal(f"{place}-{taken}", source="s" if good else None) for place, (good, taken) in enumerate(plan)]
    enrichment = Enrichment(bus=Bus(refuses=lambda entry: "InternalFailure" if "-False" in entry.detail else None))
    try:
        enrichment(ingress_event(*signals))
    except NothingDeliveredError:
        return
    found = {json.loads(bad.body)["id"]: bad.reason for bad in enrichment.quarantine.taken}
    expected = {
        s["id"]: "undelivered" if good else "invalid_source"
        for s, (good, taken) in zip(signals, plan, strict=True)
        if not (good and taken)
    }
    assert found == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_every_signal_is_on_the_bus_or_in_quarantine(plan):
    """The plan says of each signal whether it is good and whether the bus takes it."""
    signals = [signal(f"{place}-{taken}", source="s" if good else None) for place, (good, taken) in enumerate(plan)]
    enrichment = Enrichment(bus=Bus(refuses=lambda entry: "InternalFailure" if "-False" in entry.detail else None))
    try:
        enrichment(ingress_event(*signals))
    except NothingDeliveredError:
        assert not any(good and taken for good, taken in plan)
        assert any(good for good, _ in plan)
    else:
        found = [detail["id"] for detail in enrichment.bus.details]
        found += [json.loads(bad.body)["id"] for bad in enrichment.quarantine.taken]
        assert sorted(found) == sorted(signal["id"] for signal in signals)
