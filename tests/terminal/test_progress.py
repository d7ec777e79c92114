"""What a command shows of its progress, with and without a terminal."""

import io

from rich.console import Console

from signals.terminal.progress import Progress


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def plain(file: io.StringIO) -> Console:
    return Console(file=file, width=200)


def terminal(file: io.StringIO) -> Console:
    return Console(file=file, width=100, force_terminal=True, color_system=None)


def test_without_a_terminal_a_changing_line_is_printed_about_every_ten_seconds() -> None:
    file, clock = io.StringIO(), Clock()
    with Progress(plain(file), clock) as progress:
        progress.phase("reading the replays")
        for clock.now in range(0, 26, 5):
            progress.show(f"{clock.now} events")
            progress.show(f"{clock.now} events")
    assert file.getvalue().splitlines() == [
        "[0:00] reading the replays …",
        "[0:10]   still: 10 events",
        "[0:20]   still: 20 events",
    ]


def test_a_phase_ends_under_its_title_whatever_was_shown_last() -> None:
    file = io.StringIO()
    with Progress(terminal(file), Clock()) as progress:
        progress.phase("following the replay")
        progress.show("100 events")
    assert file.getvalue().rstrip().endswith("✓ following the replay 0:00")


def test_a_note_stays_and_says_after_how_many_seconds_it_came() -> None:
    for console in (plain, terminal):
        file, clock = io.StringIO(), Clock()
        with Progress(console(file), clock) as progress:
            progress.phase("moving the endpoint")
            clock.now = 12.34
            progress.note("a probe entered at us-east-1")
        assert "  12.3 s  a probe entered at us-east-1\n" in file.getvalue()


def test_quiet_shows_nothing() -> None:
    for console in (plain, terminal):
        file, clock = io.StringIO(), Clock()
        with Progress(console(file), clock, quiet=True) as progress:
            progress.phase("moving the endpoint")
            clock.now = 60
            progress.note("a probe entered at us-east-1")
            progress.tick()
        assert file.getvalue() == ""


def test_a_paused_display_leaves_the_terminal_alone_and_comes_back() -> None:
    file = io.StringIO()
    console = terminal(file)
    with Progress(console, Clock()) as progress:
        progress.phase("pulumi preview")
        with progress.paused():
            file.seek(0)
            file.truncate()
            progress.tick()
            assert file.getvalue() == ""
        assert "pulumi preview" in file.getvalue()
    assert file.getvalue().rstrip().endswith("✓ pulumi preview 0:00")


def test_only_the_three_resources_that_take_longest_are_shown() -> None:
    progress = Progress(terminal(io.StringIO()), Clock())
    progress.phase("terraform apply")
    progress.expect(5)
    for name in ("a" * 90, *"bcde"):
        progress.started(name)
    progress.finished("b")

    file = io.StringIO()
    terminal(file).print(progress._display.get_renderable())
    assert "1 of 5 resources" in file.getvalue()
    assert [line.split()[0] for line in file.getvalue().splitlines()] == ["terraform", "a" * 90, "c", "d"]
