"""A drill as an SVG for light and dark pages: traffic over time by outcome and Region, and the moments marked."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from signals.model.report import DrillReport, Lane, Moment, offset

_WIDTH, _LEFT, _RIGHT = 960, 40, 40
_PLOT = _WIDTH - _LEFT - _RIGHT
_HEAD, _LANE, _GAP, _LINE, _FIGURES = 132, 84, 44, 22, 64
_LEGEND_CHARACTERS, _BADGE = 112, 20
_TICKS = 8
_NICE_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 432_000)

_STYLE = Path(__file__).with_name("picture.css").read_text("utf-8")


def draw(report: DrillReport) -> str:
    """The picture of a drill; the same report always makes the same text."""
    start = min([0.0, *(moment.seconds for moment in report.moments)])
    end = max(report.duration_s, *(moment.seconds for moment in report.moments), start + 1.0)
    axis = _Axis(start, end)
    marked = [moment for moment in report.moments if moment.kind != "step"]
    lanes_height = len(report.lanes) * (_LANE + _GAP)
    legend_y = _HEAD + lanes_height + 44
    height = legend_y + len(marked) * _LINE + _FIGURES + 24
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title about">'
        ),
        f'<title id="title">Drill {escape(report.scenario)}: {report.verdict.lost} lost</title>',
        f'<desc id="about">{escape(report.about)}</desc>',
        f"<style>\n{_STYLE}</style>",
        f'<rect class="paper" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="10"/>',
        *_head(report),
        *_outage(report, axis, lanes_height),
    ]
    for number, lane in enumerate(report.lanes):
        parts += _lane(lane, axis, report.bucket_s, _HEAD + _GAP + number * (_LANE + _GAP))
    parts += _axis(axis, _HEAD + lanes_height)
    parts += _marks(marked, axis, _HEAD + lanes_height)
    parts += _legend(marked, legend_y)
    parts += _figures(report, legend_y + len(marked) * _LINE + 16)
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """Seconds to pixels."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self.start_s, self.end_s = start_s, end_s

    def x(self, seconds: float) -> float:
        share = (seconds - self.start_s) / (self.end_s - self.start_s)
        return _LEFT + _PLOT * min(max(share, 0.0), 1.0)

    def ticks(self) -> Iterator[float]:
        step = next((s for s in _NICE_S if (self.end_s - self.start_s) / s <= _TICKS), _NICE_S[-1])
        at = -(-self.start_s // step) * step
        while at <= self.end_s:
            yield at
            at += step


def _head(report: DrillReport) -> Iterator[str]:
    verdict = report.verdict
    outcome = "wrong" if verdict.lost else "right"
    yield f'<text class="ink title" x="{_LEFT}" y="46">{escape(_short(report.scenario, 48))}</text>'
    yield f'<text class="soft" x="{_LEFT}" y="70">{escape(_short(report.about, 100))}</text>'
    when = f"{report.began:%Y-%m-%d %H:%M} UTC" if report.began else "in the model"
    taken = offset(report.duration_s)[1:]
    yield f'<text class="soft" x="{_LEFT}" y="90">stack {escape(report.stack)}, {when}, took {taken}</text>'
    yield f'<text class="big {outcome}" x="{_WIDTH - _RIGHT}" y="54">{verdict.lost:,} lost</text>'
    yield f'<text class="soft end" x="{_WIDTH - _RIGHT}" y="90">of {verdict.acknowledged:,} acknowledged</text>'


def _outage(report: DrillReport, axis: _Axis, lanes_height: int) -> Iterator[str]:
    if report.outage and report.outage[1] > report.outage[0]:
        left, right = (axis.x(at) for at in report.outage)
        width = right - left
        yield f'<rect class="outage" x="{left:.1f}" y="{_HEAD}" width="{width:.1f}" height="{lanes_height + 8}"/>'


def _lane(lane: Lane, axis: _Axis, bucket_s: float, top: int) -> Iterator[str]:
    """Stacked bars, one for each bucket."""
    shown = [part for part in lane.parts if any(part.counts)]
    yield f'<text class="ink name" x="{_LEFT}" y="{top - 10}">{escape(lane.title)}</text>'
    x = _LEFT + 8 + 7.4 * len(lane.title)
    for part in shown:
        yield f'<rect class="{part.role}" x="{x + 14:.1f}" y="{top - 20}" width="11" height="11" rx="2"/>'
        label = f"{part.name} {sum(part.counts):,}"
        yield f'<text class="soft" x="{x + 30:.1f}" y="{top - 10}">{escape(label)}</text>'
        x += 44 + 6.9 * len(label)
    length = max((len(part.counts) for part in shown), default=0)
    totals = [sum(part.counts[at] for part in shown if at < len(part.counts)) for at in range(length)]
    highest = max(totals, default=0) or 1
    bottom = top + _LANE
    for at in range(length):
        left, right, y = axis.x(at * bucket_s), axis.x((at + 1) * bucket_s), float(bottom)
        for part in shown:
            if at < len(part.counts) and part.counts[at]:
                bar = part.counts[at] * _LANE / highest
                y -= bar
                yield (
                    f'<rect class="{part.role}" x="{left + 0.5:.1f}" y="{y:.1f}" '
                    f'width="{max(right - left - 1, 0.5):.1f}" height="{bar:.1f}"/>'
                )
    yield f'<path class="rule" d="M{_LEFT} {bottom}.5H{_WIDTH - _RIGHT}"/>'
    yield f'<text class="soft end" x="{_WIDTH - _RIGHT}" y="{top - 10}">most: {highest:,} in {bucket_s:g} s</text>'


def _axis(axis: _Axis, y: int) -> Iterator[str]:
    yield f'<path class="rule" d="M{_LEFT} {y}.5H{_WIDTH - _RIGHT}"/>'
    for at in axis.ticks():
        x = axis.x(at)
        yield f'<path class="rule" d="M{x:.1f} {y}v5"/>'
        yield f'<text class="soft middle" x="{x:.1f}" y="{y + 20}">{offset(at)}</text>'


def _marks(marked: Sequence[Moment], axis: _Axis, bottom: int) -> Iterator[str]:
    """A line at each moment and its number above, moved aside where two would overlap."""
    places, least = [], float(_LEFT)
    for moment in marked:
        least = max(axis.x(moment.seconds), least)
        places.append(least)
        least += _BADGE
    most = float(_WIDTH - _RIGHT)
    for at in reversed(range(len(places))):
        places[at] = min(places[at], most)
        most = places[at] - _BADGE
    for number, (moment, place) in enumerate(zip(marked, places, strict=True), 1):
        x, y = axis.x(moment.seconds), _HEAD - 16
        yield f'<path class="mark" fill="none" d="M{place:.1f} {y}L{x:.1f} {_HEAD}V{bottom}"/>'
        yield _badge(number, moment, place, y)


def _badge(number: int, moment: Moment, x: float, y: float) -> str:
    return (
        f'<circle class="badge {moment.kind}" cx="{x:.1f}" cy="{y:.1f}" r="9"/>'
        f'<text class="number" x="{x:.1f}" y="{y + 4:.1f}">{number}</text>'
    )


def _legend(marked: Sequence[Moment], top: int) -> Iterator[str]:
    for number, moment in enumerate(marked, 1):
        y = top + (number - 1) * _LINE
        yield _badge(number, moment, _LEFT + 9, y)
        yield f'<text class="soft end" x="{_LEFT + 96}" y="{y + 4}">{offset(moment.seconds)}</text>'
        text = escape(_short(moment.text, _LEGEND_CHARACTERS))
        yield f'<text class="ink" x="{_LEFT + 110}" y="{y + 4}">{text}</text>'


def _figures(report: DrillReport, top: int) -> Iterator[str]:
    verdict = report.verdict
    figures = [
        ("acknowledged", f"{verdict.acknowledged:,}"),
        ("delivered", f"{verdict.delivered:,}"),
        ("duplicates", f"{verdict.duplicates:,}"),
        ("seconds to detect", _number(verdict.seconds_to_detect)),
        ("seconds to route", _number(verdict.seconds_to_route)),
    ]
    yield f'<path class="rule" d="M{_LEFT} {top - 8}.5H{_WIDTH - _RIGHT}"/>'
    for place, (name, value) in enumerate(figures):
        x = _LEFT + place * _PLOT / len(figures)
        yield f'<text class="ink figure" x="{x:.1f}" y="{top + 22}">{value}</text>'
        yield f'<text class="soft" x="{x:.1f}" y="{top + 42}">{name}</text>'


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
