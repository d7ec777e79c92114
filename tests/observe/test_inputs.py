"""Signals as people write them."""

import json

import pytest

from signals.errors import Misuse
from signals.observe.inputs import batches, parse
from tests.support.hand_made import signal

ONE, TWO = signal("1"), signal("2", data={"text": "a\u2028b"})


@pytest.mark.parametrize(
    ("text", "signals"),
    [
        (json.dumps(ONE), [ONE]),
        (json.dumps(ONE, indent=2), [ONE]),
        (json.dumps([ONE, TWO]), [ONE, TWO]),
        (f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}\n", [ONE, TWO]),
        (f"{json.dumps(ONE)}\n", [ONE]),
        (f"{json.dumps(ONE)}\r\n{json.dumps(TWO, ensure_ascii=False)}", [ONE, TWO]),
    ],
    ids=["object", "object over lines", "array", "lines", "one line", "lines with every line end"],
)
def test_one_many_and_a_line_each_are_read(text: str, signals: list[object]) -> None:
    assert parse(text) == signals


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing to send"),
        ("  \n", "nothing to send"),
        ("[]", "the array is empty"),
        ("[1]", "item 1 of the array is not a CloudEvent but a number"),
        ("null", "the document is not a CloudEvent but null"),
        ('"x"', "the document is not a CloudEvent but a string"),
        ('{"id": "1"}\n{"id": }\n', "line 2, column 8: not JSON"),
        ('{"id": "1"}\n[1]\n', "line 2 is not a CloudEvent but an array"),
        ('{\n  "id": "1",\n  "type": oops\n}', "line 3, column 11: not JSON"),
        ('{"id": ', "line 1, column 8: not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(Misuse, match=says.replace("[", r"\[")):
        parse(text)


def test_a_signal_without_an_id_gets_one_so_that_sending_again_is_no_second_signal() -> None:
    [first, second] = parse(json.dumps([{"type": "t"}, {"type": "t", "id": "mine"}]))
    assert first["id"]
    assert second["id"] == "mine"


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_request_has_at_most_a_hundred_signals(count: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in batches([signal(str(n)) for n in range(count)])] == sizes


def test_a_request_stays_below_what_ingest_takes_at_once() -> None:
    large = [signal(str(n), data="x" * 300_000) for n in range(5)]
    assert [len(batch) for batch in batches(large)] == [3, 2]
    assert all(len(json.dumps(batch)) < 1_048_576 for batch in batches(large))
