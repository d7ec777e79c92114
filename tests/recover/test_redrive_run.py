"""One run over a queue: what it may not do twice, where it stops, and what it prints."""

import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from signals.cli.app import app
from signals.cli.views import recover as views
from signals.cli.views.recover import Outcomes
from signals.recover import redrive, sending
from signals.recover.failures import FailedMessage, FailureGroup, RedriveOutcome
from signals.recover.sending import Redriven
from signals.terminal import console
from tests.recover.support import ScriptedStack, arn
from tests.recover.test_estimate import Metrics
from tests.support.hand_made import PRIMARY

FUNCTION = arn("lambda", PRIMARY, "function:hand-made-enrichment:live")
QUEUE = "hand-made-enrichment-failed"


class Sqs:
    """A failure queue that hides what it gives out, for as long as it is told."""

    def __init__(self, count: int) -> None:
        self.lock = Lock()
        self.visible_at = {f"m-{number}": 0.0 for number in range(count)}
        self.sent_at = dict.fromkeys(self.visible_at, time.time() - 60)
        self.undeletable: set[str] = set()
        self.receives = 0

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> list[dict[str, list[str]]]:
        return [{"QueueUrls": [f"https://sqs/{QUEUE}"]}]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        visible = sum(at <= time.monotonic() for at in self.visible_at.values())
        counts = {
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(len(self.visible_at) - visible),
        }
        return {"Attributes": counts, "ResponseMetadata": {}}

    def receive_message(self, VisibilityTimeout: float, **_: Any) -> dict[str, Any]:  # noqa: N803
        with self.lock:
            self.receives += 1
            now = time.monotonic()
            found = [id_ for id_, at in self.visible_at.items() if at <= now][:10]
            self.visible_at.update(dict.fromkeys(found, now + VisibilityTimeout))
        return {"Messages": [self._message(id_) for id_ in found]}

    def _message(self, id_: str) -> dict[str, Any]:
        record = {"requestContext": {"functionArn": FUNCTION}, "requestPayload": {"id": id_}}
        sent = {"SentTimestamp": str(int(self.sent_at[id_] * 1000))}
        return {"MessageId": id_, "ReceiptHandle": id_, "Body": json.dumps(record), "Attributes": sent}

    def delete_message_batch(self, Entries: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        failed = []
        for entry in Entries:
            if entry["ReceiptHandle"] in self.undeletable:
                failed.append({"Id": entry["Id"]})
                self.undeletable.remove(entry["ReceiptHandle"])  # the next time it works
            else:
                del self.visible_at[entry["ReceiptHandle"]]
        return {"Failed": failed}

    def change_message_visibility_batch(self, Entries: Any, **_: Any) -> None:  # noqa: N803
        for entry in Entries:
            self.visible_at[entry["ReceiptHandle"]] = time.monotonic() + entry["VisibilityTimeout"]


class Function:
    """Takes every event that is not refused."""

    def __init__(self, refuses: Callable[[str], bool] = lambda _: False) -> None:
        self.got: list[str] = []
        self.refuses = refuses

    def invoke(self, Payload: bytes, **_: Any) -> dict[str, int]:  # noqa: N803
        id_ = json.loads(Payload)["id"]
        if self.refuses(id_):
            return {"StatusCode": 400}
        self.got.append(id_)
        return {"StatusCode": 202}


def start(stack: ScriptedStack, sqs: Sqs, function: Function, **options: Any) -> Redriven:
    stack.answers.update({"sqs": sqs, "lambda": function})
    return redrive.send(stack, PRIMARY, QUEUE, parallel=3, **options)


def test_what_is_accepted_and_cannot_be_deleted_is_not_sent_again_when_it_shows_again(
    scripted: ScriptedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, function = Sqs(200), Function()
    sqs.undeletable = {"m-3", "m-50"}
    monkeypatch.setattr(sending, "HIDDEN_S", 0.2)  # so that they show while it runs
    done = start(scripted, sqs, function, per_second=200)
    assert sorted(function.got) == sorted(f"m-{number}" for number in range(200))
    assert (done.sent, done.undeleted) == (200, 0), "at the end they are deleted"
    assert not sqs.visible_at


def test_what_is_refused_is_tried_once_a_run_and_shown_to_others_at_its_end(
    scripted: ScriptedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    sqs, function = Sqs(100), Function(lambda id_: id_.endswith("7") and not tries.append(id_))
    monkeypatch.setattr(sending, "HIDDEN_S", 0.2)
    done = start(scripted, sqs, function, per_second=100)
    assert (done.sent, done.failed) == (90, 10)
    assert sorted(tries) == sorted(f"m-{number}" for number in range(100) if number % 10 == 7)
    assert done.problems == (("Unknown", "NotQueued: Lambda answered 400", 10),)
    assert all(at <= time.monotonic() for at in sqs.visible_at.values())


def test_what_comes_while_it_runs_is_left_for_the_next_run(scripted: ScriptedStack) -> None:
    sqs, function = Sqs(20), Function()
    sqs.sent_at["m-4"] = time.time() + 30
    done = start(scripted, sqs, function)
    assert (done.sent, done.newer, done.remaining) == (19, 1, 1)
    assert "m-4" not in function.got


def test_it_stops_where_sqs_hides_no_more(scripted: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MOST_LEFT", 50)
    sqs = Sqs(1_000)
    done = start(scripted, sqs, Function(lambda _: True))
    assert done.full
    assert 50 <= done.failed < 50 + 3 * 10
    assert len(sqs.visible_at) == 1_000
    assert all(at <= time.monotonic() for at in sqs.visible_at.values())


def test_a_message_that_nobody_can_read_stays_and_the_others_go(scripted: ScriptedStack) -> None:
    class Odd(Sqs):
        def _message(self, id_: str) -> dict[str, Any]:
            found = super()._message(id_)
            return {**found, "Body": '{"requestContext": {}}'} if id_ == "m-5" else found

    outcomes: list[RedriveOutcome] = []
    done = start(scripted, Odd(20), Function(), on_outcome=outcomes.append)
    assert (done.sent, done.failed) == (19, 1)
    [problem] = [outcome.problem for outcome in outcomes if outcome.problem]
    assert "functionArn" in problem


def test_it_ends_when_the_chosen_ones_are_sent(scripted: ScriptedStack) -> None:
    sqs, function = Sqs(500), Function()
    start(scripted, sqs, function, ids=["m-2", "m-11"])
    assert sorted(function.got) == ["m-11", "m-2"]
    assert len(sqs.visible_at) == 498
    assert sqs.receives < 20, "not all of the queue was looked through"


def test_the_rate_is_kept_and_nothing_is_sent_while_it_holds(
    scripted: ScriptedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, function = Sqs(100), Function()
    began = time.monotonic()
    start(scripted, sqs, function, per_second=100)
    assert time.monotonic() - began > 0.8, "one hundred at 100 a second, the first ten at once"
    monkeypatch.setattr(sending, "_COUNT_S", 0.0)
    monkeypatch.setattr(sending, "_LOOK_S", 0.05)
    sqs, function = Sqs(300), Function()
    held: list[int] = []

    def hold() -> str | None:
        held.append(len(function.got))
        return "live signals come first" if len(held) < 10 else None

    said: list[str | None] = []
    start(scripted, sqs, function, per_second=300, hold=hold, on_progress=lambda now: said.append(now.waits))
    assert "live signals come first" in said
    assert held[9] - held[2] <= 3 * 10, "only what the workers had in hand"
    assert len(function.got) == 300


def test_the_command_keeps_to_what_a_quota_leaves_and_tells_what_it_did(
    scripted: ScriptedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signals.cli.commands.recover.load_stack", lambda _: scripted)
    sqs, function = Sqs(30), Function()
    scripted.answers.update({"sqs": sqs, "lambda": function, "cloudwatch": Metrics()})
    # 70 % of 40, for two consumers.
    options = ("--invocations-quota", "40", "--yes", "--json", "--summary")
    result = CliRunner().invoke(app, ["redrive", "send", QUEUE, *options])
    assert result.exit_code == 0, result.output
    done = json.loads(result.stdout)
    assert (done["sent"], done["failed"], len(function.got)) == (30, 0, 30)
    assert done["estimate"]["quota_per_second"] == pytest.approx(14)
    assert done["seconds"] > 1.2
    refused = CliRunner().invoke(app, ["redrive", "send", QUEUE], input="n\n")
    assert refused.exit_code == 1
    assert "about 0 messages" in refused.output, "the estimate comes before the question"


def test_outcomes_are_one_json_array_as_they_come_and_one_object_where_only_counts_are_wanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = {"id": "m", "body": "{}", "attributes": {}, "sent_at": datetime.now(UTC), "receive_count": "1"}
    message = FailedMessage(**base, receipt="r", region=PRIMARY, queue="q", reason="X", text="")  # type: ignore[arg-type]
    outcomes = [RedriveOutcome(message, "there", problem) for problem in (None, "no “way”\nback")]
    for count in (0, 1, 2):
        printed = Outcomes(json=True, summary=False)
        for outcome in outcomes[:count]:
            printed.add(outcome)
        printed.end(PRIMARY, "q", Redriven(sent=count), None, "test")
        streamed = capsys.readouterr().out
        console.print_json(outcomes[:count])
        assert streamed == capsys.readouterr().out
    printed = Outcomes(json=True, summary=True)
    printed.add(outcomes[0])
    printed.end(PRIMARY, "q", Redriven(sent=1, problems=(("X", "gone", 2),)), None, "test")
    found = json.loads(capsys.readouterr().out)
    assert (found["queue"], found["sent"]) == ("q", 1)
    assert found["problems"] == [{"reason": "X", "problem": "gone", "count": 2}]


@pytest.mark.parametrize(("counts", "said"), [((9_000, 999), False), ((9_000, 1_000), True)])
def test_a_list_that_is_cut_says_so(counts: tuple[int, ...], said: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(views, "out", Console(file=file, width=200))
    now = datetime.now(UTC)
    views.print_groups([FailureGroup(PRIMARY, QUEUE, f"R{count}", count, now, "") for count in counts], "test")
    assert (f"only 10,000 messages of {QUEUE}" in file.getvalue()) is said
