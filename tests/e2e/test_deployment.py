"""The stack as the engine left it, and as `down` leaves the machine."""

import json
import os
import socket
from pathlib import Path

import httpx
import pytest

from signals.errors import TerraformError
from signals.local import process
from signals.local.identity import Identity
from signals.recover import failover
from signals.terraform.engine import Terraform
from tests.support.deployed import Deployment, order, wait_for
from tests.support.terraform import planned


def test_a_second_plan_shows_no_changes(deployment: Deployment) -> None:
    assert planned(Terraform(deployment.home / "terraform")) == []


def test_status_shows_both_regions_and_where_the_endpoint_points(deployment: Deployment) -> None:
    found = deployment.status()
    assert found["url"] == f"http://127.0.0.1:{deployment.port}"
    assert found["write_key"] == "local-write-key"
    assert found["endpoint"]["active_region"] == "us-west-2"
    assert found["endpoint"]["replication"] == "ENABLED"
    primary, secondary = found["regions"]["us-west-2"], found["regions"]["us-east-1"]
    assert (primary["role"], secondary["role"]) == ("primary", "secondary")
    assert primary["api_healthy"]
    assert secondary["api_healthy"]
    assert secondary["archive"]["state"] == "ENABLED"
    assert {"signals-local-spool", "signals-local-quarantine"} <= {queue["name"] for queue in primary["queues"]}
    assert "signals-local-profile" in {function["name"] for function in secondary["functions"]}
    ingest = next(function for function in primary["functions"] if function["name"] == "signals-local-ingest")
    assert ingest["invocations"] > 0, "the front door asks it for its health"
    assert ingest["errors"] == 0


def test_the_printed_key_opens_the_front_door_and_no_other_does(deployment: Deployment) -> None:
    found = deployment.status()
    url, signal = f"{found['url']}/v1/signals", order()
    assert httpx.post(url, json=signal, auth=(found["write_key"], ""), timeout=30).status_code == 202
    assert httpx.post(url, json=signal, auth=("another-key", ""), timeout=30).status_code == 401


def test_up_again_changes_nothing_keeps_what_is_there_and_does_not_undo_a_failover(deployment: Deployment) -> None:
    signal = order()
    deployment.send(signal)
    wait_for("the signal is not in the lake", lambda: _in_lake(deployment, signal["id"]))
    before = process.running(deployment.home)
    failover.start(deployment.stack)
    try:
        assert planned(Terraform(deployment.home / "terraform")) == [], "a failover is no drift"
        assert "is up" in deployment.up().stdout
        assert process.running(deployment.home) == before
        assert failover.status(deployment.stack).region == deployment.stack.secondary
    finally:
        failover.stop(deployment.stack)
    assert _in_lake(deployment, signal["id"])


def test_an_engine_is_answered_by_its_own_platform_alone(deployment: Deployment) -> None:
    other = {"TF_APPEND_USER_AGENT": Identity("f00", "local").user_agent}
    with pytest.raises(TerraformError, match="another platform took over this port"):
        Terraform(deployment.home / "terraform", environment=other).run("plan")


def _in_lake(deployment: Deployment, signal_id: str) -> bool:
    found = json.loads(deployment.run("find", signal_id, "--wait", "10", "--json").stdout)
    return any(place["kind"] == "lake" for place in found["places"])


def test_down_leaves_no_process_no_port_and_no_state(deployment: Deployment) -> None:
    deployment.send(order(), region="us-east-1")
    running = process.running(deployment.home)
    assert running is not None
    assert _processes_of(deployment.home), "the look for processes must see those that run"
    assert "embedded AWS" in deployment.run("down").stdout
    assert _processes_of(deployment.home) == []
    for port in (deployment.aws_port, deployment.port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, f"something still listens on {port}"
    assert list((deployment.home / "terraform").glob("terraform.tfstate*")) == []
    assert "nothing was running" in deployment.run("down").stdout
    deployment.run("status", code=1)


def _processes_of(home: Path) -> list[str]:
    """Command lines of the processes that were started for `home`: the server, and the functions' workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) == os.getpid() or str(home).encode() not in (folder / "environ").read_bytes():
                continue
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (OSError, ValueError):
            continue
    return found
