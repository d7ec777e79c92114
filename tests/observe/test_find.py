"""Finding a signal wherever it is."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from signals.observe.find import Found, find
from signals.observe.lake import unpacked
from signals.observe.location import signal_in
from signals.stack import Stack
from tests.support.hand_made import PRIMARY, SECONDARY, signal

HOUR = timedelta(hours=1)


def kinds(found: Found) -> set[tuple[str, str]]:
    return {(place.region, place.kind) for place in found.places}


@pytest.mark.parametrize(
    ("signal_id", "places"),
    [
        ("everywhere", {(SECONDARY, "archive"), (PRIMARY, "lake")}),
        ("in-archive", {(SECONDARY, "archive")}),
        ("bad", {(PRIMARY, "quarantine")}),
        ("waiting", {(PRIMARY, "spool")}),
        ("undelivered", {(PRIMARY, "dlq")}),
        ("crashed", {(PRIMARY, "dlq")}),
        ("nowhere", set()),
    ],
)
def test_a_signal_is_found_in_every_place_that_holds_it(
    hand_made: Stack, signal_id: str, places: set[tuple[str, str]]
) -> None:
    assert kinds(find(hand_made, signal_id, since=HOUR)) == places


def test_looking_takes_nothing_from_a_queue(hand_made: Stack) -> None:
    sqs = hand_made.aws.client("sqs", PRIMARY)
    url = sqs.get_queue_url(QueueName="hand-made-spool")["QueueUrl"]

    def received() -> int:
        [message] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0, AttributeNames=["ApproximateReceiveCount"])[
            "Messages"
        ]
        return int(message["Attributes"]["ApproximateReceiveCount"])

    before = received()
    for _ in range(3):
        assert find(hand_made, "waiting", since=HOUR).places
    assert received() == before + 1, "others of this session's tests receive from it too"


def test_a_quarantined_signal_says_why(hand_made: Stack) -> None:
    [place] = find(hand_made, "bad", since=HOUR).places
    assert (place.where, place.note) == ("hand-made-quarantine", "schema")


def test_the_lake_is_read_no_further_back_than_asked(hand_made: Stack) -> None:
    assert not find(hand_made, "old", since=HOUR).places
    [place] = find(hand_made, "old", since=timedelta(days=3650)).places
    assert place.where.endswith("signals/dt=2026-01-01/hour=00/part-1.json.gz")


def test_a_place_carries_the_signal_as_it_is_there(hand_made: Stack) -> None:
    [lake] = find(hand_made, "everywhere", since=HOUR).of("lake")
    assert lake.content == signal("everywhere", enrichedregion=PRIMARY)


def test_an_event_that_came_in_elsewhere_is_a_copy(hand_made: Stack) -> None:
    [place] = find(hand_made, "in-archive", since=HOUR).places
    assert place.note == "entered here"


@pytest.mark.parametrize(
    "document",
    [
        signal("x"),
        {"signals": [signal("w"), signal("x")]},
        {"detail-type": "t", "detail": signal("x"), "id": "event"},
        {"Detail": json.dumps({"signals": [signal("x")]})},
        {"requestPayload": {"detail": signal("x")}},
        [signal("w"), signal("x")],
    ],
)
def test_a_signal_is_recognised_in_every_wrapping(document: Any) -> None:
    assert signal_in(document, "x") == signal("x")


@pytest.mark.parametrize(
    "document",
    [
        {"id": "x", "detail-type": "Signal Batch", "type": "", "detail": signal("w")},
        signal("w", data={"id": "x", "type": "not a signal of its own"}),
        "x",
        None,
    ],
)
def test_an_events_own_id_and_ids_inside_data_are_not_the_signals(document: Any) -> None:
    assert signal_in(document, "x") is None


def test_an_object_that_was_unpacked_on_the_way_is_read_too() -> None:
    plain = b'{"id":"x"}\n{"id":"y"}\n'
    assert unpacked(plain) == unpacked(gzip.compress(plain)) == plain
