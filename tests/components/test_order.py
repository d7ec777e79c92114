"""Nothing gets events before it may do what it does with them, and it goes before its permissions do.

Pulumi and Terraform make a resource after all that it depends on, and delete it before.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from components import resource_types as types
from components.parts.references import Reference
from signals.recording.record import record
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording, Resource
from signals.recording.values import references_in
from signals.terraform.emit import emit, write
from signals.terraform.engine import Terraform

STACKS = ("prod", "dev", "local")


class Needs:
    """What each resource of a stack needs, found in its inputs and those of the policies, not in its dependencies."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.resolver = Resolver(recording.all)

    def __iter__(self) -> Iterator[tuple[Resource, list[Resource]]]:
        """Each resource that is given events, and its permissions; each function, and its role's policy and tables."""
        for target in self.recording.resources(types.TARGET):
            yield (
                target,
                [
                    *self.queue_policies(target.get("deadLetterConfig.arn")),
                    *self.of_target(target),
                ],
            )
        for function in self.recording.resources(types.FUNCTION):
            yield function, [*self.role_policies(function.inputs["role"]), *self.tables(function)]
        for mapping in self.recording.resources(types.MAPPING):
            function = self.function(mapping.inputs["functionName"])
            yield mapping, self.role_policies(function.inputs["role"])
        for schedule in self.recording.resources(types.SCHEDULE):
            yield schedule, self.role_policies(schedule.get("target.roleArn"))
        for endpoint in self.recording.resources(types.ENDPOINT):
            yield endpoint, self.role_policies(endpoint.inputs["roleArn"])
        for stream in self.recording.resources(types.STREAM):
            yield stream, self.role_policies(stream.get("extendedS3Configuration.roleArn"))
        for route in self.recording.resources(types.ROUTE):
            integration = self.one(route.inputs["target"])
            yield route, self.permissions(integration.inputs["integrationUri"], route.inputs["apiId"])

    def of_target(self, target: Resource) -> list[Resource]:
        to = self.one(target.inputs["arn"])
        if target.get("roleArn"):
            return self.role_policies(target.inputs["roleArn"])
        if to.type == types.QUEUE:
            return self.queue_policies(target.inputs["arn"])
        # An event that the function fails on goes where its configuration says, and nowhere before.
        function = self.function(target.inputs["arn"])
        configured = self.recording.resources(types.ASYNC_CONFIG)
        return [
            *self.permissions(target.inputs["arn"], target.inputs["rule"]),
            *self.some([c for c in configured if self.function(c.inputs["functionName"]) is function], function),
        ]

    def one(self, value: str) -> Resource:
        """The one resource that a text refers to."""
        (reference,) = set(references_in(value))
        return self.recording.resource(reference.type, reference.name)

    def function(self, value: str) -> Resource:
        found = self.one(value)
        return found if found.type == types.FUNCTION else self.function(found.inputs["functionName"])

    def queue_policies(self, queue_arn: str) -> list[Resource]:
        queue = self.one(queue_arn)
        policies = self.recording.resources(types.QUEUE_POLICY)
        return self.some([p for p in policies if self.one(p.inputs["queueUrl"]) is queue], queue)

    def role_policies(self, role_arn: str) -> list[Resource]:
        role = self.one(role_arn)
        policies = self.recording.resources(types.ROLE_POLICY)
        return self.some([p for p in policies if self.one(p.inputs["role"]) is role], role)

    def permissions(self, invoked: str, source: str) -> list[Resource]:
        function, sender = self.function(invoked), self.one(source)
        permissions = self.recording.resources(types.PERMISSION)
        found = [p for p in permissions if self.function(p.inputs["function"]) is function]
        return self.some([p for p in found if self.one(p.inputs["sourceArn"]) is sender], function)

    def tables(self, function: Resource) -> list[Resource]:
        """Tables that a function has in its environment, whether by a reference or by a name."""
        values = (function.get("environment.variables") or {}).items()
        names = [self.resolver.resolve(value) for name, value in values if name.endswith("_TABLE")]
        tables = {table.inputs["name"]: table for table in self.recording.resources(types.TABLE)}
        return [tables[name] for name in names]

    @staticmethod
    def some(found: list[Resource], of: Resource) -> list[Resource]:
        assert found, f"{of.name} has no policy or permission at all"
        return found


def before(recording: Recording) -> Mapping[str, set[str]]:
    """All that each resource waits for, by URN."""
    direct = {r.urn: {*r.dependencies.explicit, *r.dependencies.implied} for r in recording.all}
    return _closure(direct)


def _closure(direct: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}

    def reach(node: str) -> set[str]:
        if node not in found:
            found[node] = set()
            found[node] = set().union(*({n} | reach(n) for n in direct.get(node, ())))
        return found[node]

    for node in direct:
        reach(node)
    return found


def late(recording: Recording) -> list[str]:
    """What a resource needs and does not wait for."""
    waits = before(recording)
    return [
        f"{resource.name} does not wait for {need.name}"
        for resource, needs in Needs(recording)
        for need in needs
        if need.urn not in waits[resource.urn]
    ]


def test_whatever_gets_events_waits_for_all_permissions_it_needs(platform: Recording) -> None:
    found = list(Needs(platform))
    counted = {type: sum(r.type == type for r, _ in found) for type in (types.TARGET, types.FUNCTION)}
    assert counted == {type: len(platform.resources(type)) for type in counted}
    assert all(needs for _, needs in found)
    assert late(platform) == []


def test_a_function_that_processes_state_waits_for_the_replica_in_its_region(prod: Recording) -> None:
    functions = [r for r in prod.resources(types.FUNCTION) if "STATE_TABLE" in r.get("environment.variables")]
    assert {function.region for function in functions} == {"us-west-2", "us-east-1"}
    for function in functions:
        table = Reference.parse(function.get("environment.variables")["STATE_TABLE"])
        assert table is not None
        replicas = prod.resource(table.type, table.name).inputs["replicas"]
        assert function.region in {"us-west-2", *(replica["regionName"] for replica in replicas)}


def test_nothing_waits_in_a_circle(platform: Recording) -> None:
    assert [urn for urn, waits in before(platform).items() if urn in waits] == []


def test_an_api_is_there_when_its_routes_may_invoke(prod: Recording) -> None:
    waits = before(prod)
    for stage in prod.resources(types.STAGE):
        routes = [r for r in prod.resources(types.ROUTE) if r.inputs["apiId"] == stage.inputs["apiId"]]
        assert {route.urn for route in routes} <= waits[stage.urn]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_terraform_orders_them_as_well(tmp_path: Path) -> None:
    recording = record("prod")
    write(recording, tmp_path)
    terraform = Terraform(tmp_path)
    terraform.init()
    edges = re.findall(r'"(\S+)" -> "(\S+)"', terraform.text("graph"))
    direct: dict[str, set[str]] = {}
    for node, needed in edges:
        direct.setdefault(node, set()).add(needed)
    waits = _closure(direct)
    addresses = _addresses(recording)
    assert [
        f"{addresses[r.urn]} does not wait for {addresses[need.urn]}"
        for r, needs in Needs(recording)
        for need in needs
        if addresses[need.urn] not in waits.get(addresses[r.urn], set())
    ] == []


def _addresses(recording: Recording) -> dict[str, str]:
    document = json.loads(emit(recording).text())
    return {
        body["//"]: f"{type_}.{label}"
        for group in document["resource"]
        for type_, bodies in group.items()
        for label, body in bodies.items()
        if "//" in body
    }
