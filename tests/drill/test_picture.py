"""The picture: XML that any reader takes, the same for the same drill, and true to the numbers."""

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from signals.drill.picture import draw
from signals.model.report import Moment
from tests.support.drill_report import REPORT

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_xml_and_the_same_every_time() -> None:
    ElementTree.fromstring(draw(REPORT))
    assert draw(REPORT) == draw(replace(REPORT))


def test_it_stands_alone_and_reads_in_the_dark() -> None:
    picture = draw(REPORT)
    assert "prefers-color-scheme:dark" in picture
    assert "<script" not in picture
    assert "href" not in picture
    assert picture.count("http") == 1, "nothing but the namespace"


def test_bars_are_as_tall_as_what_they_count() -> None:
    root = ElementTree.fromstring(draw(REPORT))
    bars = [r for r in root.iter(f"{SVG}rect") if r.get("class") in ("primary", "bad") and not r.get("rx")]
    tall = {(r.get("class"), float(r.get("height", 0))) for r in bars}
    assert tall == {("primary", 42.0), ("primary", 21.0), ("bad", 21.0), ("bad", 84.0)}


def test_badges_never_lie_on_each_other_nor_outside() -> None:
    root = ElementTree.fromstring(draw(REPORT))
    badges = [c for c in root.iter(f"{SVG}circle") if float(c.get("cy", 0)) < 132]
    places = [float(c.get("cx", 0)) for c in badges]
    assert len(places) == 5
    assert all(later - earlier >= 20 for earlier, later in pairwise(places))
    assert places[0] >= 40
    assert places[-1] <= 920


@pytest.mark.parametrize(("delivered", "said", "mood"), [(10, "0 lost", "right"), (7, "3 lost", "wrong")])
def test_the_verdict_is_the_largest_thing_and_red_when_it_is_bad(delivered: int, said: str, mood: str) -> None:
    root = ElementTree.fromstring(draw(replace(REPORT, verdict=replace(REPORT.verdict, delivered=delivered))))
    [big] = [text for text in root.iter(f"{SVG}text") if "big" in (text.get("class") or "")]
    assert (big.text, (big.get("class") or "").split()[-1]) == (said, mood)


def test_a_drill_of_days_without_lanes_is_drawn_too() -> None:
    days = replace(REPORT, lanes=(), duration_s=40 * 3600, outage=(0, 30 * 3600), moments=(Moment(-60, "a", "fault"),))
    root = ElementTree.fromstring(draw(days))
    ticks = [text.text for text in root.iter(f"{SVG}text") if "middle" in (text.get("class") or "")]
    assert 2 <= len(ticks) <= 9
    assert "+6:00:00" in ticks
