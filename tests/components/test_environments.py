"""Each function starts with the environment and the archive that it is deployed with, which are of its own Region."""

import importlib
import zipfile
from types import SimpleNamespace

from components.parts.references import Reference
from components.resource_types import ENDPOINT, FUNCTION
from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording
from tests.support.reading import referred


def _client(*_: object, **__: object) -> SimpleNamespace:
    return SimpleNamespace(close=lambda: None)


def test_each_function_is_told_all_that_its_cold_start_asks_for(platform: Recording) -> None:
    resolver = Resolver(platform.all)
    functions = platform.resources(FUNCTION)
    assert len(functions) >= 7
    for function in functions:
        # Lambda gives each function its Region itself.
        variables = {**resolver.inputs(function)["environment"]["variables"], "AWS_REGION": str(function.region)}
        folder = function.inputs["handler"].split(".")[1]
        with zipfile.ZipFile(function.inputs["code"].path) as archive:
            environment = Environment(variables, archive.read)
            build = importlib.import_module(f"handlers.{folder}.wiring").build
            assert callable(build(clients=AwsClients(client=_client), environment=environment))


def test_each_function_knows_its_account_and_how_much_to_log(platform: Recording) -> None:
    for function in platform.resources(FUNCTION):
        variables = function.inputs["environment"]["variables"]
        assert (variables["ACCOUNT_ID"], variables["LOG_LEVEL"]) == (function.account, "INFO"), function.name


def test_what_a_function_is_told_of_is_in_its_own_region_but_for_the_endpoint(platform: Recording) -> None:
    told = 0
    for function in platform.resources(FUNCTION):
        for name, value in function.inputs["environment"]["variables"].items():
            if Reference.parse(value):
                named = referred(platform, value)
                told += 1
                replicas = {replica["regionName"] for replica in named.inputs.get("replicas") or ()}
                there = function.region in {named.region, *replicas}
                assert named.type == ENDPOINT if name == "EVENT_ENDPOINT_ID" else there
    assert told >= 5


def test_a_function_is_made_when_its_role_may_do_what_it_must_and_its_log_group_is_there(platform: Recording) -> None:
    for function in platform.resources(FUNCTION):
        role = referred(platform, function.inputs["role"])
        before = {urn.rpartition("::")[2] for urn in function.dependencies.explicit}
        assert f"{role.name}-policy" in before, function.name
        assert any(name.endswith("-logs") for name in before), function.name
