"""A drill on a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from signals.model.report import DrillReport, Moment, offset
from signals.terminal.console import duration, out

_STYLE = {
    "fault": "bold red",
    "detected": "yellow",
    "routed": "bold blue",
    "healed": "bold green",
    "recovery": "cyan",
    "end": "bold",
    "step": "",
}
_BAR = " ▁▂▃▄▅▆▇█"
_BAR_WIDTH = 72


def print_moment(moment: Moment, console: Console = out) -> None:
    """Print a line of the timeline."""
    style = _STYLE[moment.kind]
    text = escape(moment.text)
    console.print(f"[dim]{offset(moment.seconds):>9}[/]  {f'[{style}]{text}[/]' if style else text}")


def print_report(report: DrillReport, console: Console = out) -> None:
    """Print traffic over time and the verdict; the timeline was printed as it happened."""
    for lane in report.lanes:
        console.print(f"\n[bold]{escape(lane.title)}[/]")
        for part in lane.parts:
            if any(part.counts):
                console.print(f"  {escape(part.name):>24}  {spark(part.counts)}  {sum(part.counts)}")
    console.print()
    verdict = report.verdict
    left = verdict.sent - verdict.acknowledged
    missing = f"{left:,} were never acknowledged, and their clients know" if left else "all, some after a retry"
    table = Table(show_header=False, show_edge=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    table.add_row("sent", f"{verdict.sent:,}", "")
    table.add_row("acknowledged", f"{verdict.acknowledged:,}", missing)
    table.add_row("delivered", f"{verdict.delivered:,}", "in the lake")
    table.add_row("duplicates", f"{verdict.duplicates:,}", "further copies with the same id")
    lost = "red" if verdict.lost else "green"
    table.add_row("lost", f"[bold {lost}]{verdict.lost:,}[/]", ", ".join(verdict.missing[:3]))
    for things, number in verdict.lost_to.items():
        together = "failed together" if " + " in things else "failed alone"
        table.add_row("lost to", f"[bold red]{number:,}[/]", f"{escape(things)}: {together}")
    for region, count in verdict.archived.items():
        table.add_row(f"archived in {region}", *(("-", "not counted") if count is None else (f"{count:,}", "")))
    for name, value in (("to detect", verdict.seconds_to_detect), ("to route", verdict.seconds_to_route)):
        if value is not None:
            table.add_row(f"seconds {name}", f"{value:,.1f}", "")
    if (seconds := verdict.seconds_to_recover) is not None:
        table.add_row(
            "to recover", duration(seconds), "from the end of the outage until its last signal was in the lake"
        )
    for consumer, count in verdict.undelivered.items():
        table.add_row(f"not with {consumer}", f"[bold red]{count:,}[/]", "acknowledged signals that it should have")
    console.print(table)
    for note in verdict.notes:
        console.print(f"[dim]{escape(note)}[/]")


def spark(counts: tuple[int, ...]) -> str:
    """Counts as a line of bars, at most 72 of them."""
    step = -(-len(counts) // _BAR_WIDTH)
    sums = [sum(counts[at : at + step]) for at in range(0, len(counts), step)]
    top = max(sums) or 1
    return "".join(_BAR[-(-value * (len(_BAR) - 1) // top)] for value in sums)
