"""`signals drill` on the deployed stack, and the model beside it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from handlers.shared.connections import OLDEST_S
from signals.drill.local import LocalEnvironment
from signals.drill.rehearsal import DrillTiming, rehearse
from signals.model.report import DrillVerdict
from signals.model.run import run
from signals.model.scenarios import SCENARIOS
from signals.observe.health import endpoint
from tests.support.deployed import Deployment, order

QUICK = DrillTiming(rate=6, before_s=3, after_s=2)


@pytest.fixture(scope="module", autouse=True)
def warm(deployment: Deployment) -> None:
    """Functions that run: one that is still starting can miss the endpoint's deadline, and then the spool repeats."""
    for region in deployment.stack.regions:
        signal = order()
        deployment.send(signal, region=region)
        deployment.run("find", signal["id"], "--wait", "30")


def restored(deployment: Deployment) -> bool:
    """There is no fault, and the health check follows its metric."""
    found = endpoint(deployment.stack)
    assert found is not None
    faults = httpx.get(f"{deployment.stack.embedded.platform.aws_url}/_signals/faults").json()
    return not any(faults.values()) and not found.health_check.inverted and not found.health_check.disabled


def test_the_default_drill_loses_nothing_and_leaves_the_stack_as_it_was(deployment: Deployment, tmp_path: Path) -> None:
    picture = tmp_path / "drill.svg"
    found = json.loads(
        deployment.run("drill", "--stack", "local", "--json", "--rate", "6", "--svg", str(picture)).stdout
    )
    verdict = found["verdict"]
    assert verdict["lost"] == 0
    assert verdict["acknowledged"] == verdict["delivered"] == verdict["archived"]["us-east-1"] > 100
    assert 0 < verdict["seconds_to_detect"] < 20
    assert 0 < verdict["seconds_to_route"] < 20
    assert "replay" in " ".join(moment["text"] for moment in found["moments"]), "replication had given up on some"
    ElementTree.fromstring(picture.read_text())
    assert restored(deployment)


@pytest.mark.long
def test_without_the_replay_the_drill_and_the_model_both_lose_and_with_it_neither_does(deployment: Deployment) -> None:
    scenario = SCENARIOS["primary-eventbridge-down"]
    real = rehearse(LocalEnvironment(deployment.stack), scenario, timing=QUICK, replay=False).verdict
    modelled = run("local", "30h", 4e4, replay=False).verdict
    assert real.lost > 0
    assert modelled.lost > 0
    assert run("local", "30h", 4e4).verdict.lost == 0, "the real one is in the test before this"
    assert restored(deployment)


@pytest.mark.long
@pytest.mark.parametrize("name", ["primary-api-down", "replication-cut", "slow-lake"])
def test_the_drill_and_the_model_agree_that_nothing_is_lost(deployment: Deployment, name: str) -> None:
    real = rehearse(LocalEnvironment(deployment.stack), SCENARIOS[name], timing=QUICK).verdict
    agree = run("local", "5m", 4e4, scenario=name).verdict
    assert same(real, agree)
    assert real.lost == agree.lost == 0
    assert restored(deployment)


@pytest.mark.long
def test_signals_follow_a_failover_although_nothing_fails_and_functions_keep_their_connections(
    deployment: Deployment,
) -> None:
    report = rehearse(LocalEnvironment(deployment.stack), SCENARIOS["failover"], timing=QUICK)
    assert report.verdict.lost == 0
    assert report.verdict.seconds_to_route is not None
    assert 1 < report.verdict.seconds_to_route <= OLDEST_S + 15
    assert restored(deployment)


def same(one: DrillVerdict, other: DrillVerdict) -> bool:
    """Whether both lose, or neither; and both repeat, or neither."""
    return (one.lost > 0, one.duplicates > 0) == (other.lost > 0, other.duplicates > 0)
