"""`signals prune` and `signals rollback` on the embedded AWS: what is removed, what stays, and where an alias goes."""

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from components.settings import load_settings
from signals.cli.app import app
from signals.deploy import versions
from signals.errors import Failed, Misuse
from signals.local import process
from signals.recording.iam import as_list
from signals.recording.record import record
from signals.review.permissions.policy import policies
from signals.stack import Stack
from signals.stack_files import stack_settings
from signals.terminal import console
from tests.support.embedded import Aws
from tests.support.hand_made import PRIMARY, SECONDARY, SETTINGS


@pytest.fixture
def aws(embedded: process.Local) -> Aws:
    return Aws(embedded.aws_url)


@pytest.fixture
def stack(embedded: process.Local, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack of its own on the embedded AWS, which commands find whatever it is called."""
    raw = {**SETTINGS, "name": f"v{uuid.uuid4().hex[:8]}", "aws_endpoint": embedded.aws_url}
    found = Stack("test", load_settings(raw), raw, embedded.home)
    monkeypatch.setattr("signals.cli.commands.versions.load_stack", lambda _name: found)
    for name in ("out", "err"):
        monkeypatch.setattr(getattr(console, name), "_file", None)
    return found


def function(stack: Stack, name: str = "ingest") -> str:
    return f"{stack.settings.name}-{name}"


def archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("index.py", text)
    return buffer.getvalue()


def deploy(aws: Aws, name: str, upto: int, region: str = PRIMARY) -> None:
    """As that many deployments leave a function: as many versions, and the alias at the newest."""
    client = aws("lambda", region)
    try:
        published = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    except ClientError:
        aws.function(name, "def handler(event, context): return 1", region)
        published = "1"
    for number in range(int(published) + 1, upto + 1):
        client.update_function_code(FunctionName=name, ZipFile=archive(f"def handler(e, c): return {number}"))
        client.publish_version(FunctionName=name)
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=str(number))


def numbers(aws: Aws, name: str, region: str = PRIMARY) -> list[int]:
    pages = aws("lambda", region).get_paginator("list_versions_by_function").paginate(FunctionName=name)
    return sorted(int(v["Version"]) for page in pages for v in page["Versions"] if v["Version"] != "$LATEST")


def alias(aws: Aws, name: str, region: str = PRIMARY) -> str:
    return str(aws("lambda", region).get_alias(FunctionName=name, Name="live")["FunctionVersion"])


def answer(aws: Aws, name: str, region: str = PRIMARY) -> Any:
    return json.loads(aws("lambda", region).invoke(FunctionName=f"{name}:live")["Payload"].read())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_old_versions_go_in_both_regions_and_the_aliass_and_the_one_before_stay(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 5)
    deploy(aws, function(stack), 3, SECONDARY)
    deploy(aws, function(stack, "enrichment"), 1)
    done = run("prune", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    removed = {(r["version"]["region"], r["version"]["function"], r["version"]["number"]) for r in said["removed"]}
    assert removed == {
        *((PRIMARY, function(stack), number) for number in (1, 2, 3)),
        (SECONDARY, function(stack), 1),
    }
    assert {version["number"]: version["kept"] for version in said["kept"] if version["region"] == SECONDARY} == {
        2: "the last one before live's",
        3: "the alias live names it",
    }
    assert (numbers(aws, function(stack)), numbers(aws, function(stack), SECONDARY)) == ([4, 5], [2, 3])
    assert numbers(aws, function(stack, "enrichment")) == [1]
    assert (answer(aws, function(stack)), alias(aws, function(stack))) == (5, "5")


def test_there_is_nothing_to_remove_the_second_time_nor_in_a_stack_that_is_not_deployed(aws: Aws, stack: Stack) -> None:
    assert "nothing removed: 0 versions stay" in run("prune").output
    deploy(aws, function(stack), 4)
    assert "removed 2 versions, 2 stay" in run("prune").output
    done = run("prune")
    assert (done.exit_code, "nothing removed: 2 versions stay" in done.output) == (0, True)


def test_a_dry_run_shows_what_would_go_and_removes_nothing(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 4)
    done = run("prune", "--dry-run")
    assert f"{PRIMARY}  {function(stack)}: versions 1, 2 of 4" in done.output
    assert "2 versions can be removed, 2 stay" in done.output
    said = json.loads(run("prune", "--dry-run", "--json").stdout)
    assert ([version["number"] for version in said["removable"]], said["removed"]) == ([1, 2], [])
    assert numbers(aws, function(stack)) == [1, 2, 3, 4]


def test_after_a_rollback_the_newer_version_stays_for_the_next_deployment(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 5)
    aws("lambda").update_alias(FunctionName=function(stack), Name="live", FunctionVersion="3")
    assert run("prune").exit_code == 0
    assert numbers(aws, function(stack)) == [2, 3, 4, 5]


def test_what_another_alias_names_or_gives_a_share_stays(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 8)
    weights = {"AdditionalVersionWeights": {"5": 0.1}}
    aws("lambda").create_alias(FunctionName=function(stack), Name="trial", FunctionVersion="3", RoutingConfig=weights)
    assert run("prune").exit_code == 0
    assert numbers(aws, function(stack)) == [2, 3, 4, 5, 7, 8]


def test_a_function_without_the_alias_keeps_all_its_versions(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 4)
    aws("lambda").delete_alias(FunctionName=function(stack), Name="live")
    assert run("prune").exit_code == 0
    assert numbers(aws, function(stack)) == [1, 2, 3, 4]


def test_a_neighbours_functions_are_left_alone(aws: Aws, stack: Stack) -> None:
    neighbour = f"{stack.settings.name}-dev-ingest"
    deploy(aws, neighbour, 4)
    deploy(aws, function(stack), 3)
    assert run("prune").exit_code == 0
    assert (numbers(aws, neighbour), numbers(aws, function(stack))) == ([1, 2, 3, 4], [2, 3])


def test_a_version_that_an_alias_came_to_name_meanwhile_is_kept_by_aws_and_is_said(
    aws: Aws, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(aws, function(stack), 4)
    found = versions.versions(stack)
    aws("lambda").update_alias(FunctionName=function(stack), Name="live", FunctionVersion="1")
    monkeypatch.setattr(versions, "versions", lambda _stack: found)
    done = run("prune", "--json")
    assert done.exit_code == 1
    problems = {r["version"]["number"]: r["problem"] for r in json.loads(done.stdout)["removed"]}
    assert problems[1].startswith("ResourceConflictException")
    assert problems[2] is None
    assert numbers(aws, function(stack)) == [1, 3, 4]


def test_every_deletion_names_a_version(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 5)
    requests: list[dict[str, Any]] = []
    events = stack.aws.client("lambda", PRIMARY).meta.events
    events.register("provide-client-params.lambda.DeleteFunction", lambda params, **_: requests.append(params))
    list(versions.prune(stack, versions.versions(stack)))
    assert [request["Qualifier"] for request in requests] == ["1", "2", "3"]
    nameless = versions.Version(PRIMARY, function(stack), 0, "", 0, None)
    with pytest.raises(ValueError, match="0 is no version"):
        list(versions.prune(stack, [nameless]))
    assert numbers(aws, function(stack)) == [4, 5]


def test_a_rollback_shows_the_difference_then_moves_the_alias_and_says_what_up_does(aws: Aws, stack: Stack) -> None:
    client, name = aws("lambda"), function(stack)
    aws.function(name, "def handler(event, context): return 1", Environment={"Variables": {"A": "x", "KEY": "secret"}})
    client.update_function_configuration(
        FunctionName=name, MemorySize=256, Environment={"Variables": {"B": "y", "KEY": "other secret"}}
    )
    deploy(aws, name, 2)
    done = run("rollback", "ingest")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"{name} in {PRIMARY}: version 2 to 1"
    for line in (
        "  MemorySize: 256 -> 128",
        "  variable A: is not set -> is set",
        "  variable B: is set -> is not set",
    ):
        assert line in lines
    assert "  variable KEY: one value -> another value" in lines
    assert "secret" not in done.output
    assert any(line.startswith("  CodeSha256: ") for line in lines)
    assert lines.index(f"{name} in {PRIMARY} is at version 1") > lines.index("  MemorySize: 256 -> 128")
    assert "The next `signals up --stack local`, or merge to main, moves forward again" in lines[-1]
    assert (alias(aws, name), answer(aws, name)) == ("1", 1)


def test_both_regions_go_back_each_by_its_own_count_and_the_primary_last(aws: Aws, stack: Stack) -> None:
    name = function(stack)
    deploy(aws, name, 5)
    deploy(aws, name, 3, SECONDARY)
    said = json.loads(run("rollback", name, "--json").stdout)
    assert [(step["region"], step["now"], step["then"]) for step in said["moved"]] == [
        (SECONDARY, 3, 2),
        (PRIMARY, 5, 4),
    ]
    assert {"what": "published"}.items() <= said["moved"][0]["changes"][0].items()
    assert (alias(aws, name), alias(aws, name, SECONDARY)) == ("4", "2")


def test_one_region_goes_back_to_a_version_by_number_with_all_of_its_traffic(aws: Aws, stack: Stack) -> None:
    name = function(stack)
    deploy(aws, name, 4)
    deploy(aws, name, 2, SECONDARY)
    weights = {"AdditionalVersionWeights": {"3": 0.5}}
    aws("lambda").update_alias(FunctionName=name, Name="live", FunctionVersion="4", RoutingConfig=weights)
    assert run("rollback", "ingest", "--region", PRIMARY, "--to", "2").exit_code == 0
    assert (alias(aws, name), alias(aws, name, SECONDARY)) == ("2", "2")
    routing = aws("lambda").get_alias(FunctionName=name, Name="live").get("RoutingConfig", {})
    assert not routing.get("AdditionalVersionWeights")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["nothing"], "has no function 'nothing': name one of"),
        (["ingest", "--region", "eu-west-1"], "is not in eu-west-1"),
        (["ingest", "--to", "1"], "each Region counts versions by itself"),
    ],
)
@pytest.mark.usefixtures("stack")
def test_what_cannot_be_asked_is_wrong_usage(arguments: list[str], refusal: str) -> None:
    done = run("rollback", *arguments)
    assert (done.exit_code, refusal in done.output) == (2, True)


def test_what_cannot_be_gone_back_to_is_refused_and_nothing_moves(aws: Aws, stack: Stack) -> None:
    name = function(stack)
    with pytest.raises(Failed, match="has no alias live"):
        versions.rollback_steps(stack, "ingest")
    deploy(aws, name, 1)
    done = run("rollback", "ingest")
    assert (done.exit_code, "has no version before 1" in done.output) == (1, True)
    deploy(aws, name, 2)
    for number, refusal in ((7, "has no version 7: it has 1, 2"), (2, "names version 2 already")):
        with pytest.raises(Failed, match=refusal):
            versions.rollback_steps(stack, "ingest", region=PRIMARY, number=number)
    with pytest.raises(Misuse):
        versions.rollback_steps(stack, "ingest", number=1)
    assert alias(aws, name) == "2"


def test_a_version_that_cannot_be_invoked_is_refused(aws: Aws, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one whose SnapStart snapshot failed, or was dropped because nobody invoked it."""
    deploy(aws, function(stack), 2)
    client = stack.aws.client("lambda", PRIMARY)
    read = client.get_function

    def inactive(**request: Any) -> Any:
        found = read(**request)
        if request["Qualifier"] == "1":
            found["Configuration"] |= {"State": "Inactive", "StateReason": "it was idle"}
        return found

    monkeypatch.setattr(client, "get_function", inactive)
    with pytest.raises(Failed, match=r"version 1 of \S+ in us-west-2 is Inactive \(it was idle\): invoke it once"):
        versions.rollback_steps(stack, "ingest")


def test_an_alias_that_a_deployment_moved_meanwhile_is_not_moved_back(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 2)
    (step,) = versions.rollback_steps(stack, "ingest", region=PRIMARY)
    deploy(aws, function(stack), 3)
    with pytest.raises(Failed, match="was moved by someone else meanwhile"):
        versions.rollback(stack, step)
    assert alias(aws, function(stack)) == "3"


def test_a_protected_stack_on_aws_needs_yes(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = {key: value for key, value in SETTINGS.items() if key not in ("aws_endpoint", "functions")}
    kept = Stack("kept", load_settings({**raw, "protection": True, "alarm_topics": "none"}))
    monkeypatch.setattr("signals.cli.commands.versions.load_stack", lambda _name: kept)
    old = versions.Version(PRIMARY, "hand-made-ingress", 1, "", 0, None)
    monkeypatch.setattr(versions, "versions", lambda _stack: [old])
    step = versions.Step(PRIMARY, function(stack), 2, 1, (), "r")
    monkeypatch.setattr(versions, "rollback_steps", lambda *_, **__: [step])
    for arguments in (["prune"], ["rollback", "ingest"]):
        done = run(*arguments)
        assert (done.exit_code, "is protected: add --yes" in done.output) == (2, True)


def test_interrupted_it_says_what_was_removed_and_ends_with_130(
    aws: Aws, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(aws, function(stack), 4)
    remove, calls = versions._delete, []

    def interrupted(*arguments: Any) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(arguments)
        remove(*arguments)

    monkeypatch.setattr(versions, "_delete", interrupted)
    done = run("prune", "--json")
    assert done.exit_code == 130
    assert [r["version"]["number"] for r in json.loads(done.stdout)["removed"]] == [1]
    monkeypatch.undo()
    assert numbers(aws, function(stack)) == [2, 3, 4]


def test_the_role_that_deploys_may_prune_and_roll_back(aws: Aws, stack: Stack) -> None:
    deploy(aws, function(stack), 4)
    called: set[str] = set()
    for region in stack.regions:
        events = stack.aws.client("lambda", region).meta.events
        events.register("before-call.lambda", lambda model, **_: called.add(f"lambda:{model.name}"))
    assert run("prune").exit_code == run("rollback", "ingest").exit_code == 0
    found = policies(record("prod"), load_settings(stack_settings("prod")))
    allowed = {
        action
        for document in found.values()
        for statement in document["Statement"]
        if any(":function:signals-prod-*" in resource for resource in as_list(statement["Resource"]))
        for action in as_list(statement["Action"])
    }
    assert {"lambda:DeleteFunction", "lambda:UpdateAlias"} <= called <= allowed
