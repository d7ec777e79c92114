"""`signals replay` when there is nothing to do, and a plan as people read it."""

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from signals.cli.app import app
from signals.cli.views import recover as views
from signals.observe.archives import ArchiveWindow
from signals.recover import storage
from signals.recover.plan import Plan, slices
from signals.stack import load_stack
from signals.terminal import console

END = datetime(2026, 11, 1, 12, tzinfo=UTC)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--stack", "cloud"])


@pytest.fixture(autouse=True)
def _stacks(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signals.stack.FOLDERS", project / "stacks")
    for name in ("out", "err"):
        monkeypatch.setattr(getattr(console, name), "_file", None)


def planned(hours: float, usd: float = 0.0) -> Plan:
    start = END - timedelta(hours=hours)
    return Plan(
        stack="cloud",
        id="a-plan",
        outage_start=start,
        outage_end=END,
        ongoing=False,
        found_by="as told",
        start=start,
        end=END,
        whole=False,
        slices=tuple(slices("hand-made-return", [(start, END)])),
        archives={"us-east-1": ArchiveWindow(events=1, size_bytes=1, exact=False, how="")},
        duplicates=None,
        signals=None,
        drained_per_second=200,
        backlog_limit=1_000,
        put_events_limit=None,
        ready_at=END,
        duration_s=1,
        cost_usd={"replay": usd},
        notes=("replication retries for 24 h and the outage took 5.0 h: it delivers by itself",),
    )


def save(plan: Plan) -> None:
    storage.save(load_stack("cloud"), f"replay-{plan.id}", plan.as_json())


@pytest.mark.parametrize("command", ["watch", "start"])
def test_with_nothing_planned_a_replay_says_how_to_plan_one(command: str) -> None:
    result = run("replay", command)
    assert (result.exit_code, result.stdout) == (2, "")
    line = "no replay of stack 'cloud' is planned on this machine: run `signals replay plan --stack cloud` first"
    assert result.stderr == f"signals: {line}\n"


@pytest.mark.parametrize("command", ["watch", "start"])
def test_a_plan_that_does_not_exist_is_told_with_those_that_do(command: str) -> None:
    save(planned(5))
    result = run("replay", command, "another")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no plan 'another': choose one of a-plan" in result.stderr


def test_watching_a_plan_that_replays_nothing_says_so_and_compares_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(planned(0))
    compared: list[str] = []
    monkeypatch.setattr("signals.cli.commands.recover._watch", lambda _, plan, json: compared.append(plan.id))  # noqa: ARG005
    result = run("replay", "watch")
    assert (result.exit_code, compared) == (0, ["a-plan"])
    assert "plan a-plan replays nothing (replication retries for 24 h" in result.stderr
    assert "`signals replay plan --whole --stack cloud`" in result.stderr


def test_with_no_replay_running_there_is_nothing_to_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signals.recover.replay.cancel", lambda _: [])
    result = run("replay", "cancel")
    assert (result.exit_code, result.stdout) == (
        0,
        "no replay of stack 'cloud' is running: there is nothing to cancel\n",
    )


@pytest.mark.parametrize(("usd", "cost"), [(1.5, "about $1.50 up to"), (0.001, "less than $0.01 up to")])
def test_a_plans_cost_is_said_to_be_about_once(usd: float, cost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(views, "out", Console(file=file, width=200))
    views.print_plan(planned(30, usd))
    assert cost in file.getvalue()
    assert not re.search(r"\b(\w+) \1\b", file.getvalue()), "a word twice in a row"


def shown(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> str:
    file = io.StringIO()
    monkeypatch.setattr(views, "out", Console(file=file, width=200))
    views.print_plan(plan)
    return file.getvalue()


def test_a_plan_says_hours_and_what_limits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    speed = {"duration_s": 39.5 * 3_600, "events_per_second": 142.0, "limit": "EventBridge's, 18,750 a second"}
    text = shown(planned(30).model_copy(update=speed), monkeypatch)
    assert "takes   about 39.5 h at 142 events a second (EventBridge's, 18,750 a second)" in text


@pytest.mark.parametrize(
    ("binding", "way"), [("invocations", " with --invocations-quota\n"), ("lambda_concurrency", " plan again\n")]
)
def test_a_plan_that_cannot_be_done_says_so_and_what_to_raise(
    binding: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = {"feasible": False, "events_per_second": None, "binding": binding, "limit": "A QUOTA"}
    text = shown(planned(30).model_copy(update={**none, "live_share": {binding: 0.93, "other": 2}}), monkeypatch)
    assert "cannot be done on these quotas: live signals take 93% of A QUOTA" in text
    assert way in text
    assert "events a second" not in text
