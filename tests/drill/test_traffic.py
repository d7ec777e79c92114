"""Clients send at a steady rate, retry, and record what was acknowledged."""

import time
from collections.abc import Sequence

from signals.drill.traffic import Answer, Traffic
from signals.observe.inputs import Signal


def test_a_signal_keeps_its_id_until_it_is_acknowledged() -> None:
    seen: list[list[str]] = []

    def post(entry_point: str, signals: Sequence[Signal]) -> Answer:
        ids = [signal["id"] for signal in signals]
        seen.append(ids)
        return Answer(frozenset() if len(seen) == 1 else frozenset(ids), entry_point)

    traffic = Traffic(["west"], post, rate=50, gather_s=0.05)
    traffic.start()
    time.sleep(0.7)
    traffic.stop()
    assert seen[0], "something was sent"
    assert seen[1][: len(seen[0])] == seen[0], "the same again, first"
    assert traffic.ledger.sent.keys() == traffic.ledger.acknowledged.keys()
    assert [number for _, number in traffic.ledger.refusals] == [len(seen[0])]


def test_only_what_was_refused_is_sent_again() -> None:
    times: dict[str, int] = {}

    def post(entry_point: str, signals: Sequence[Signal]) -> Answer:
        for signal in signals:
            times[signal["id"]] = times.get(signal["id"], 0) + 1
        even = frozenset(s["id"] for s in signals if s["data"]["number"] % 2 == 0 or times[s["id"]] > 1)
        return Answer(even, entry_point)

    traffic = Traffic(["west", "east"], post, rate=40, gather_s=0.05)
    traffic.start()
    time.sleep(0.6)
    traffic.stop()
    assert {int(identity[-6:]) % 2 for identity, number in times.items() if number == 2} == {1}
    assert {int(identity[-6:]) % 2 for identity, number in times.items() if number == 1} == {0}


def test_a_client_gives_up_when_its_patience_is_over() -> None:
    traffic = Traffic(["west"], lambda entry_point, _: Answer(frozenset(), entry_point), rate=20, gather_s=0.05)
    traffic.start()
    time.sleep(0.2)
    began = time.monotonic()
    traffic.stop(patience_s=0.3)
    assert time.monotonic() - began < 1.5
    assert traffic.ledger.sent
    assert not traffic.ledger.acknowledged


def test_the_rate_is_kept_whatever_a_request_takes() -> None:
    def post(entry_point: str, signals: Sequence[Signal]) -> Answer:
        time.sleep(0.2)
        return Answer(frozenset(signal["id"] for signal in signals), entry_point)

    traffic = Traffic(["west"], post, rate=30, gather_s=0.05)
    traffic.start()
    time.sleep(1.0)
    traffic.stop()
    assert 12 <= len(traffic.ledger.acknowledged) <= 30
