"""Who may assume each role: the service that uses it, and for this account alone where the service says for whom."""

import json

from components.resource_types import ENDPOINT, FUNCTION, ROLE, SCHEDULE, STREAM, TARGET
from signals.recording.resources import Recording
from tests.support.reading import referred, role_statements

# What uses a role: the type, where it names the role, and as which service.
USERS = (
    (FUNCTION, ("role",), "lambda"),
    (STREAM, ("extendedS3Configuration", "roleArn"), "firehose"),
    (TARGET, ("roleArn",), "events"),
    (ENDPOINT, ("roleArn",), "events"),
    (SCHEDULE, ("target", "roleArn"), "scheduler"),
)


def _users(recording: Recording) -> dict[str, set[str]]:
    """The services that use each role, by the role's name."""
    found: dict[str, set[str]] = {}
    for type_, path, service in USERS:
        for resource in recording.resources(type_):
            value = resource.inputs
            for key in path:
                value = value.get(key, {})
            if value:
                found.setdefault(referred(recording, str(value)).name, set()).add(f"{service}.amazonaws.com")
    return found


def test_each_role_is_assumed_by_the_one_service_that_uses_it_and_by_nobody_else(platform: Recording) -> None:
    users = _users(platform)
    assert set(users) == {role.name for role in platform.resources(ROLE)}
    for role in platform.resources(ROLE):
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert (trust["Effect"], trust["Action"]) == ("Allow", "sts:AssumeRole")
        assert {trust["Principal"]["Service"]} == users[role.name], role.name


def test_only_the_scheduler_says_for_whom_it_acts_and_then_only_for_this_account(platform: Recording) -> None:
    # EventBridge Scheduler User Guide, "Confused deputy prevention"; the other services' guides document no such key
    # for these roles, and a condition on a key that is not sent locks the service out.
    accounts = {str(r.account) for r in platform.resources(ROLE)}
    assert len(accounts) == 1
    for role in platform.resources(ROLE):
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        scheduled = trust["Principal"]["Service"] == "scheduler.amazonaws.com"
        expected = {"StringEquals": {"aws:SourceAccount": accounts.copy().pop()}} if scheduled else None
        assert trust.get("Condition") == expected, role.name


# What each function puts (tests/handlers/test_wiring.py looks at the code) is what its role may put.
SOURCES = {
    "ingest": "signals.ingest",
    "republish": "signals.ingest",
    "return_path": "signals.ingest",
    "enrichment": "signals",
    "canary": "signals.probe",
}


def test_a_function_may_put_events_of_the_source_that_it_puts_and_of_no_other(platform: Recording) -> None:
    seen = set()
    for function in platform.resources(FUNCTION):
        folder = function.inputs["handler"].split(".")[1]
        role = referred(platform, function.inputs["role"])
        put = [s for s in role_statements(platform, role.name) if "events:PutEvents" in s["Action"]]
        wanted = {"StringEquals": {"events:source": SOURCES[folder]}} if folder in SOURCES else None
        assert [s.get("Condition") for s in put] == ([wanted] if wanted else []), function.name
        seen.add(folder)
    assert seen >= set(SOURCES)
