"""Every number that the README publishes, measured on this machine: `make bench`."""

from rich.console import Console
from rich.table import Table

from signals.tools.bench import functions, packaging, recording


def main() -> None:
    table = Table("measured here", "", box=None, header_style="bold")
    console = Console()
    with console.status("measuring, about two minutes …"):
        for topic in (functions, packaging, recording):
            for what, figure in topic.run():
                table.add_row(what, figure)
    console.print(table)


if __name__ == "__main__":
    main()
