"""A drill as an SVG for light and dark pages: traffic over time by outcome and Region, and the moments marked."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from xml.sax.saxutils import escape

from signals.model.report import DrillReport, DrillVerdict, Lane, Moment, offset

_WIDTH, _LEFT, _RIGHT = 960, 40, 40
_PLOT = _WIDTH - _LEFT - _RIGHT
_HEAD, _LANE, _GAP, _LINE, _FIGURES = 132, 84, 44, 22, 64
_LEGEND_CHARACTERS, _BADGE = 112, 20
_TICKS = 8
_NICE_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 432_000)

_STYLE = Path(__file__).with_name("picture.css").read_text("utf-8")


def draw(report: DrillReport) -> str:
    """The picture of a drill; the same report always makes the same text."""
    axis = _Axis(report)
    marked = [moment for moment in report.moments if moment.kind != "step"]
    bottom = _HEAD + len(report.lanes) * (_LANE + _GAP)
    legend_y = bottom + 44
    figures_y = legend_y + len(marked) * _LINE + 16
    height = figures_y + _FIGURES + 8
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
    ]
    if report.outage and report.outage[1] > report.outage[0]:
        left, right = (axis.x(at) for at in report.outage)
        place = f'x="{left:.1f}" y="{_HEAD}" width="{right - left:.1f}" height="{bottom - _HEAD + 8}"'
        parts.append(f'<rect class="outage" {place}/>')
    for number, lane in enumerate(report.lanes):
        parts += _lane(lane, axis, report.bucket_s, _HEAD + _GAP + number * (_LANE + _GAP))
    parts += _axis(axis, bottom)
    parts += _moments(marked, axis, bottom, legend_y)
    parts += _figures(report.verdict, figures_y)
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """Seconds to pixels."""

    def __init__(self, report: DrillReport) -> None:
        seconds = [moment.seconds for moment in report.moments]
        self.start_s = min([0.0, *seconds])
        self.end_s = max(report.duration_s, *seconds, self.start_s + 1.0)

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


def _lane(lane: Lane, axis: _Axis, bucket_s: float, top: int) -> Iterator[str]:
    """Stacked bars, one for each bucket."""
    shown = [part for part in lane.parts if any(part.counts)]
    legend = "".join(
        f'<tspan class="{part.role}" dx="14">■</tspan> {escape(part.name)} {sum(part.counts):,}' for part in shown
    )
    title = f'<tspan class="ink name">{escape(lane.title)}</tspan>'
    yield f'<text class="soft" x="{_LEFT}" y="{top - 10}">{title}{legend}</text>'
    stacks = list(zip_longest(*(part.counts for part in shown), fillvalue=0))
    highest = max(map(sum, stacks), default=1)
    bottom = top + _LANE
    for at, stack in enumerate(stacks):
        left, right, y = axis.x(at * bucket_s), axis.x((at + 1) * bucket_s), float(bottom)
        for part, count in zip(shown, stack, strict=True):
            if count:
                bar = count * _LANE / highest
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


def _moments(marked: Sequence[Moment], axis: _Axis, bottom: int, legend_y: int) -> Iterator[str]:
    """A line at each moment, its number above, moved aside where two would overlap, and below what happened."""
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
        above, y = _HEAD - 16, legend_y + (number - 1) * _LINE
        yield f'<path class="mark" fill="none" d="M{place:.1f} {above}L{axis.x(moment.seconds):.1f} {_HEAD}V{bottom}"/>'
        for badge_x, badge_y in ((place, above), (_LEFT + 9, y)):
            yield f'<circle class="badge {moment.kind}" cx="{badge_x:.1f}" cy="{badge_y}" r="9"/>'
            yield f'<text class="number" x="{badge_x:.1f}" y="{badge_y + 4}">{number}</text>'
        yield f'<text class="soft end" x="{_LEFT + 96}" y="{y + 4}">{offset(moment.seconds)}</text>'
        text = escape(_short(moment.text, _LEGEND_CHARACTERS))
        yield f'<text class="ink" x="{_LEFT + 110}" y="{y + 4}">{text}</text>'


def _figures(verdict: DrillVerdict, top: int) -> Iterator[str]:
    figures = {
        "acknowledged": f"{verdict.acknowledged:,}",
        "delivered": f"{verdict.delivered:,}",
        "duplicates": f"{verdict.duplicates:,}",
        "seconds to detect": "-" if verdict.seconds_to_detect is None else f"{verdict.seconds_to_detect:,.1f}",
        "seconds to route": "-" if verdict.seconds_to_route is None else f"{verdict.seconds_to_route:,.1f}",
    }
    yield f'<path class="rule" d="M{_LEFT} {top - 8}.5H{_WIDTH - _RIGHT}"/>'
    for place, (name, value) in enumerate(figures.items()):
        x = _LEFT + place * _PLOT / len(figures)
        yield f'<text class="ink figure" x="{x:.1f}" y="{top + 22}">{value}</text>'
        yield f'<text class="soft" x="{x:.1f}" y="{top + 42}">{name}</text>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
