"""The command: exit codes, and one line for whatever goes wrong."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from typer.testing import CliRunner, Result

from components.errors import PlatformError, SettingsError
from signals.cli.app import app, explain
from signals.errors import LocalError, Misuse
from signals.model.clock import parse_duration
from signals.observe import apis
from signals.observe import send as sending
from signals.observe.send import Result as Sent
from signals.stack import Stack
from signals.terminal import console
from tests.support.hand_made import signal


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture(autouse=True)
def _plain_consoles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich binds the streams of its first use; the runner has others for each call."""
    for name in ("out", "err"):
        monkeypatch.setattr(getattr(console, name), "_file", None)


@pytest.fixture
def deployed(hand_made: Stack, project: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack `test` of `project`, deployed on the embedded AWS."""
    del project
    monkeypatch.setenv("SIGNALS_LOCAL_HOME", str(hand_made.home))
    return hand_made


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ("status", "--stack", "nope"),
            2,
            "there is no stack 'nope' (Pulumi.nope.yaml is missing): choose one of cloud",
        ),
        *(
            ((command, "--stack", "nope"), 2, "there is no stack 'nope' (Pulumi.nope.yaml is missing)")
            for command in ("record", "policy", "permissions", "preview", "drill")
        ),
        (("find", "x", "--stack", "test", "--since", "2 hours"), 2, "write a number and s, m, h or d"),
        (("send", "nowhere.json", "--stack", "test"), 2, "cannot read nowhere.json (No such file or directory)"),
        (("send", "-", "--stack", "cloud", "--url", "http://api"), 2, "a write key is needed"),
        (("send", "-", "--stack", "test", "--url", "http://x", "--region", "us-east-1"), 2, "give one of them"),
        (("send", "-", "--stack", "test"), 1, "run `signals up --stack test`"),
        (("send", "-", "--stack", "test", "--region", "eu-west-1"), 2, "choose us-west-2 or us-east-1"),
        (("send", "-", "--stack", "test", "--url", "http://127.0.0.1:9"), 1, "is the stack up (`signals up`)"),
        (("up", "--stack", "cloud", "--demo"), 2, "works on a stack with aws_endpoint only"),
        (("up", "--stack", "cloud", "--backend-key", "k"), 2, "--backend-key need --backend-bucket"),
        (("down", "--stack", "kept"), 2, "set protection: false in Pulumi.kept.yaml"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_what_cannot_be_done_ends_with_a_line_that_says_what_to_do(
    arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*arguments, stdin=json.dumps(signal("1")))
    assert (result.exit_code, result.stdout) == (code, "")
    assert says in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("project")
def test_a_stack_that_cannot_be_is_told_with_its_setting(project: Path) -> None:
    file = project / "Pulumi.test.yaml"
    file.write_text(file.read_text().replace("us-east-1", "us-west-2"))
    result = run("status", "--stack", "test")
    assert result.exit_code == 2
    assert "signals:settings regions: primary and secondary are both us-west-2" in result.stderr


@pytest.mark.usefixtures("project")
def test_without_an_engine_up_says_how_to_get_one_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    result = run("up", "--stack", "test")
    assert result.exit_code == 1
    assert "neither the pulumi nor the terraform CLI was found: install one" in result.stderr
    assert "terraform/install" in result.stderr
    assert not (project / "home").exists()
    assert "the pulumi CLI was not found" in run("up", "--stack", "test", "--engine", "pulumi").stderr


@pytest.mark.usefixtures("project")
def test_down_is_fine_when_nothing_runs() -> None:
    result = run("down", "--stack", "test")
    assert (result.exit_code, result.stdout) == (0, "nothing was running\n")


def test_find_ends_with_1_only_when_the_signal_is_nowhere(deployed: Stack) -> None:
    del deployed
    nowhere = run("find", "nowhere", "--stack", "test", "--json")
    assert (nowhere.exit_code, json.loads(nowhere.stdout)["places"]) == (1, [])
    found = run("find", "everywhere", "--stack", "test", "--json")
    assert found.exit_code == 0
    assert [place["kind"] for place in json.loads(found.stdout)["places"]] == ["archive", "lake"]
    assert (
        "s3://hand-made-lake-000000000000-us-west-2/signals/dt=" in run("find", "everywhere", "--stack", "test").stdout
    )


def test_status_for_people_shows_the_messages_in_failure_queues(deployed: Stack) -> None:
    del deployed
    result = run("status", "--stack", "test")
    assert result.exit_code == 0
    for text in ("us-west-2 (primary) active", "us-east-1 (secondary)", "orders-dlq: 2", "sends to us-west-2"):
        assert text in result.stdout


def test_send_ends_with_1_unless_every_signal_was_accepted(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    del deployed
    results = [Sent("1", True, 202, {"result": "accepted"}), Sent("2", False, 202, {"message": "type is missing"})]
    monkeypatch.setattr(sending, "send", lambda *_args, **_options: iter(results))
    mixed = run("send", "-", "--stack", "test", stdin=json.dumps([signal("1"), signal("2")]))
    assert mixed.exit_code == 1
    assert "refused: type is missing" in mixed.stdout
    assert "1 of 2 accepted" in mixed.stderr
    results.pop()
    good = run("send", "-", "--stack", "test", "--json", stdin=json.dumps(signal("1")))
    assert (good.exit_code, json.loads(good.stdout)["accepted"]) == (0, 1)


def test_the_local_write_key_is_only_for_the_local_stack(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    del deployed
    monkeypatch.setattr(apis, "url_for", lambda *_: "http://api")
    used: list[str] = []
    monkeypatch.setattr(sending, "send", lambda *_args, **options: used.append(options["key"]) or iter(()))
    run("send", "-", "--stack", "test", stdin=json.dumps(signal("1")))
    run("send", "-", "--stack", "cloud", "--key", "mine", stdin=json.dumps(signal("1")))
    assert used == ["local-write-key", "mine"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NoCredentialsError(), "no AWS credentials: sign in"),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetQueueUrl"), "AWS refused GetQueueUrl"),
        (LocalError("port 8080 is taken: stop what listens there"), "port 8080 is taken"),
    ],
)
def test_errors_of_others_are_told_in_one_line(error: Exception, says: str) -> None:
    told = explain(error)
    assert told is not None
    assert told[0].startswith(says)
    assert told[1] == 1


def test_a_bug_keeps_its_traceback() -> None:
    assert explain(KeyError("x")) is None


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800)])
def test_durations_are_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


def tree(error: type[PlatformError]) -> Iterator[type[PlatformError]]:
    yield error
    for below in error.__subclasses__():
        yield from tree(below)


@pytest.mark.parametrize("error", sorted(set(tree(PlatformError)), key=lambda error: error.__name__))
def test_every_error_of_the_tree_is_told_with_its_exit_code(error: type[PlatformError]) -> None:
    code = 2 if issubclass(error, Misuse | SettingsError) else 1
    assert explain(error("what to do")) == ("what to do", code)
