"""Each element of the recorded `prod` stack taken away or made wrong, one at a time; generated, not listed.

A policy rule must see it, or a test of the components; both run in this process, which takes half a second each. What
such a fault would lose, the model's own tests say (tests/model/test_wrong_settings.py).
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from components import resource_types as types
from policies import rules  # noqa: F401 - makes them known
from policies.rule import violations
from policies.view import recorded
from signals.recording.iam import as_list
from signals.recording.record import record
from signals.recording.resources import Recording, Resource
from tests.mutants.faults import ROOT
from tests.mutants.runner import BaselineError, Outcome
from tests.support import recordings

Inputs = dict[str, Any]
Change = Callable[[Inputs], object]

_REGIONS = ("us-west-2", "us-east-1")
_OTHER = dict(zip(_REGIONS, reversed(_REGIONS), strict=True))
# The last part of each type's token; and what is wrong with a property that has been changed to this.
_WRONG: Mapping[str, Mapping[str, Any]] = {
    types.QUEUE: {"messageRetentionSeconds": 60, "visibilityTimeoutSeconds": 1, "redrivePolicy": None},
    types.TARGET: {"retryPolicy": None, "deadLetterConfig": None, "roleArn": None, "inputPath": None},
    types.RULE: {"state": "DISABLED", "eventPattern": '{"source": ["nobody"]}'},
    types.ARCHIVE: {"retentionDays": 1, "eventPattern": '{"source": ["nobody"]}'},
    types.FUNCTION: {"timeout": 1, "reservedConcurrentExecutions": 0},
    types.MAPPING: {"enabled": False, "functionResponseTypes": None},
    types.ASYNC_CONFIG: {"destinationConfig": None, "maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60},
    types.PERMISSION: {"principal": "sns.amazonaws.com", "sourceArn": "arn:aws:events:us-west-2:444455556666:rule/no"},
    types.SCHEDULE: {"state": "DISABLED", "scheduleExpression": "rate(1 hour)"},
    types.BUCKET_VERSIONING: {"versioningConfiguration": {"status": "Suspended"}},
    types.ALARM: {"alarmActions": None, "threshold": 1e9, "actionsEnabled": False, "treatMissingData": "ignore"},
    types.ENDPOINT: {"replicationConfig": {"state": "DISABLED"}, "roleArn": None},
    types.TABLE: {"replicas": None, "pointInTimeRecovery": None},
}


@dataclass(frozen=True)
class Mutation:
    """One change of one resource."""

    id: str
    says: str
    apply: Callable[[Recording], Recording]


def mutations(base: Recording) -> list[Mutation]:
    """Every mutation of a recording, by the resources' names."""
    needed = {(ref.type, ref.name) for resource in base.all for ref in resource.references()}
    resources = [r for r in base.all if r.custom and not r.is_provider and r.region]
    found = [each for r in resources for each in _of(r, removable=(r.type, r.name) not in needed)]
    assert len({each.id for each in found}) == len(found)
    return sorted(found, key=lambda each: each.id)


def judge(wanted: Sequence[Mutation], base: Recording) -> Iterator[Outcome]:
    """What sees each of them.

    Raises:
        BaselineError: Something is seen in the recording as it is.
    """
    unchanged = seen_by(base)
    if unchanged:
        raise BaselineError(unchanged)
    for mutation in wanted:
        by = seen_by(mutation.apply(base))
        yield Outcome(mutation.id, "caught" if by else "survived", by or "policies, tests/components")


def _of(resource: Resource, *, removable: bool) -> Iterator[Mutation]:
    """The mutations of a resource; what another refers to cannot be missing, the program would not run."""
    name = f"{resource.type.rpartition(':')[2]} {resource.name}"
    if removable:
        yield Mutation(
            f"recorded: {name} removed",
            f"there is no {name}",
            lambda recording: replace(recording, all=tuple(r for r in recording.all if r.urn != resource.urn)),
        )
    if resource.options.get("protect"):
        kept = {key: value for key, value in resource.options.items() if key != "protect"}
        yield Mutation(
            f"recorded: {name} unprotected",
            f"{name} is not protected",
            lambda recording: _with(recording, resource, replace(resource, options=kept)),
        )
    for what, change in _changes(resource):
        inputs = copy.deepcopy(dict(resource.inputs))
        change(inputs)
        if inputs != resource.inputs:
            yield _changed(f"recorded: {name} {what}", f"{name} has {what}", resource, inputs)


def _changed(id: str, says: str, resource: Resource, inputs: Inputs) -> Mutation:
    return Mutation(id, says, lambda recording: _with(recording, resource, replace(resource, inputs=inputs)))


def _with(recording: Recording, old: Resource, new: Resource) -> Recording:
    return replace(recording, all=tuple(new if r.urn == old.urn else r for r in recording.all))


def _changes(resource: Resource) -> Iterator[tuple[str, Change]]:
    """What can be wrong with a resource, and how it is made so."""
    for key, value in _WRONG.get(resource.type, {}).items():
        yield f"{key} {'unset' if value is None else json.dumps(value)}", _setting(key, value)
    document = types.known(resource.type).policy.partition("/")[0]
    if document:
        for what, wrong in _documents(json.loads(resource.inputs[document])):
            yield f"{document}: {what}", _setting(document, json.dumps(wrong))
    match resource.type:
        case types.FUNCTION:
            yield from _environments(resource)
        case types.BUCKET_LIFECYCLE:
            for place, rule in enumerate(resource.inputs["rules"]):
                yield f"expires {rule['id']} after a day", _expiring(place)


def _setting(key: str, value: Any) -> Change:
    def change(inputs: Inputs) -> None:
        if value is not None:
            inputs[key] = value
        elif inputs.get(key):  # without it, an empty list is no other resource
            del inputs[key]

    return change


def _expiring(place: int) -> Change:
    return lambda inputs: inputs["rules"][place].update(expiration={"days": 1})


def _environments(resource: Resource) -> Iterator[tuple[str, Change]]:
    for key, value in resource.inputs["environment"]["variables"].items():
        if key != "LOG_LEVEL":
            yield f"without {key}", lambda inputs, key=key: inputs["environment"]["variables"].pop(key)
        for region in (region for region in _REGIONS if region in value):
            elsewhere = value.replace(region, _OTHER[region])
            yield f"{key} in {_OTHER[region]}", _in_environment(key, elsewhere)


def _in_environment(key: str, value: str) -> Change:
    return lambda inputs: inputs["environment"]["variables"].update({key: value})


def _documents(document: Inputs) -> Iterator[tuple[str, Inputs]]:
    """Copies of an IAM document without one statement, action, resource or service."""
    statements = document["Statement"]
    for place, statement in enumerate(statements):
        what = statement.get("Sid") or ", ".join(as_list(statement["Action"]))
        yield f"no {what} ({place + 1})", {**document, "Statement": statements[:place] + statements[place + 1 :]}
        for key in ("Action", "Resource"):
            parts = as_list(statement.get(key))
            for number, part in enumerate(parts if len(parts) > 1 else ()):
                wrong = {**statement, key: parts[:number] + parts[number + 1 :]}
                named = part if key == "Action" else f"resource {number + 1} of {what}"
                yield f"no {named} ({place + 1})", _replaced(document, place, wrong)
        if isinstance(statement.get("Principal"), dict):
            wrong = {**statement, "Principal": {"Service": "glue.amazonaws.com"}}
            yield f"{what} by glue ({place + 1})", _replaced(document, place, wrong)


def _replaced(document: Inputs, place: int, statement: Inputs) -> Inputs:
    return {**document, "Statement": [statement if n == place else s for n, s in enumerate(document["Statement"])]}


def seen_by(recording: Recording) -> str:
    """What sees something wrong with a recording of `prod`; empty for nothing."""
    return _by_policies(recording) or _by_components(recording)


def _by_policies(recording: Recording) -> str:
    try:
        found = violations(recorded(recording))
    except Exception as error:  # noqa: BLE001 - a rule that cannot read the stack stops its deployment too
        return f"policies: {error!r}"
    return found[0].rule.id if found else ""


class _OnlyOfProd:
    """Runs those tests that look at `prod` and nothing else, until one fails."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._looks_at_prod(item)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    @staticmethod
    def _looks_at_prod(item: pytest.Item) -> bool:
        stack = item.callspec.params.get("platform") if hasattr(item, "callspec") else None
        return stack == "prod" or (stack is None and "prod" in getattr(item, "fixturenames", ()))


_unchanged = cache(record)


def _by_components(recording: Recording) -> str:
    tests, before = _OnlyOfProd(), recordings.record
    recordings.record = lambda stack: recording if stack == "prod" else _unchanged(stack)
    command = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(ROOT / "tests" / "components")]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            ended = pytest.main(
                [*command, "--ignore", str(ROOT / "tests" / "components" / "packaging")], plugins=[tests]
            )
    finally:
        recordings.record = before
    return tests.failed or (f"pytest ended with {ended}" if ended else "")
