"""The envelope of a signal: what is taken, and the typed reason of what is not."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.ingest.packed_batch import network_of
from handlers.shared.cloudevents import PLATFORM_ATTRIBUTES, problem_of
from handlers.shared.times import is_utc, timestamp, utc_text
from tests.handlers.support import signal


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"time": "2026-01-31T12:00:00Z", "subject": "c-1", "datacontenttype": "application/json"},
        {"dataschema": "https://example.com/order/1"},
        {"data": None},
        {"data": [1, "two", None]},
        {"data": None, "data_base64": "AAEC"},
        {"traceparent": "00-abc", "sampled": True, "sequence": 7},
        {"id": "x" * 128, "type": "t" * 128, "source": "s" * 256},
        {"type": "awsome.thing"},
    ],
)
def test_a_good_envelope_is_taken(changes):
    assert problem_of(signal(**({"identity": changes.pop("id")} if "id" in changes else {}), **changes)) is None


@pytest.mark.parametrize("name", ["time", "subject", "dataschema", "datacontenttype", "anextension", "data"])
def test_an_optional_attribute_that_is_null_counts_as_absent(name):
    assert problem_of({**signal(), name: None}) is None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"specversion": None}, "invalid_specversion"),
        ({"specversion": "0.3"}, "invalid_specversion"),
        ({"specversion": 1.0}, "invalid_specversion"),
        ({"id": ""}, "invalid_id"),
        ({"id": 7}, "invalid_id"),
        ({"id": "x" * 129}, "invalid_id"),
        ({"type": None}, "invalid_type"),
        ({"type": ""}, "invalid_type"),
        ({"type": ["t"]}, "invalid_type"),
        ({"type": "t" * 129}, "invalid_type"),
        ({"type": "aws.ec2"}, "invalid_type"),
        ({"source": None}, "invalid_source"),
        ({"source": ""}, "invalid_source"),
        ({"source": "s" * 257}, "invalid_source"),
        ({"time": "yesterday"}, "invalid_time"),
        ({"time": 1_700_000_000}, "invalid_time"),
        ({"subject": ""}, "invalid_attribute"),
        ({"subject": 5}, "invalid_attribute"),
        ({"dataschema": "x" * 1025}, "invalid_attribute"),
        ({"With-Hyphen": "x"}, "invalid_attribute"),
        ({"camelCase": "x"}, "invalid_attribute"),
        ({"ünicode": "x"}, "invalid_attribute"),
        ({"": "x"}, "invalid_attribute"),
        ({"ext": {"nested": 1}}, "invalid_attribute"),
        ({"ext": 1.5}, "invalid_attribute"),
        ({"data_base64": "AA=="}, "invalid_data"),
        ({"receivedat": "2026-01-01T00:00:00Z"}, "reserved_attribute"),
        ({"producer": "somebody-else"}, "reserved_attribute"),
    ],
)
def test_a_bad_envelope_has_a_reason(wrong, reason):
    problem = problem_of({**signal(), **wrong})
    assert problem is not None
    assert problem[0] == reason
    assert problem[1]


def test_data_base64_is_a_string():
    problem = problem_of({**signal(data=None), "data_base64": 7})
    assert problem is not None
    assert problem[0] == "invalid_data"


@pytest.mark.parametrize("thing", [None, 1, "signal", [], [signal()], True])
def test_what_is_no_object_is_no_signal(thing):
    problem = problem_of(thing)
    assert problem is not None
    assert problem[0] == "not_an_object"


@pytest.mark.parametrize("name", sorted(PLATFORM_ATTRIBUTES))
def test_a_client_cannot_say_what_only_the_platform_knows(name):
    assert problem_of({**signal(), name: "x"}) is not None


@pytest.mark.parametrize(
    ("sent", "utc"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31t12:00:00.5z", "2026-01-31T12:00:00.5Z"),
        ("2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00Z"),
        ("2026-01-31T23:30:59.123456789-05:30", "2026-02-01T05:00:59.123456789Z"),
        ("2026-03-01T00:00:00+01:00", "2026-02-28T23:00:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z"),
        ("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:60Z"),
        ("0999-12-31T12:00:00+01:00", "0999-12-31T11:00:00Z"),
        ("2026-02-29T00:00:00Z", None),
        ("2026-04-31T00:00:00Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-01-00T00:00:00Z", None),
        ("2026-01-01T24:00:00Z", None),
        ("2026-01-01T00:00:00", None),
        ("2026-01-01 00:00:00Z", None),
        ("2026-01-01", None),
        ("2026-W01-1T00:00:00Z", None),
        ("2026-01-01T00:00:00.Z", None),
        ("2026-01-01T00:00:00.1234567890Z", None),
        ("2026-01-01T00:00:00Z\n", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("0000-01-01T00:00:00Z", None),
        ("\u0662026-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_times_are_brought_to_utc_or_refused(sent, utc):
    assert utc_text(sent) == utc


@given(st.datetimes(timezones=st.timezones(), allow_imaginary=False))
def test_a_time_and_its_utc_text_are_the_same_instant(moment):
    text = moment.isoformat()
    utc = utc_text(text)
    # Historic zones have offsets with seconds, which RFC 3339 has not, and the first and last years may end in UTC.
    if utc is None:
        offset = moment.utcoffset()
        assert (offset and offset.seconds % 60) or moment.year in (1, 9999)
    else:
        assert datetime.fromisoformat(utc) == datetime.fromisoformat(text)
        assert is_utc(utc)
        assert utc_text(utc) == utc


def test_a_timestamp_has_milliseconds():
    assert timestamp(datetime(2026, 1, 1, 0, 0, 0, 7_999, tzinfo=UTC)) == "2026-01-01T00:00:00.007Z"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::1", "::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", None),
        ("somewhere", None),
    ],
)
def test_an_address_is_cut_to_its_network(address, network):
    assert network_of(address) == network
