"""Reading JSON so that nothing in it changes silently."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.ingest.http import RefusedRequestError
from handlers.ingest.request_signals import is_faithful, parse, refuse_ambiguity


def written(body: bytes) -> bytes:
    return orjson.dumps(orjson.loads(body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"NaN",
        b'{"a":Infinity}',
        b'{"a":1e400}',
        b'"\\ud800"',
        b'"\xff"',
        b'\xef\xbb\xbf{"a":1}',
        b"[" * 2_000 + b"]" * 2_000,
        b"{'a':1}",
        b'{"a":1}{"b":2}',
        b'{"a":1,}',
    ],
)
def test_what_is_no_json_is_refused_saying_so(body):
    with pytest.raises(RefusedRequestError, match="the body is not JSON"):
        parse(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"a":1,"a":1}', "'a' appears twice"),
        (b'[{"x":[{"deep":1,"b":2,"deep":3}]}]', "'deep' appears twice"),
        (b'{"a":1,"\\u0061":2}', "'a' appears twice"),
        (b'{"a":1,"a":"\\u0022"}', "'a' appears twice"),
        (b'{"n":18446744073709551616}', "does not fit 64 bits"),
        (b'{"n":-9223372036854775809}', "does not fit 64 bits"),
        (b'{"n":' + b"9" * 6_000 + b"}", "not JSON|does not fit"),
    ],
)
def test_what_would_not_be_passed_on_as_sent_is_refused_saying_why(body, message):
    with pytest.raises(RefusedRequestError, match=message):
        parsed = parse(body)
        assert not is_faithful(body, orjson.dumps(parsed))
        refuse_ambiguity(body)


@pytest.mark.parametrize(
    "body", [b'{"n":18446744073709551615}', b'{"n":-9223372036854775808}', b'{"n":1e30}', b"[1.50]"]
)
def test_numbers_that_fit_are_taken(body):
    refuse_ambiguity(body)


def test_what_is_nested_too_deeply_is_refused():
    with pytest.raises(RefusedRequestError, match="too deep"):
        refuse_ambiguity(b"[" * 100_000 + b"]" * 100_000)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), inner)
    ),
    max_leaves=12,
)


@given(json_values, st.booleans(), st.sampled_from([None, 2]))
def test_faithful_means_that_the_slow_parser_reads_the_same(value, ensure_ascii, indent):
    body = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent).encode()
    if is_faithful(body, written(body)):
        refuse_ambiguity(body)
        assert json.loads(written(body)) == json.loads(body)


@given(
    st.dictionaries(
        st.sampled_from(["a", 'b"', "é", "u0022"]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\")),
        min_size=1,
    )
)
def test_a_name_twice_is_never_taken_for_faithful(value):
    name, *_ = value
    for escape in (True, False):
        twice = json.dumps(name, ensure_ascii=escape) + ':"again",'
        body = ("{" + twice + json.dumps(value, ensure_ascii=not escape)[1:]).encode()
        for variant in (body, body.replace(b'\\"', b"\\u0022")):
            assert not is_faithful(variant, written(variant))
            with pytest.raises(RefusedRequestError, match="twice"):
                refuse_ambiguity(variant)


def test_json_as_clients_write_it_needs_no_second_look():
    signal = {"id": "1", "data": {"text": 'say "hi", é', "n": 1.5, "big": 2**53}}
    for body in (json.dumps(signal), json.dumps(signal, ensure_ascii=False), json.dumps(signal, indent=2)):
        assert is_faithful(body.encode(), orjson.dumps(signal))
