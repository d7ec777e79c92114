"""`signals drill`: what it refuses, what `--model` prints, and a report on a terminal."""

import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from signals.cli.app import app
from signals.cli.views.drill import print_moment, print_report, spark
from signals.model.scenarios import SCENARIOS
from tests.support.drill_report import REPORT


def drill(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["drill", *arguments], env={"SIGNALS_WRITE_KEY": ""})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scenario", "earthquake"], "there is no scenario 'earthquake': choose one of primary-eventbridge-down"),
        (["--scenario", "region"], "the embedded AWS cannot rehearse primary-region-down: add --model"),
        (["--stack", "prod", "--scenario", "slow-lake"], "no fault is injected on AWS: leave --scenario out"),
        (["--stack", "prod", "--scenario", "all"], "no fault is injected on AWS: leave --scenario out"),
        (["--stack", "prod", "--scenario", "inverted"], "give --yes to do that"),
        (["--stack", "prod", "--yes"], "a write key is needed"),
        (["--model", "--outage", "soon"], "'soon' is not a duration"),
        (["--model", "--scenario", "earthquake"], "there is no scenario 'earthquake'"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_before_anything_is_touched(arguments: list[str], says: str) -> None:
    result = drill(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_the_help_names_every_scenario() -> None:
    help_text = " ".join(drill("--help").stdout.split())
    assert [name for name in SCENARIOS if name not in help_text] == []


def test_the_models_verdict_is_json_and_a_loss_is_exit_code_1(tmp_path: Path) -> None:
    picture = tmp_path / "drill.svg"
    result = drill("--model", "--stack", "prod", "--outage", "30h", "--no-replay", "--json", "--svg", str(picture))
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert set(found) == {
        *("stack", "scenario", "about", "began", "duration_s", "moments", "lanes", "verdict", "bucket_s", "outage")
    }
    assert set(found["verdict"]) == {
        *("sent", "acknowledged", "delivered", "duplicates", "archived", "seconds_to_detect", "seconds_to_route"),
        *("seconds_to_recover", "undelivered", "lost_to", "missing", "notes", "lost"),
    }
    assert found["scenario"] in SCENARIOS
    assert found["verdict"]["lost"] > 0
    assert found["verdict"]["lost_to"] == {"eventbridge us-west-2": found["verdict"]["lost"]}
    assert found["outage"] == [0, 108_000]
    ElementTree.fromstring(picture.read_text())


def shown(report: object) -> str:
    console = Console(file=io.StringIO(), width=140)
    print_report(report, console)  # type: ignore[arg-type]
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_person_reads_what_is_lost_and_which() -> None:
    verdict = replace(REPORT.verdict, delivered=9, missing=("the-lost-one",), archived={"us-east-1": None})
    text = shown(replace(REPORT, verdict=verdict))
    assert "the-lost-one" in text
    assert "not counted" in text
    assert "2 were never acknowledged" in text


def test_a_moments_text_is_no_markup() -> None:
    console = Console(file=io.StringIO(), width=140)
    print_moment(replace(REPORT.moments[1], text="[bold]x[/]"), console)
    assert "[bold]x[/]" in console.file.getvalue()  # type: ignore[attr-defined]


def test_bars_fit_their_width() -> None:
    assert spark((0, 1, 8)) == " ▁█"
    assert len(spark(tuple(range(1000)))) <= 72
