"""Ingest: what is accepted, what is refused and why, and what becomes of what the bus does not take."""

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.ingest.http import MAX_BODY_BYTES, HttpRequest, HttpResponse
from handlers.ingest.logic import IngestDependencies, respond
from handlers.ingest.request_signals import MAX_SIGNALS
from handlers.shared.packing import BILLING_CHUNK_BYTES
from handlers.shared.senders import MESSAGE_BYTES, message
from tests.handlers.support import KEY, REGION, SOURCE, SOURCES, Bus, Queue, http_event, signal

NOW = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)


class Ingest:
    """Ingest with a bus and a spool that can be made to refuse."""

    def __init__(self, *, bus: Bus | None = None, spool: Queue | None = None, max_signal_bytes: int = 131_072) -> None:
        self.bus, self.spool = bus or Bus(), spool or Queue()
        ids = (f"{number:032x}" for number in range(1_000_000))
        self._platform = IngestDependencies(
            {SOURCES[SOURCE][0]: SOURCE}, self.bus, self.spool, lambda: NOW, lambda: next(ids), REGION, max_signal_bytes
        )
        self.outcome: HttpResponse
        self.headers: dict[str, str]

    def __call__(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.outcome = respond(HttpRequest.from_api_gateway(event), self._platform)
        answer = self.outcome.to_api_gateway()
        self.headers = answer["headers"]
        return answer["statusCode"], json.loads(answer["body"])

    def send(self, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        return self(http_event(body, **headers))

    @property
    def published(self) -> list[dict[str, Any]]:
        return [signal for detail in self.bus.details for signal in detail["signals"]]


@pytest.fixture
def ingest() -> Ingest:
    return Ingest()


def statuses(body: dict[str, Any]) -> list[str]:
    return [result["status"] for result in body["results"]]


# What is taken


def test_one_signal_is_accepted_and_published_as_sent(ingest):
    sent = signal(time="2026-01-01T00:00:00+01:00", subject="c-1", ext="x", data={"ü": [1, 2.5, None, "\u2028"]})
    assert ingest.send(sent) == (202, {"results": [{"id": "s-1", "status": "accepted"}]})
    assert ingest.published == [sent]


def test_a_batch_on_the_bus_says_who_sent_it_when_and_from_where(ingest):
    ingest.send(signal())
    [entry] = ingest.bus.entries
    [detail] = ingest.bus.details
    assert (entry.source, entry.detail_type) == ("signals.ingest", "Signal Batch")
    assert len(detail.pop("batch_id")) == 32
    assert detail == {
        "source": SOURCE,
        "received_at": "2026-01-31T12:00:00.123Z",
        "region": REGION,
        "client": {"network": "203.0.113.0/24", "user_agent": "curl/8.1"},
        "signals": [signal()],
    }


def test_no_whole_client_address_is_on_the_bus(ingest):
    ingest.send(signal())
    assert "203.0.113.77" not in ingest.bus.entries[0].detail


def test_results_are_in_the_order_of_the_signals(ingest):
    status, body = ingest.send([signal("a"), 7, signal("b", source=None), signal("c")])
    assert status == 202
    assert [(result["id"], result["status"]) for result in body["results"]] == [
        ("a", "accepted"),
        (None, "rejected"),
        ("b", "rejected"),
        ("c", "accepted"),
    ]
    assert [result.get("reason") for result in body["results"]] == [None, "not_an_object", "invalid_source", None]
    assert [s["id"] for s in ingest.published] == ["a", "c"]
    assert ingest.outcome.counts["AcceptedSignals"] == 2
    assert ingest.outcome.counts["RejectedSignals"] == 2


@pytest.mark.parametrize("without", [signal(None), {**signal(), "id": None}])
def test_a_signal_without_an_id_gets_one_and_is_told(ingest, without):
    status, body = ingest.send(without)
    [published] = ingest.published
    assert status == 202
    assert len(published["id"]) == 32
    assert body["results"] == [{"id": published["id"], "status": "accepted"}]


def test_two_signals_of_one_id_are_both_passed_on(ingest):
    assert statuses(ingest.send([signal("same"), signal("same")])[1]) == ["accepted", "accepted"]
    assert [s["id"] for s in ingest.published] == ["same", "same"]


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", signal(), 202),
        ("application/json", [signal()], 202),
        ("Application/CloudEvents+JSON; charset=UTF-8", signal(), 202),
        ("application/cloudevents-batch+json", [signal()], 202),
        ("application/cloudevents+json", [signal()], 400),
        ("application/cloudevents-batch+json", signal(), 400),
        ("application/json; charset=latin-1", signal(), 415),
        ("text/plain", signal(), 415),
        ("application/x-www-form-urlencoded", signal(), 415),
        ("", signal(), 415),
    ],
)
def test_the_content_type_says_whether_one_or_a_batch(ingest, content_type, body, status):
    assert ingest.send(body, content_type=content_type)[0] == status


@pytest.mark.parametrize("header", [{"content_encoding": "gzip"}, {"ce_specversion": "1.0"}])
def test_what_cannot_be_read_is_refused_by_its_headers(ingest, header):
    status, body = ingest.send(signal(), **header)
    assert (status, bool(body["message"])) == (415, True)


def test_a_body_in_base64_is_read(ingest):
    event = http_event() | {
        "body": base64.b64encode(json.dumps(signal("é")).encode()).decode(),
        "isBase64Encoded": True,
    }
    assert ingest(event)[0] == 202
    assert ingest.published == [signal("é")]


# Keys


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {KEY}",
        f"bearer   {KEY} ",
        "Basic " + base64.b64encode(f"{KEY}:".encode()).decode(),
        "basic " + base64.b64encode(KEY.encode()).decode(),
    ],
)
def test_a_registered_key_opens(ingest, authorization):
    assert ingest.send(signal(), authorization=authorization)[0] == 202


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {KEY}x",
        f"Bearer {SOURCES[SOURCE][0]}",
        f"Digest {KEY}",
        KEY,
        "Basic !!!",
        "Basic " + base64.b64encode(f"{KEY}:password".encode()).decode(),
        "Basic " + base64.b64encode(f":{KEY}".encode()).decode(),
        "Bearer \ud800",
    ],
)
def test_no_other_key_opens_and_nothing_is_read(ingest, authorization):
    status, body = ingest.send("no json", authorization=authorization)
    assert (status, body["error"]) == (401, "unauthorized")
    assert "bearer" in ingest.headers["www-authenticate"].lower()


# Requests that are refused whole


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/signals", 405),
        ("DELETE", "/v1/signals", 405),
        ("POST", "/health", 405),
        ("POST", "/", 404),
        ("POST", "/v1/signals/x", 404),
        ("POST", "/v1/signals/", 202),
        ("GET", "/health", 200),
    ],
)
def test_routes(ingest, method, path, status):
    assert ingest(http_event(signal(), method=method, path=path))[0] == status
    if status == 405:
        assert ingest.headers["allow"]


def test_health_needs_no_key_and_names_the_region(ingest):
    event = http_event("", method="GET", path="/health", authorization="", content_type="")
    assert ingest(event) == (200, {"status": "ok", "region": REGION})


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "NaN",
        '{"data": Infinity}',
        '{"id": "\\ud800"}',
        "[" * 3_000,
        json.dumps(signal())[:-1] + ',"id":"again"}',
        json.dumps(signal(data=2**64)),
        json.dumps([signal(), signal(data=-(2**63) - 1)]),
        "\ud800",
        "[]",
    ],
)
def test_a_body_that_cannot_be_passed_on_as_it_is_gets_400(ingest, body):
    status, answer = ingest.send(body)
    assert (status, bool(answer["message"])) == (400, True)
    assert ingest.bus.entries == []


@pytest.mark.parametrize("body", ["!", base64.b64encode(b"\xff\xfe{}").decode(), "AAA"])
def test_bad_base64_or_text_in_it_gets_400(ingest, body):
    assert ingest(http_event() | {"body": body, "isBase64Encoded": True})[0] == 400


def test_a_body_of_a_mebibyte_is_taken_and_a_byte_more_is_not():
    ingest = Ingest(max_signal_bytes=240_000)
    body = json.dumps([signal(str(n), data="x" * 200_000) for n in range(5)])
    assert ingest.send(body + " " * (MAX_BODY_BYTES - len(body)))[0] == 202
    assert ingest.send(body + " " * (MAX_BODY_BYTES - len(body) + 1))[0] == 413


def test_a_body_is_measured_in_bytes(ingest):
    assert ingest.send('"' + "é" * (MAX_BODY_BYTES // 2) + '"')[0] == 413


def test_500_signals_are_taken_and_one_more_is_not(ingest):
    sent = [signal(str(n)) for n in range(MAX_SIGNALS)]
    assert ingest.send(sent)[0] == 202
    assert sorted(ingest.published, key=lambda one: int(one["id"])) == sent
    assert ingest.send([signal(str(n)) for n in range(MAX_SIGNALS + 1)])[0] == 413


def test_when_every_signal_is_rejected_the_answer_is_400_with_each_reason(ingest):
    status, body = ingest.send([signal(type="aws.x"), {}])
    assert status == 400
    assert [result["reason"] for result in body["results"]] == ["invalid_type", "invalid_specversion"]
    assert ingest.bus.entries == []


# Sizes


def of_size(size: int, identity: str = "s") -> dict[str, Any]:
    """A signal of so many bytes as compact JSON."""
    empty = len(json.dumps(signal(identity, data=""), separators=(",", ":")))
    return signal(identity, data="x" * (size - empty))


def test_a_signal_of_the_largest_size_is_taken_and_a_byte_more_is_not():
    ingest = Ingest(max_signal_bytes=2_000)
    status, body = ingest.send([of_size(2_000), of_size(2_001)])
    assert status == 202
    assert [result.get("reason") for result in body["results"]] == [None, "too_large"]


def test_only_signals_that_are_too_large_get_413():
    assert Ingest(max_signal_bytes=2_000).send(of_size(2_001))[0] == 413
    assert Ingest(max_signal_bytes=2_000).send([of_size(2_001), of_size(2_001)])[0] == 413
    assert Ingest(max_signal_bytes=2_000).send([of_size(2_001), signal(type=None)])[0] == 400


def test_spaces_between_tokens_do_not_count():
    assert Ingest(max_signal_bytes=2_000).send(json.dumps(of_size(2_000), indent=40))[0] == 202


def nested(depth: int) -> str:
    return json.dumps(signal(data="DEEP")).replace('"DEEP"', '{"a":' * depth + "1" + "}" * depth)


def test_a_signal_nested_too_deeply_is_rejected_alone(ingest):
    status, body = ingest.send(f"[{nested(200)},{nested(300)}]")
    assert status == 202
    assert [result.get("reason") for result in body["results"]] == [None, "too_deep"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(100, 90_000), min_size=1, max_size=10), st.text(max_size=300))
def test_batches_fill_billing_chunks_and_lose_nothing(sizes, user_agent):
    ingest = Ingest()
    signals = [of_size(size, str(place)) for place, size in enumerate(sizes)]
    status, body = ingest.send(signals, user_agent=user_agent)
    assert (status, set(statuses(body))) == (202, {"accepted"})
    assert sorted(s["id"] for s in ingest.published) == sorted(s["id"] for s in signals)
    for entry, detail in zip(ingest.bus.entries, ingest.bus.details, strict=True):
        assert entry.size_bytes <= BILLING_CHUNK_BYTES or len(detail["signals"]) == 1
        assert message(entry.detail).size_bytes <= MESSAGE_BYTES
    assert len({detail["batch_id"] for detail in ingest.bus.details}) == len(ingest.bus.entries)
    assert len(ingest.bus.entries) >= math.ceil(sum(e.size_bytes for e in ingest.bus.entries) / 131_072 / 2)


def test_an_entry_is_filled_to_the_last_byte_of_a_billing_chunk():
    ingest = Ingest()
    ingest.send([of_size(30_000, "a"), of_size(30_000, "b")])
    room = BILLING_CHUNK_BYTES - ingest.bus.entries[0].size_bytes
    for more, entries in ((0, 1), (1, 2)):
        ingest = Ingest()
        ingest.send([of_size(30_000, "a"), of_size(30_000 + room + more, "b")])
        assert [len(detail["signals"]) for detail in ingest.bus.details] == ([2] if entries == 1 else [1, 1])
        assert (ingest.bus.entries[0].size_bytes == BILLING_CHUNK_BYTES) == (entries == 1)


def test_characters_that_a_queue_refuses_are_escaped_and_counted_so():
    ingest = Ingest(max_signal_bytes=2_000)
    assert ingest.send(signal(data="\ufffe\uffff"), user_agent="\uffff")[0] == 202
    assert ingest.published[0]["data"] == "\ufffe\uffff"
    assert not set(ingest.bus.entries[0].detail) & {"\ufffe", "\uffff"}
    assert ingest.send(signal(data="\uffff" * 600))[0] == 413


# What the bus does not take


def test_what_the_bus_refuses_is_spooled_verbatim_and_acknowledged():
    ingest = Ingest(bus=Bus(refuses=lambda _: "InternalFailure"))
    status, body = ingest.send([signal("a"), signal("b")])
    assert (status, statuses(body)) == (202, ["accepted", "accepted"])
    [detail] = ingest.spool.taken
    assert [s["id"] for s in json.loads(detail)["signals"]] == ["a", "b"]
    assert ingest.outcome.counts["SpooledSignals"] == 2


def test_only_the_entries_that_the_bus_refused_are_spooled():
    ingest = Ingest(bus=Bus(refuses=lambda entry: "ThrottlingException" if '"id":"big"' in entry.detail else None))
    assert ingest.send([signal("a"), signal("big", data="x" * 70_000)])[0] == 202
    assert [s["id"] for s in ingest.published] == ["a"]
    assert [json.loads(detail)["signals"][0]["id"] for detail in ingest.spool.taken] == ["big"]


def test_503_names_the_signals_that_neither_bus_nor_spool_took():
    def refuses(entry: Any) -> str | None:
        return "InternalFailure" if '"id":"big"' in entry.detail else None

    ingest = Ingest(bus=Bus(refuses=refuses), spool=Queue(refuses=True))
    status, body = ingest.send([signal("a"), signal("bad", type=None), signal("big", data="x" * 70_000)])
    assert status == 503
    assert statuses(body) == ["accepted", "rejected", "unavailable"]
    assert body["results"][2]["reason"] == "not_stored"
    assert int(ingest.headers["retry-after"]) > 0
    counts = ingest.outcome.counts
    assert (counts["AcceptedSignals"], counts["UnavailableSignals"], counts["SpooledSignals"]) == (1, 1, 0)


def test_503_names_every_signal_of_every_batch_that_neither_bus_nor_spool_took():
    ingest = Ingest(bus=Bus(refuses=lambda _: "InternalFailure"), spool=Queue(refuses=True))
    status, body = ingest.send([of_size(25_000, str(number)) for number in range(9)])
    assert ingest.outcome.counts["Entries"] > 2
    assert (status, statuses(body)) == (503, ["unavailable"] * 9)


def test_the_spool_is_not_touched_while_the_bus_takes_everything():
    ingest = Ingest(spool=Queue(refuses=True))
    assert ingest.send(signal())[0] == 202


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["good", "bad"]), st.integers(200, 40_000)), min_size=1, max_size=12),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_what_a_client_is_told_of_each_signal_is_what_became_of_it(signals, bus_takes, spool_takes):
    """A signal is accepted if the bus or the spool has it, and told to be sent again if neither has; no other."""
    sent = [
        of_size(size, str(place)) if what == "good" else signal(str(place), source=None)
        for place, (what, size) in enumerate(signals)
    ]
    bus_plan, spool_plan = iter(bus_takes), iter(spool_takes)
    decided: dict[Any, bool] = {}

    def spool_refuses(detail: Any) -> bool:
        return not decided.setdefault(detail, next(spool_plan))

    ingest = Ingest(
        bus=Bus(refuses=lambda _: None if next(bus_plan) else "InternalFailure"), spool=Queue(refuses=spool_refuses)
    )
    status, body = ingest.send(sent)
    stored = ingest.published + [s for detail in ingest.spool.taken for s in json.loads(detail)["signals"]]
    kept = {s["id"]: s for s in stored}
    assert len(kept) == len(stored)
    for one, (what, _), result in zip(sent, signals, body["results"], strict=True):
        expected = "rejected" if what == "bad" else "accepted" if kept.get(one["id"]) == one else "unavailable"
        assert (result["id"], result["status"]) == (one["id"], expected)
    lost = statuses(body).count("unavailable")
    assert status == (503 if lost else 202 if stored else 400)
    assert ("retry-after" in ingest.headers) == bool(lost)
    counts = ingest.outcome.counts
    assert (counts["AcceptedSignals"], counts["UnavailableSignals"]) == (len(stored), lost)
    assert counts["SpooledSignals"] == len(stored) - len(ingest.published)
    assert counts["RejectedSignals"] == statuses(body).count("rejected")


# Anything at all

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
odd_signals = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": anything, "type": anything, "source": anything},
    optional={"time": anything, "subject": anything, "data": anything, "data_base64": anything, "ext": anything},
)


@settings(max_examples=200, deadline=None)
@given(
    st.text() | (anything | odd_signals | st.lists(odd_signals | anything, max_size=4)).map(json.dumps),
    st.text(max_size=20),
)
def test_no_body_crashes_it_and_every_accepted_signal_is_published(body, user_agent):
    ingest = Ingest()
    status, answer = ingest.send(body, user_agent=user_agent)
    assert status in (202, 400, 413)
    accepted = [result["id"] for result in answer.get("results", ()) if result["status"] == "accepted"]
    assert accepted == [s["id"] for s in ingest.published]
    assert (status == 202) == bool(accepted)
